"""The AI read: a score with regions, or a refusal with a code; never an imputed normal.

Regions are in stored pixel coordinates. An AI read whose status is not `ok` is no opinion: two humans read.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from screening.domain.identifiers import SopInstanceUid, StudyInstanceUid
from screening.domain.opinion import FindingType, ImageLocation
from screening.domain.quality import Exclusion, ReasonCode
from screening.domain.study import Laterality, Slot


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
    type: FindingType


@dataclass(frozen=True)
class BreastScore:
    """Views of one breast fused; raw score 0..1, calibrated probability of cancer or None."""

    laterality: Laterality
    raw_score: float
    probability: float | None
    density: BreastDensity | None = None


@dataclass(frozen=True)
class AiIdentity:
    """The signature of an AI reader: product, version and everything that can change a score."""

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


@dataclass(frozen=True)
class Timing:
    """Seconds of wall time per stage."""

    decode_s: float
    preprocess_s: float
    network_s: float
    total_s: float


@dataclass(frozen=True)
class AiRead:
    """One run of the AI reader on one exam.

    `exam_score` is 1-10: the decile of `raw_score` within the stated reference population of the calibration.
    With status `uncalibrated` raw scores and regions are there to look at, and exam score and probabilities are None.
    `input_digests` are the SHA-256 of the scored files.
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

    def __post_init__(self) -> None:
        if self.status is AiStatus.OK and (self.exam_score is None or self.calibration_id is None):
            raise ValueError("an ok AI read has an exam score and a calibration")
        if self.status is not AiStatus.OK and (self.flagged or self.exam_score is not None):
            raise ValueError("an AI read that is not ok has neither flag nor exam score")
        if self.exam_score is not None and not 1 <= self.exam_score <= 10:
            raise ValueError("an exam score lies between 1 and 10")

    @property
    def usable(self) -> bool:
        """Whether this read may count under a policy."""
        return self.status is AiStatus.OK
