"""A small archive of DICOM files for tests: one image per exam, each of another woman unless told."""

from __future__ import annotations

from pathlib import Path

from screening.domain.identifiers import StudyInstanceUid
from tests.dicom.builders import breast, mammogram, write

ROOT = "1.2.826.0.1.3680043.8.498.77"


def study_uid(number: int) -> StudyInstanceUid:
    """UID of an exam of the archive."""
    return StudyInstanceUid(f"{ROOT}.{number}")


def add_exam(folder: Path, number: int, **changes: object) -> Path:
    """Write an exam into a folder of its own; `changes` set elements by keyword."""
    place = folder / f"exam-{number:04d}"
    place.mkdir(parents=True)
    told = {
        "StudyInstanceUID": study_uid(number),
        "SOPInstanceUID": f"{study_uid(number)}.1",
        "PatientID": f"P-{number}",
        "AccessionNumber": f"A-{number}",
    }
    return write(mammogram(breast(seed=number), **(told | changes)), place / "image.dcm")


def archive(folder: Path, exams: int) -> Path:
    """A folder of exams 1, 2, ..."""
    for number in range(1, exams + 1):
        add_exam(folder, number)
    return folder
