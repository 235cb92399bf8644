"""KPI definitions as data: read from TOML, checked once, never hidden in code (ADR 8).

This module knows how a definition is written, not how it is computed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from audits.frames import SCHEMA
from audits.predicates import conjunction, measure
from screening.domain.errors import InvalidInput


class Kind(StrEnum):
    """How a KPI is computed."""

    PROPORTION = "proportion"
    MEAN = "mean"
    QUANTILE = "quantile"


class Unit(StrEnum):
    """In what a value is told."""

    PERCENT = "percent"
    PER_1000 = "per_1000"
    DAYS = "days"
    NUMBER = "number"

    @property
    def factor(self) -> float:
        """What a share or number is multiplied by."""
        return {Unit.PERCENT: 100.0, Unit.PER_1000: 1000.0}.get(self, 1.0)

    @property
    def label(self) -> str:
        """The unit as printed behind a value."""
        return {Unit.PERCENT: "%", Unit.PER_1000: "/1000", Unit.DAYS: "d", Unit.NUMBER: ""}[self]


@dataclass(frozen=True)
class Level:
    """A reference level in the unit of its KPI: a published value, or bounds of what is acceptable."""

    name: str
    source: str
    value: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def text(self) -> str:
        """The level for people, e.g. `6.6 (NL monitor 2018)`."""
        if self.value is not None:
            figure = f"{self.value:g}"
        elif self.low is None:
            figure = f"≤ {self.high:g}"
        elif self.high is None:
            figure = f"≥ {self.low:g}"
        else:
            figure = f"{self.low:g}-{self.high:g}"
        return f"{figure} ({self.name})"


@dataclass(frozen=True)
class Kpi:
    """One KPI: which rows it is about, which of them count, and where the formula comes from."""

    id: str
    en: str
    nl: str
    group: str
    kind: Kind
    unit: Unit
    source: str
    denominator: tuple[str, ...]
    numerator: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    measure: str | None = None
    quantile: float | None = None
    breakdown: str | None = None
    level: Level | None = None


@cache
def shipped_kpis() -> tuple[Kpi, ...]:
    """The definitions that ship with the service, in report order."""
    return parse(files("audits").joinpath("definitions.toml").read_text(encoding="utf-8"))


def parse(text: str) -> tuple[Kpi, ...]:
    """Definitions in a TOML document. Raises InvalidInput when one breaks the schema or names something unknown."""
    try:
        kpis = tuple(_kpi(document) for document in tomllib.loads(text)["kpi"])
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"KPI definitions: {error!r}") from error
    if len({kpi.id for kpi in kpis}) < len(kpis):
        raise InvalidInput("KPI definitions: each id is defined once")
    for kpi in kpis:
        _check(kpi)
    return kpis


def _kpi(document: Mapping[str, Any]) -> Kpi:
    level = document.get("level")
    quantile = document.get("quantile")
    return Kpi(
        id=str(document["id"]),
        en=str(document["en"]),
        nl=str(document["nl"]),
        group=str(document["group"]),
        kind=Kind(document["kind"]),
        unit=Unit(document["unit"]),
        source=str(document["source"]),
        denominator=tuple(document["denominator"]),
        numerator=tuple(document.get("numerator", ())),
        exclude=tuple(document.get("exclude", ())),
        measure=document.get("measure"),
        quantile=None if quantile is None else float(quantile),
        breakdown=document.get("breakdown"),
        level=None if level is None else Level(**level),
    )


def _check(kpi: Kpi) -> None:
    """Hold a definition to the predicates, measures and columns that exist."""
    conjunction((*kpi.denominator, *kpi.numerator, *kpi.exclude))
    if (kpi.kind is Kind.PROPORTION) != bool(kpi.numerator):
        raise InvalidInput(f"{kpi.id}: a proportion, and nothing else, has a numerator")
    if kpi.kind is not Kind.PROPORTION:
        measure(kpi.measure or "")
    if (kpi.kind is Kind.QUANTILE) != (kpi.quantile is not None) or not 0 <= (kpi.quantile or 0) <= 1:
        raise InvalidInput(f"{kpi.id}: a quantile between 0 and 1 belongs to kind quantile")
    if kpi.breakdown is not None and kpi.breakdown not in SCHEMA:
        raise InvalidInput(f"{kpi.id}: no column {kpi.breakdown!r} to break down by")
    level = kpi.level
    if level is not None and level.value is None and level.low is None and level.high is None:
        raise InvalidInput(f"{kpi.id}: a level has a value or a bound")
