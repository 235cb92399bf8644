"""Prespecified limits as data: one TOML file per set, read strictly, never changed under the same id."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from readers.ai.calibration_toml import Table, load
from screening.domain.errors import CalibrationInvalid

FOLDER: Final = Path(__file__).parent
FORMAT: Final = "secondread-limits/1"
FIGURES: Final[Mapping[str, str]] = {
    "refusal_rate": "share of exams the reader refused",
    "score_ks": "distance to the reference scores (Kolmogorov-Smirnov)",
    "score_psi": "distance to the reference scores (population stability index)",
    "auc_low": "area under the ROC curve, lower 95 % limit",
    "sensitivity_low": "sensitivity at the operating point, lower exact 95 % limit",
    "specificity_low": "specificity at the operating point, lower exact 95 % limit",
    "positive_rate": "share flagged at the stated prevalence",
    "log_loss_gain": "log loss taken away by the calibration, left-out exams",
}
"""Every figure that can be limited, in the order of the verdict, with what it is called for people."""


@dataclass(frozen=True)
class Band:
    """The smallest and largest value that passes; None leaves a side open."""

    least: float | None
    most: float | None

    def holds(self, value: float) -> bool:
        """Whether a value passes; nan never does."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def __str__(self) -> str:
        least = "" if self.least is None else f"at least {self.least:g}"
        most = "" if self.most is None else f"at most {self.most:g}"
        return ", ".join(filter(None, (least, most)))


@dataclass(frozen=True)
class Limits:
    """A set of limits: least numbers of evidence, the flag and prevalence they are judged at, a band per figure.

    `sha256` is of the file, so that a record can say which limits were meant.
    """

    id: str
    title: str
    exams: int
    cancers: int
    exam_prevalence: float
    flag_from: int
    bands: Mapping[str, Band]
    sha256: str


def shipped(name: str) -> Limits:
    """The shipped limits of this name. Raises CalibrationInvalid."""
    return read(FOLDER / f"{name}.toml")


def read(path: Path) -> Limits:
    """Read a set of limits. Raises CalibrationInvalid for anything that is not exactly one."""
    document = load(path, "set of limits")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    try:
        return _limits(Table(document), digest)
    except ValueError as error:
        raise CalibrationInvalid(f"{path.name} is no set of limits: {error}") from error


def _limits(table: Table, digest: str) -> Limits:
    if table.text("format") != FORMAT:
        raise ValueError(f"its format is not {FORMAT}")
    evidence = table.table("evidence")
    made = Limits(
        id=table.text("id"),
        title=table.text("title"),
        exams=evidence.whole("exams", 1, 10**9),
        cancers=evidence.whole("cancers", 1, 10**9),
        exam_prevalence=table.number("exam_prevalence", 1e-6, 0.5),
        flag_from=table.whole("flag_from", 1, 10),
        bands={name: _band(table.table(name)) for name in FIGURES if table.has(name)},
        sha256=digest,
    )
    evidence.end()
    table.end()
    if "auc_low" not in made.bands:
        raise ValueError("auc_low is missing: nothing passes without a limit on what it can tell apart")
    return made


def _band(table: Table) -> Band:
    least = table.number("least", -1, 1) if table.has("least") else None
    most = table.number("most", -1, 100) if table.has("most") else None
    table.end()
    if least is None and most is None:
        raise ValueError("a limit has a least or a most")
    return Band(least, most)
