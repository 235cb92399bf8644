"""Calibrations: what a raw score of one AI version means on one device. Without one, a score is not a read.

A calibration belongs to (AI version x manufacturer x device model x software x site). It turns raw breast scores into
probabilities at a stated prevalence, and the raw exam score into 1-10 by deciles of a stated reference population.
"""

from __future__ import annotations

import hashlib
import math
import tomllib
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from screening.domain.ai_read import AiIdentity
from screening.domain.errors import InvalidInput
from screening.domain.study import Device

SHIPPED = Path(__file__).parent / "calibrations"
ANY_SITE = "*"


@dataclass(frozen=True)
class Stratum:
    """Device and site a calibration holds for; `site` may be `*`."""

    manufacturer: str
    model: str
    software: str
    site: str = ANY_SITE

    @classmethod
    def of(cls, device: Device, site: str) -> Stratum:
        """The stratum of an exam."""
        return cls(device.manufacturer, device.model, device.software, site)

    def covers(self, other: Stratum) -> bool:
        """Whether this calibration stratum holds for the stratum of an exam."""
        same = (self.manufacturer, self.model, self.software) == (other.manufacturer, other.model, other.software)
        return same and self.site in (ANY_SITE, other.site)

    def __str__(self) -> str:
        return "|".join((self.manufacturer, self.model, self.software, self.site))


@dataclass(frozen=True)
class Calibration:
    """Numbers of one calibration, with where they come from.

    `slope` and `intercept` act on the logit of the raw breast score (Platt). `exam_deciles` are the nine inner deciles
    of the raw exam score in `population`. `flag_from` is the exam score from which AI flags.
    """

    id: str
    product: str
    weights_sha256: str
    preprocessing_sha256: str
    stratum: Stratum
    slope: float
    intercept: float
    prevalence: float
    exam_deciles: tuple[float, ...]
    flag_from: int
    population: str

    def probability(self, raw: float) -> float:
        """Probability of cancer of a breast at the stated prevalence, from its raw score 0..1."""
        return 1.0 / (1.0 + math.exp(-(self.slope * logit(raw) + self.intercept)))

    def exam_score(self, raw: float) -> int:
        """Exam score 1-10: one more than the number of reference deciles the raw score reaches."""
        return 1 + bisect_right(self.exam_deciles, raw)

    def matches(self, identity: AiIdentity) -> bool:
        """Whether it was made for exactly this model, weights and preprocessing."""
        return (self.product, self.weights_sha256, self.preprocessing_sha256) == (
            identity.product,
            identity.weights_sha256,
            identity.preprocessing_sha256,
        )


class Calibrations:
    """The calibrations in force; a stratum that none covers is uncalibrated."""

    def __init__(self, calibrations: Iterable[Calibration]) -> None:
        """Keep them; a calibration for one site goes before one for any site."""
        self._all = sorted(calibrations, key=lambda c: c.stratum.site == ANY_SITE)

    def find(self, identity: AiIdentity, stratum: Stratum) -> Calibration | None:
        """The calibration for this AI on this stratum, or None."""
        return next((c for c in self._all if c.matches(identity) and c.stratum.covers(stratum)), None)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over every number in force: another calibration, or a changed one, gives another."""
        return hashlib.sha256("\n".join(sorted(map(repr, self._all))).encode()).hexdigest()

    @classmethod
    def from_folders(cls, *folders: Path) -> Calibrations:
        """Every `*.toml` in these folders. Raises InvalidInput for a folder that is none, or a file of another kind."""
        absent = [folder.name for folder in folders if not folder.is_dir()]
        if absent:
            raise InvalidInput(f"no folder of calibrations is called {', '.join(absent)}")
        return cls(parse(path) for folder in folders for path in sorted(folder.glob("*.toml")))


def logit(raw: float) -> float:
    """Log-odds of a raw score, kept finite at 0 and 1."""
    clipped = min(max(raw, 1e-6), 1 - 1e-6)
    return math.log(clipped / (1 - clipped))


def parse(path: Path) -> Calibration:
    """Read one calibration file. Raises InvalidInput."""
    try:
        return _from_document(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"{path.name} is no calibration: {error}") from error


def _from_document(document: dict[str, Any]) -> Calibration:
    deciles = tuple(float(value) for value in document["exam_deciles"])
    if len(deciles) != 9 or list(deciles) != sorted(deciles):
        raise ValueError("exam_deciles are nine ascending numbers")
    return Calibration(
        id=document["id"],
        product=document["product"],
        weights_sha256=document["weights_sha256"],
        preprocessing_sha256=document["preprocessing_sha256"],
        stratum=Stratum(**document["stratum"]),
        slope=float(document["slope"]),
        intercept=float(document["intercept"]),
        prevalence=float(document["prevalence"]),
        exam_deciles=deciles,
        flag_from=int(document["flag_from"]),
        population=document["population"],
    )
