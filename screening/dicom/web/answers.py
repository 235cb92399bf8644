"""What DICOMweb answers in the DICOM JSON Model: results of a search (PS3.18 10.6.3) and of a store (10.5.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from pydicom.dataset import Dataset

from screening.dicom.header import open_file
from screening.dicom.web.json_model import Json, element, elements_json
from screening.dicom.web.storing import Outcome
from screening.domain.errors import NotDicom, NotFound, UnusableImage
from screening.domain.identifiers import FileDigest
from screening.domain.study import StudyHeader
from screening.workflow.catalogue_ports import CataloguedInstance, CataloguedSeries, CataloguedStudy
from screening.workflow.ports import FileLocator

STUDY_EXTRAS: Final = ("StudyDescription", "PatientAge", "PatientSize", "PatientWeight", "ProcedureCodeSequence")
SERIES_EXTRAS: Final = (
    *(
        "SeriesDescription",
        "SeriesDate",
        "SeriesTime",
        "Laterality",
        "BodyPartExamined",
        "ProtocolName",
        "Manufacturer",
    ),
    *("ManufacturerModelName", "StationName", "InstitutionName", "PerformedProcedureStepID"),
    *("PerformedProcedureStepDescription", "RequestAttributesSequence"),
)
_SERIES_ALWAYS: Final = ("SeriesDescription", "RequestAttributesSequence")
INSTANCE_EXTRAS: Final = (
    *("ImageType", "AcquisitionDate", "AcquisitionTime", "ContentDate", "ContentTime", "ImageLaterality"),
    *("ViewPosition", "PatientOrientation", "ViewCodeSequence", "PresentationIntentType", "BitsStored", "HighBit"),
    *("PhotometricInterpretation", "SamplesPerPixel", "PixelRepresentation", "ImageComments", "ContentLabel"),
)
"""Attributes that a stored header is asked for when a search wants them: those of one level hold for all beneath."""


@dataclass(frozen=True)
class Included:
    """Further attributes that a search wants, by keyword."""

    study: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    instance: tuple[str, ...] = ()


Address = Callable[..., str]
"""The URL of a study, series or instance by its UIDs, the study's first."""


@dataclass(frozen=True)
class Results:
    """Writes the results of searches; `files` gives the headers that wanted attributes are read from."""

    files: FileLocator
    address: Address
    included: Included = Included()

    def study(self, found: CataloguedStudy) -> Json:
        """One study (PS3.18 Table 10.6.3-3)."""
        extras = self._extras(found.first, self.included.study)
        return _sorted(
            _study(found.header),
            element("ModalitiesInStudy", *found.modalities),
            element("InstanceAvailability", "ONLINE"),
            element("RetrieveURL", self.address(found.header.study_instance_uid)),
            element("NumberOfStudyRelatedSeries", found.series),
            element("NumberOfStudyRelatedInstances", found.instances),
            extras,
        )

    def series(self, found: CataloguedSeries, with_study: bool) -> Json:
        """One series (PS3.18 Table 10.6.3-4), with the attributes of its study where the search was not within one."""
        first, included = found.first, self.included
        wanted = (*_SERIES_ALWAYS, *included.series, *(included.study if with_study else ()))
        return _sorted(
            _study(first.header) if with_study else element("StudyInstanceUID", first.header.study_instance_uid),
            _series(first),
            element("RetrieveURL", self.address(first.header.study_instance_uid, first.series_instance_uid)),
            element("NumberOfSeriesRelatedInstances", found.instances),
            self._extras(first.digest, wanted),
        )

    def instance(self, found: CataloguedInstance, with_study: bool, with_series: bool) -> Json:
        """One instance (PS3.18 Table 10.6.3-5), with attributes of the levels that the search was not within."""
        included, uids = self.included, (found.header.study_instance_uid, found.series_instance_uid)
        study_and_series = (
            _study(found.header) if with_study else element("StudyInstanceUID", uids[0]),
            _series(found) if with_series else element("SeriesInstanceUID", uids[1]),
        )
        wanted = (*included.instance, *included.series * with_series, *included.study * with_study)
        return _sorted(
            *study_and_series,
            _instance(found),
            element("RetrieveURL", self.address(*uids, found.sop_instance_uid)),
            self._extras(found.digest, wanted),
        )

    def _extras(self, digest: FileDigest, keywords: Sequence[str]) -> Json:
        if not keywords:
            return {}
        try:
            return elements_json(_header(self.files, digest), keywords)
        except (NotDicom, NotFound, UnusableImage):
            return {}


