"""What commissioning knows of each exam: its raw scores, its truth, why it was refused. No names, no ids."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from readers.ai.calibration import Stratum


def _none() -> NDArray[np.float64]:
    return np.zeros((0, 0), np.float64)


@dataclass(frozen=True)
class BreastEvidence:
    """Raw score 0..1 of one breast and whether it had a cancer; None where the truth names no side."""

    laterality: str
    raw: float
    cancer: bool | None


@dataclass(frozen=True, eq=False)
class ExamEvidence:
    """One exam: `raw` is the score of the exam, None when nothing could be scored.

    `refusals` are the reason codes of a refusal other than a missing calibration, empty for an exam that was read.
    `unlike` says that the model's own limit called a view unlike its training images. `descriptors` float64 (views, F)
    are for a local out-of-distribution reference.
    """

    stratum: Stratum
    on: date | None
    raw: float | None
    cancer: bool
    breasts: tuple[BreastEvidence, ...] = ()
    refusals: tuple[str, ...] = ()
    unlike: bool = False
    descriptors: NDArray[np.float64] = field(default_factory=_none)

    @property
    def score(self) -> float | None:
        """The exam's raw score where it counts: of an exam that was not refused."""
        return None if self.refusals else self.raw
