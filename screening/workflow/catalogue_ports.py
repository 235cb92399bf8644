"""What DICOMweb needs to find stored instances: how each is filed, queries by attribute, and where its bytes are.

Part of `ports`, which is where others import these names from. Values of a query may name a woman: they are never
logged and never part of an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from screening.domain.identifiers import FileDigest, SeriesInstanceUid, SopInstanceUid, StudyInstanceUid
from screening.domain.study import StudyHeader


@dataclass(frozen=True)
class Filing:
    """What an instance states of itself that only a catalogue needs; verbatim, "" or None where it states nothing."""

    transfer_syntax_uid: str = ""
    modality: str = ""
    series_number: int | None = None
    instance_number: int | None = None
    bits_allocated: int | None = None
    rows: int | None = None
    columns: int | None = None
    frames: int | None = None
    performed_on: date | None = None
    performed_time: str = ""
    scheduled_step_id: str = ""
    requested_procedure_id: str = ""


class Key(StrEnum):
    """Attributes that a query may match, by keyword (PS3.18 Table 10.6.1-5), and the issuer of the patient id."""

    STUDY_DATE = "StudyDate"
    STUDY_TIME = "StudyTime"
    ACCESSION_NUMBER = "AccessionNumber"
    MODALITIES_IN_STUDY = "ModalitiesInStudy"
    REFERRING_PHYSICIAN = "ReferringPhysicianName"
    PATIENT_NAME = "PatientName"
    PATIENT_ID = "PatientID"
    ISSUER = "IssuerOfPatientID"
    STUDY_UID = "StudyInstanceUID"
    STUDY_ID = "StudyID"
    MODALITY = "Modality"
    SERIES_UID = "SeriesInstanceUID"
    SERIES_NUMBER = "SeriesNumber"
    PERFORMED_DATE = "PerformedProcedureStepStartDate"
    PERFORMED_TIME = "PerformedProcedureStepStartTime"
    SCHEDULED_STEP = "RequestAttributesSequence.ScheduledProcedureStepID"
    REQUESTED_PROCEDURE = "RequestAttributesSequence.RequestedProcedureID"
    SOP_CLASS = "SOPClassUID"
    SOP_UID = "SOPInstanceUID"
    INSTANCE_NUMBER = "InstanceNumber"


@dataclass(frozen=True)
class OneOf:
    """Single value matching, or a list of UIDs (PS3.4 C.2.2.2.1, C.2.2.2.2)."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class Wildcard:
    """`*` stands for any characters, `?` for one; all others for themselves (PS3.4 C.2.2.2.4)."""

    pattern: str


@dataclass(frozen=True)
class Days:
    """A range of dates, both ends included, None for an open end (PS3.4 C.2.2.2.5)."""

    first: date | None
    last: date | None


@dataclass(frozen=True)
class Times:
    """A range of times of day to the second as HHMMSS, both ends included, "" for an open end (PS3.4 C.2.2.2.5)."""

    first: str
    last: str


Condition = OneOf | Wildcard | Days | Times


@dataclass(frozen=True)
class Match:
    """One attribute and what it must be."""

    key: Key
    condition: Condition


@dataclass(frozen=True)
class CatalogueQuery:
    """All of these matches at once, in order of arrival, from `offset`, at most `limit`."""

    matches: tuple[Match, ...] = ()
    limit: int = 100
    offset: int = 0


@dataclass(frozen=True)
class CataloguedStudy:
    """A study: its header, what it holds, and the bytes of its first instance."""

    header: StudyHeader
    modalities: tuple[str, ...]
    series: int
    instances: int
    first: FileDigest


@dataclass(frozen=True)
class CataloguedInstance:
    """An instance with the header of its study."""

    header: StudyHeader
    series_instance_uid: SeriesInstanceUid
    sop_class_uid: str
    sop_instance_uid: SopInstanceUid
    digest: FileDigest
    filing: Filing


@dataclass(frozen=True)
class CataloguedSeries:
    """A series: its first instance, which describes it, and how many there are."""

    first: CataloguedInstance
    instances: int


@dataclass(frozen=True)
class Located:
    """Where the bytes of a stored instance are."""

    study_instance_uid: StudyInstanceUid
    series_instance_uid: SeriesInstanceUid
    sop_class_uid: str
    sop_instance_uid: SopInstanceUid
    transfer_syntax_uid: str
    digest: FileDigest


class Catalogue(Protocol):
    """Stored instances by attribute; what is in quarantine or could not be read is not in it."""

    def studies(self, query: CatalogueQuery) -> Sequence[CataloguedStudy]:
        """Studies that match."""
        ...

    def series(self, query: CatalogueQuery) -> Sequence[CataloguedSeries]:
        """Series that match, judged by their first instance."""
        ...

    def instances(self, query: CatalogueQuery) -> Sequence[CataloguedInstance]:
        """Instances that match."""
        ...

    def located(
        self, study: str, series: str | None = None, instance: str | None = None, *, most: int = 100_000
    ) -> Sequence[Located]:
        """The instances of a study, series or instance, in order of arrival; empty when there is none."""
        ...
