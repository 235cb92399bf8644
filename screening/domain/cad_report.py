"""What a Mammography CAD report of some product says (PS3.16 TID 4000), as plain values.

Neither believed nor judged here: a reader turns it into an AI read, and only a calibration makes that one count.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from screening.domain.ai_read import BreastDensity
from screening.domain.geometry import Box
from screening.domain.identifiers import SeriesInstanceUid, SopInstanceUid
from screening.domain.opinion import FindingType


class RenderingIntent(StrEnum):
    """Whether a finding is meant to be shown (CID 6034)."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    NEVER = "never"


class CadCompletion(StrEnum):
    """What became of the algorithms (CID 6042)."""

    SUCCEEDED = "succeeded"
    PARTIALLY_SUCCEEDED = "partially_succeeded"
    FAILED = "failed"
    NOT_ATTEMPTED = "not_attempted"


@dataclass(frozen=True)
class CadFinding:
    """One Single Image Finding (TID 4006).

    `outline` is the box around its Outline and `center` its Center (x, y), both in stored pixels; either may be None.
    `frame` is 1-based. `type` is None for a finding that has no counterpart in our lexicon. `certainty` and
    `probability` are fractions 0..1 as the product states them, None where it states none.
    """

    image: SopInstanceUid
    frame: int | None
    outline: Box | None
    center: tuple[float, float] | None
    type: FindingType | None
    certainty: float | None
    probability: float | None
    intent: RenderingIntent


@dataclass(frozen=True)
class ImageSet:
    """Images named one by one or by whole series."""

    images: frozenset[SopInstanceUid] = frozenset()
    series: frozenset[SeriesInstanceUid] = frozenset()

    def holds(self, image: SopInstanceUid, series: SeriesInstanceUid) -> bool:
        """Whether the image is named, itself or by its series."""
        return image in self.images or series in self.series


@dataclass(frozen=True)
class CadReport:
    """One report: who made it, on which images it succeeded and failed, and what it found.

    `algorithm` and `version` name all algorithms, joined by `+`. `made_at` is Content Date and Time as stored, for
    ordering. `density` is None when none or several are stated.

    The Certainty of Impression is left out on purpose: it says how sure the product is of its impression, a normal one
    included, so it is no score of an exam.
    """

    sop_instance_uid: SopInstanceUid
    manufacturer: str
    model: str
    software: str
    algorithm: str
    version: str
    made_at: str
    completion: CadCompletion
    succeeded: ImageSet
    failed: ImageSet
    findings: tuple[CadFinding, ...]
    density: BreastDensity | None = None

    @property
    def product(self) -> str:
        """Manufacturer and algorithm in one word, the name a calibration would carry."""
        return "/".join(part for part in (self.manufacturer, self.algorithm or self.model) if part)
