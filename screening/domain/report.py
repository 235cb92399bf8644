"""The structured report: neutral content of what leaves the house, from which every wire form is made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from screening.domain.ai_read import AiIdentity, AiStatus, BreastDensity
from screening.domain.identifiers import (
    CaseId,
    EpisodeId,
    Participant,
    SeriesInstanceUid,
    SopInstanceUid,
    StudyInstanceUid,
)
from screening.domain.opinion import BiRads, BreastOpinion, worst
from screening.domain.outcome import Outcome
from screening.domain.study import Laterality


class ReportStatus(StrEnum):
    """State of a report towards its receivers."""

    FINAL = "final"
    AMENDED = "amended"
    ENTERED_IN_ERROR = "entered_in_error"


class Language(StrEnum):
    """Languages a narrative is written in."""

    ENGLISH = "en"
    DUTCH = "nl"


@dataclass(frozen=True)
class AiStatement:
    """What the report says about AI: identity, calibration and whether its read counted; never a bare score.

    `status` is None when AI took no part in the case.
    """

    identity: AiIdentity | None
    status: AiStatus | None
    calibration_id: str | None
    exam_score: int | None
    flagged: bool


@dataclass(frozen=True)
class ImageReference:
    """One image the report speaks about; `study_instance_uid` is the one it was received under."""

    sop_instance_uid: SopInstanceUid
    series_instance_uid: SeriesInstanceUid
    study_instance_uid: StudyInstanceUid
    sop_class_uid: str


@dataclass(frozen=True)
class ReaderRole:
    """A reader named by role, not by person: `first`, `second`, `extra`, `arbiter`."""

    role: str
    at: datetime


@dataclass(frozen=True)
class StructuredReport:
    """The screening report of one released case.

    `breasts` holds a category for each side that has one; a normal outcome without explicit categories is reported as
    category 1 for both. `supersedes` is the version before a correction.
    """

    report_id: str
    version: int
    status: ReportStatus
    case: CaseId
    episode: EpisodeId
    participant: Participant
    study_instance_uid: StudyInstanceUid
    accession_number: str
    study_date: date | None
    modality_is_dbt: bool
    images: tuple[ImageReference, ...]
    outcome: Outcome
    breasts: tuple[BreastOpinion, ...]
    density: BreastDensity | None
    readers: tuple[ReaderRole, ...]
    policy: str
    ai: AiStatement
    issued: datetime
    organisation: str
    no_sharing: bool = False
    supersedes: int | None = None

    @property
    def worst_category(self) -> BiRads | None:
        """Category of most concern over both breasts."""
        return worst(tuple(breast.category for breast in self.breasts)) if self.breasts else None

    def breast(self, side: Laterality) -> BreastOpinion | None:
        """The opinion on one side."""
        return next((breast for breast in self.breasts if breast.laterality is side), None)
