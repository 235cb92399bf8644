"""The AI read: a score with regions, or a refusal with a code; never an imputed normal.

Regions are in stored pixel coordinates. An AI read whose status is not `ok` is no opinion: two humans read.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from screening.domain.identifiers import SopInstanceUid, StudyInstanceUid
from screening.domain.opinion import FindingType, ImageLocation
from screening.domain.quality import QUALITY_NOTHING, QUALITY_UNMEASURED, Exclusion, QualityNote, ReasonCode
from screening.domain.study import Laterality, Slot

NOT_STATED: Final = "not stated"
"""What an identity says where the maker of a product states nothing."""


class AiStatus(StrEnum):
    """What became of the AI read; only `ok` may count as one."""

    OK = "ok"
    UNSUPPORTED = "unsupported"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    OBJECTED = "objected"
    UNLICENSED = "unlicensed"
    UNCALIBRATED = "uncalibrated"


class BreastDensity(StrEnum):
    """BI-RADS breast composition."""

    A = "a"
    B = "b"
    C = "c"
    D = "d"


@dataclass(frozen=True)
class SlotFill:
    """Which image filled a slot, or None."""

    slot: Slot
    sop_instance_uid: SopInstanceUid | None


@dataclass(frozen=True)
class Region:
    """A suspicious region on one image: outline box in stored pixels, raw and calibrated score 0..1."""

    location: ImageLocation
    laterality: Laterality
    slot: Slot
    raw_score: float
    probability: float | None
    type: FindingType | None


@dataclass(frozen=True)
class BreastScore:
    """Views of one breast fused; raw score 0..1, calibrated probability of cancer or None.

    `agreement` (0..1) says how much its two views tell the same, `change` the logit of its score minus that of the
    prior exam; None where there is nothing to compare.
    """

    laterality: Laterality
    raw_score: float
    probability: float | None
    density: BreastDensity | None = None
    agreement: float | None = None
    change: float | None = None


@dataclass(frozen=True)
class RegionEvidence:
    """Why one region was marked, for a person who wants to judge the mark.

    `location` is that of the region. `global_score` (0..1) is what the whole view at low resolution said,
    `local_score` what the full-resolution crop said, None where none was taken. `attention` (0..1) is the region's
    share of the evidence of its view. `agrees` are the other views of the same breast with a mark as far from the
    nipple. `change` is `global_score` minus the same of that place in the prior image, None without one.
    """

    location: ImageLocation
    global_score: float
    local_score: float | None
    attention: float
    agrees: tuple[Slot, ...] = ()
    change: float | None = None


@dataclass(frozen=True)
class AiIdentity:
    """The signature of an AI reader: product, version and everything that can change a score.

    Another product says `NOT_STATED` where it does not tell.
    """

    model: str
    version: str
    weights_sha256: str
    preprocessing: str
    preprocessing_sha256: str
    engine: str
    precision: str
    runtime: str
    label: str

    @property
    def product(self) -> str:
        """Model and version in one word, the AI part of a stratum."""
        return f"{self.model}@{self.version}"

    @property
    def versioned(self) -> bool:
        """Whether it says which product and version it is, the least that a calibration can be made for."""
        return not {self.model, self.version} & {"", NOT_STATED}

    @property
    def hashed(self) -> bool:
        """Whether SHA-256 tell weights and preprocessing exactly; else product and version are all that is known."""
        return NOT_STATED not in (self.weights_sha256, self.preprocessing_sha256)


@dataclass(frozen=True)
class Timing:
    """Seconds of wall time per stage; decoding runs beside the network, so the stages may add up to more than all."""

    decode_s: float
    preprocess_s: float
    network_s: float
    total_s: float


@dataclass(frozen=True)
class AiRead:
    """One run of the AI reader on one exam.

    `exam_score` is 1-10: the decile of `raw_score` within the stated reference population of the calibration.
    With status `uncalibrated` raw scores and regions are there to look at, and exam score and probabilities are None.
    `input_digests` are the SHA-256 of the scored files, `prior_digests` those of the prior images compared with.
    `quality` are remarks for radiographers and never block a read: None when nobody measured (other products do not),
    empty when nothing was found; `explanation` has one item per region, same order.
    """

    study_instance_uid: StudyInstanceUid
    status: AiStatus
    reasons: tuple[ReasonCode, ...]
    identity: AiIdentity | None
    stratum: str
    calibration_id: str | None
    exam_score: int | None
    raw_score: float | None
    probability: float | None
    flagged: bool
    breasts: tuple[BreastScore, ...]
    regions: tuple[Region, ...]
    density: BreastDensity | None
    slots: tuple[SlotFill, ...]
    excluded: tuple[Exclusion, ...]
    warnings: tuple[Exclusion, ...]
    prior_used: bool
    input_digests: tuple[str, ...]
    timing: Timing | None = None
    quality: tuple[QualityNote, ...] | None = None
    explanation: tuple[RegionEvidence, ...] = ()
    prior_digests: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.status is AiStatus.OK and (self.exam_score is None or self.calibration_id is None):
            raise ValueError("an ok AI read has an exam score and a calibration")
        if self.status is not AiStatus.OK and (self.flagged or self.exam_score is not None):
            raise ValueError("an AI read that is not ok has neither flag nor exam score")
        if self.exam_score is not None and not 1 <= self.exam_score <= 10:
            raise ValueError("an exam score lies between 1 and 10")

    @property
    def quality_notes(self) -> tuple[QualityNote, ...]:
        """The remarks there are."""
        return self.quality or ()

    @property
    def quality_words(self) -> str:
        """Whether image quality was measured, where there is no remark to show; empty when no image was read."""
        if self.quality or not any(fill.sop_instance_uid for fill in self.slots):
            return ""
        return QUALITY_UNMEASURED if self.quality is None else QUALITY_NOTHING

    @property
    def usable(self) -> bool:
        """Whether this read may count under a policy."""
        return self.status is AiStatus.OK

    @property
    def deciding(self) -> Laterality | None:
        """The breast with the highest raw score, which decides the exam; None when no breast was scored."""
        best = max(self.breasts, key=lambda breast: breast.raw_score, default=None)
        return best.laterality if best else None