def store_answer(outcomes: Iterable[Outcome], address: Address, study: str | None) -> Json:
    """The Store Instances Response (PS3.18 I.2): what is stored, what failed and why."""
    stored: list[Json] = []
    failed: list[Json] = []
    nameless: list[Json] = []
    for outcome in outcomes:
        if outcome.stored:
            stored.append(_reference(outcome) | _retrieve(outcome, address))
        elif outcome.names.sop_instance_uid:
            failed.append(_reference(outcome) | element("FailureReason", outcome.status.code))
        else:
            nameless.append(element("FailureReason", outcome.status.code))
    answer = element("RetrieveURL", address(study)) if study else {}
    for keyword, items in (("ReferencedSOPSequence", stored), ("FailedSOPSequence", failed)):
        answer |= element(keyword, *items) if items else {}
    return answer | (element("OtherFailuresSequence", *nameless) if nameless else {})


def _reference(outcome: Outcome) -> Json:
    names = outcome.names
    return element("ReferencedSOPClassUID", names.sop_class_uid) | element(
        "ReferencedSOPInstanceUID", names.sop_instance_uid
    )


def _retrieve(outcome: Outcome, address: Address) -> Json:
    names = outcome.names
    if not outcome.served or not names.series_instance_uid:
        return {}
    uids = (names.study_instance_uid, names.series_instance_uid, names.sop_instance_uid)
    return element("RetrieveURL", address(*uids))


def _header(files: FileLocator, digest: FileDigest) -> Dataset:
    return open_file(files.path(digest)).dataset


def _sorted(*parts: Json) -> Json:
    merged: dict[str, Any] = {}
    for part in parts:
        merged = part | merged
    return dict(sorted(merged.items()))


def _study(header: StudyHeader) -> Json:
    woman = header.participant
    return (
        element("SpecificCharacterSet", "ISO_IR 192")
        | element("StudyDate", _day(header.study_date))
        | element("StudyTime", header.study_time)
        | element("AccessionNumber", header.accession_number)
        | element("ReferringPhysicianName", header.referring_physician)
        | element("PatientName", f"{woman.family}^{woman.given}".rstrip("^"))
        | element("PatientID", woman.person.value)
        | element("IssuerOfPatientID", woman.person.issuer)
        | element("PatientBirthDate", woman.birth_date.replace("-", ""))
        | element("PatientSex", woman.sex)
        | element("StudyInstanceUID", header.study_instance_uid)
        | element("StudyID", header.study_id)
    )


def _series(found: CataloguedInstance) -> Json:
    filing = found.filing
    return (
        element("Modality", filing.modality)
        | element("SeriesInstanceUID", found.series_instance_uid)
        | element("SeriesNumber", filing.series_number)
        | element("PerformedProcedureStepStartDate", _day(filing.performed_on))
        | element("PerformedProcedureStepStartTime", filing.performed_time)
    )


def _instance(found: CataloguedInstance) -> Json:
    filing = found.filing
    numbers = {
        "InstanceNumber": filing.instance_number,
        "Rows": filing.rows,
        "Columns": filing.columns,
        "BitsAllocated": filing.bits_allocated,
        "NumberOfFrames": filing.frames,
    }
    named = element("SOPClassUID", found.sop_class_uid) | element("SOPInstanceUID", found.sop_instance_uid)
    named |= element("InstanceAvailability", "ONLINE")
    named |= element("AvailableTransferSyntaxUID", filing.transfer_syntax_uid)
    for keyword, number in numbers.items():
        named |= element(keyword, number) if number is not None else {}
    return named


def _day(day: date | None) -> str:
    return day.strftime("%Y%m%d") if day else ""
