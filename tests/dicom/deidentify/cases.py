"""What these tests share: one woman, one de-identifier, and a search that knows nothing of how it works."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset

from screening.dicom.deidentify.deidentifier import DicomDeidentifier
from screening.dicom.elements import quiet
from screening.workflow.pseudonyms import Pseudonyms
from screening.workflow.research_export import Subject, Treated

PSEUDONYMS = Pseudonyms(bytes(range(32)))
SHIFT = timedelta(days=-411)
SUBJECT = Subject("WSUBJECT", SHIFT)

_IDENTIFYING = (
    *("PatientName", "PatientID", "OtherPatientIDs", "PatientBirthDate", "AccessionNumber", "InstitutionName"),
    *("InstitutionAddress", "InstitutionalDepartmentName", "ReferringPhysicianName", "OperatorsName", "StudyDate"),
    *("PerformingPhysicianName", "NameOfPhysiciansReadingStudy", "RequestedProcedureID", "ContentCreatorName"),
    *("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID", "PersonName", "SeriesDate"),
    *("VerifyingObserverName", "VerifyingOrganization", "AcquisitionDate", "ContentDate", "ReferencedSOPInstanceUID"),
)


def treat(source: Path, target: Path, subject: Subject = SUBJECT) -> Treated:
    """De-identify one file."""
    return DicomDeidentifier(PSEUDONYMS).treat(source, target, subject)


def opened(path: Path) -> Dataset:
    """A file as pydicom reads it, without remarks."""
    with quiet():
        return pydicom.dcmread(path)


def identifying(dataset: Dataset) -> set[str]:
    """Values of at least six signs that identify somebody, at any depth; and the parts of names."""
    return {part for value in _values(dataset) for part in (value, *value.split("^")) if len(part.strip()) >= 6}


def _values(dataset: Dataset) -> Iterator[str]:
    with quiet():
        for element in dataset.iterall():
            if element.keyword in _IDENTIFYING and element.value:
                several = element.value if element.VM > 1 else [element.value]
                yield from (str(value) for value in several if not str(value).startswith("1.2.840.10008."))


def found_in(path: Path, values: set[str]) -> list[str]:
    """Which of these values stand anywhere in the bytes of a file, in UTF-8 or Latin-1, in any case."""
    content = path.read_bytes().lower()
    spellings = (
        (value, {value.lower().encode("utf-8"), value.lower().encode("latin-1", "replace")}) for value in values
    )
    return sorted(value for value, encoded in spellings if any(spelling in content for spelling in encoded))
