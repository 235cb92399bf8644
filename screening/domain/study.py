"""A study as the reading service sees it: images with side, view and kind, and the device that made them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from screening.domain.identifiers import (
    FileDigest,
    Participant,
    PersonId,
    SeriesInstanceUid,
    SopInstanceUid,
    StudyInstanceUid,
    stable_id,
)
from screening.domain.quality import Exclusion, ReasonCode


class Laterality(StrEnum):
    """Side of the body (PS3.3 C.8.11.7 Image Laterality)."""

    RIGHT = "R"
    LEFT = "L"


class View(StrEnum):
    """Projection (CID 4014, by code value; OTHER is any view that is stated but not listed here)."""

    CC = "CC"
    MLO = "MLO"
    ML = "ML"
    LM = "LM"
    LMO = "LMO"
    XCCL = "XCCL"
    XCCM = "XCCM"
    FB = "FB"
    SIO = "SIO"
    ISO = "ISO"
    OTHER = "OTHER"


class ViewModifier(StrEnum):
    """What was done besides the projection (CID 4015, by code value)."""

    CLEAVAGE = "cleavage"
    AXILLARY_TAIL = "axillary_tail"
    ROLLED = "rolled"
    IMPLANT_DISPLACED = "implant_displaced"
    MAGNIFICATION = "magnification"
    SPOT_COMPRESSION = "spot_compression"
    TANGENTIAL = "tangential"
    NIPPLE_IN_PROFILE = "nipple_in_profile"
    ANTERIOR_COMPRESSION = "anterior_compression"
    INFRAMAMMARY_FOLD = "inframammary_fold"
    AXILLARY_TISSUE = "axillary_tissue"
    OTHER = "other"


class ImageKind(StrEnum):
    """What an object is, from SOP class first, then Image Type (reference/dicom 4.1)."""

    FFDM = "ffdm"
    FFDM_PROCESSING = "ffdm_processing"
    DBT = "dbt"
    SYNTHETIC_2D = "synthetic_2d"
    PROJECTION = "projection"
    STEREOTACTIC = "stereotactic"
    CONTRAST = "contrast"
    SPECIMEN = "specimen"
    QUALITY_CONTROL = "quality_control"
    FILM = "film"
    PROPRIETARY_TOMOSYNTHESIS = "proprietary_tomosynthesis"
    DOSE_REPORT = "dose_report"
    OTHER = "other"


class Slot(StrEnum):
    """The four standard views."""

    RCC = "RCC"
    LCC = "LCC"
    RMLO = "RMLO"
    LMLO = "LMLO"

    @property
    def laterality(self) -> Laterality:
        """The side of this slot."""
        return Laterality(self.value[0])

    @property
    def view(self) -> View:
        """The projection of this slot."""
        return View(self.value[1:])


@dataclass(frozen=True)
class Device:
    """The acquisition device as its header states it: part of the stratum a calibration belongs to."""

    manufacturer: str
    model: str
    software: str
    detector_id: str = ""


@dataclass(frozen=True)
class Image:
    """One stored image object of a study.

    `row_spacing_mm` and `column_spacing_mm` are at the breast (Imager Pixel Spacing / magnification); None if unknown.
    `slice_mm` is the distance between neighbouring frames of a volume, None if unknown or not a volume.
    `exclusion` is set when header or pixels already forbid scoring; `warnings` never forbid it.
    """

    sop_instance_uid: SopInstanceUid
    series_instance_uid: SeriesInstanceUid
    study_instance_uid: StudyInstanceUid
    sop_class_uid: str
    digest: FileDigest
    kind: ImageKind
    laterality: Laterality | None
    view: View | None
    modifiers: frozenset[ViewModifier]
    rows: int
    columns: int
    frames: int
    bits_stored: int
    row_spacing_mm: float | None
    column_spacing_mm: float | None
    device: Device
    acquired_at: datetime | None
    implant_present: bool = False
    partial_view: bool = False
    exclusion: ReasonCode | None = None
    detail: str = ""
    warnings: tuple[ReasonCode, ...] = ()
    slice_mm: float | None = None

    @property
    def slot(self) -> Slot | None:
        """The standard slot this image could fill by side and view alone, modifiers and quality aside."""
        if self.laterality is None or self.view not in (View.CC, View.MLO):
            return None
        return Slot(f"{self.laterality.value}{self.view.value}")


@dataclass(frozen=True)
class StoredObject:
    """A stored object that is no image (reports, presentation states): kept, listed, never scored."""

    sop_instance_uid: SopInstanceUid
    series_instance_uid: SeriesInstanceUid
    study_instance_uid: StudyInstanceUid
    sop_class_uid: str
    digest: FileDigest
    reason: ReasonCode


@dataclass(frozen=True)
class StudyHeader:
    """What the instances of a study say about the examination; patient attributes are kept verbatim for results."""

    study_instance_uid: StudyInstanceUid
    participant: Participant
    accession_number: str
    study_date: date | None
    study_time: str = ""
    institution: str = ""
    age_years: int | None = None
    study_id: str = ""
    referring_physician: str = field(default="", repr=False)

    @property
    def person(self) -> PersonId:
        """Identity of the woman within the issuing system."""
        return self.participant.person


@dataclass(frozen=True)
class Study:
    """One imaging study with everything received for it."""

    header: StudyHeader
    images: tuple[Image, ...]
    others: tuple[StoredObject, ...] = ()
    quarantine: ReasonCode | None = None

    @property
    def study_instance_uid(self) -> StudyInstanceUid:
        """UID of the study."""
        return self.header.study_instance_uid

    def image(self, uid: SopInstanceUid) -> Image:
        """The image with this SOP Instance UID; raises KeyError when it is not of this study."""
        for image in self.images:
            if image.sop_instance_uid == uid:
                return image
        raise KeyError(uid)

    def not_images(self) -> tuple[Exclusion, ...]:
        """Every non-image as an exclusion, for listings."""
        return tuple(Exclusion(o.sop_instance_uid, o.reason) for o in self.others)


def exam_key(header: StudyHeader) -> tuple[str, ...]:
    """What makes images one exam: woman, accession number and date; without an accession number the study UID.

    Some senders give every image a Study Instance UID of its own; the order that was fulfilled tells them together.
    """
    person, number = header.person, header.accession_number
    if not number or not person.value:
        return (header.study_instance_uid,)
    return (person.issuer, person.value, number, str(header.study_date))


def exam_id(header: StudyHeader) -> str:
    """Short id of the exam an instance belongs to, the same from the first image to the delivery; tells no person."""
    return stable_id("exam", *exam_key(header))


def joined(studies: Sequence[Study]) -> Study:
    """One exam out of studies with the same `exam_key`; the smallest UID names it. `studies` must not be empty."""
    first, *others = sorted(studies, key=lambda study: study.study_instance_uid)
    return replace(
        first,
        images=tuple(image for study in (first, *others) for image in study.images),
        others=tuple(other for study in (first, *others) for other in study.others),
    )
