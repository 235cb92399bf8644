"""Small examinations on disk for the tests of this folder: written, then read back as the service does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from screening.dicom.bto_object import Window, write_bto
from screening.dicom.instance_reader import DicomInstanceReader
from screening.dicom.mg_object import Photometric, write_mg
from screening.dicom.pixel_source import DicomPixelSource
from screening.dicom.results.writer import ResultObjects
from screening.domain.ai_read import AiRead, Region, SlotFill
from screening.domain.identifiers import FileDigest, SeriesInstanceUid, SopInstanceUid
from screening.domain.opinion import FindingType, ImageLocation
from screening.domain.results import ResultKind, WrittenObject
from screening.domain.study import Slot, Study
from screening.workflow.assemble import assemble
from screening.workflow.ports import PresentationImage, ReadInstance
from tests.dicom_out.samples import AT, HEADER, OK_READ
from tests.dicom_out.test_bto_object import volume
from tests.dicom_out.test_mg_object import breast, mammogram

ROWS, COLUMNS = 280, 200
SERIES = SeriesInstanceUid("1.2.826.0.1.3680043.8.498.8")


def uid_of(slot: Slot) -> SopInstanceUid:
    """The SOP Instance UID of the slot's image."""
    return SopInstanceUid(f"1.2.826.0.1.3680043.8.498.77.{list(Slot).index(slot) + 1}")


@dataclass(frozen=True)
class Folder:
    """A folder of files by digest (port `FileLocator`)."""

    paths: dict[FileDigest, Path]

    def path(self, digest: FileDigest) -> Path:
        return self.paths[digest]


@dataclass(frozen=True)
class Exam:
    """A study, its files and a read of it."""

    study: Study
    files: Folder
    read: AiRead

    def pictures(self) -> dict[Slot, PresentationImage]:
        source = DicomPixelSource(self.files)
        flat = [image for image in self.study.images if image.slot is not None and image.frames == 1]
        return {image.slot: source.load(image) for image in flat if image.slot is not None}

    def write(self, folder: Path, *kinds: ResultKind) -> tuple[WrittenObject, ...]:
        folder.mkdir(exist_ok=True)
        return ResultObjects().write(kinds, self.study, self.read, AT, self.files, self.pictures, folder)


def read_back(path: Path) -> ReadInstance:
    """What the service's own reader says of a file."""
    return DicomInstanceReader().read(path, FileDigest(hashlib.sha256(path.read_bytes()).hexdigest()))


def exam_of(paths: Iterable[Path], marks: Iterable[Region] = ()) -> Exam:
    """The exam that these files are, with a read of all its standard views."""
    by_digest = {FileDigest(hashlib.sha256(path.read_bytes()).hexdigest()): path for path in paths}
    (study,) = assemble([DicomInstanceReader().read(path, digest) for digest, path in by_digest.items()])
    slots = tuple(SlotFill(image.slot, image.sop_instance_uid) for image in study.images if image.slot is not None)
    read = replace(OK_READ, study_instance_uid=study.study_instance_uid, slots=slots, regions=tuple(marks))
    return Exam(study, Folder(by_digest), read)


def mark(
    slot: Slot,
    box: tuple[float, float, float, float] = (40, 90, 80, 130),
    kind: FindingType | None = FindingType.MASS,
    frame: int | None = None,
) -> Region:
    """A mark on the slot's image, in stored pixels."""
    return Region(ImageLocation(uid_of(slot), *box, frame=frame), slot.laterality, slot, 0.62, 0.034, kind)


def mammograms(folder: Path, *marks: Region, photometric: Photometric = Photometric.MONOCHROME2) -> Exam:
    """Four small mammograms, 280 rows of 200 columns, right breasts stored with the chest wall at the right."""
    folder.mkdir(exist_ok=True)
    for slot in Slot:
        image = replace(
            mammogram(slot.laterality, slot.view),
            pixels=breast(slot.laterality, ROWS, COLUMNS),
            sop_instance_uid=uid_of(slot),
            photometric=photometric,
        )
        write_mg(image, folder / f"{slot.value}.dcm")
    return exam_of(sorted(folder.glob("*.dcm")), marks)


def volumes(folder: Path, *marks: Region, windows: tuple[Window, ...] = (Window(2048, 4096),)) -> Exam:
    """Two small volumes of four frames, the CC views."""
    folder.mkdir(exist_ok=True)
    for slot in (Slot.RCC, Slot.LCC):
        pixels = np.stack([np.where(breast(slot.laterality, ROWS, COLUMNS) > 0, 500 + 90 * n, 0) for n in range(4)])
        image = replace(
            volume(slot.laterality, slot.view),
            slices=pixels.astype(np.uint16),
            sop_instance_uid=uid_of(slot),
            windows=list(windows),
        )
        write_bto(image, folder / f"{slot.value}.dcm")
    return exam_of(sorted(folder.glob("*.dcm")), marks)


def items(report: Dataset, keyword: str) -> list[Dataset]:
    """The items of a sequence, [] where there is none."""
    return list(report.get(keyword) or [])


WOMAN = HEADER.participant
