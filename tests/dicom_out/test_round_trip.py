"""What we write is what our reading side reads: mammograms, and reports on real examinations."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from screening.dicom.cad_sr import MammographyCadSrWriter
from screening.dicom.instance_reader import DicomInstanceReader
from screening.dicom.mg_encode import TRANSFER_SYNTAXES
from screening.dicom.mg_object import Photometric, write_mg
from screening.dicom.pixel_source import DicomPixelSource
from screening.domain.ai_read import SlotFill
from screening.domain.identifiers import FileDigest
from screening.domain.quality import ReasonCode
from screening.domain.study import Image, ImageKind, Laterality, Slot, StoredObject
from screening.workflow.assemble import assemble
from screening.workflow.ports import ReadInstance, StoredFile
from tests.dicom_out.samples import AT, HEADER, OK_READ, STUDY
from tests.dicom_out.test_mg_object import breast, mammogram
from tests.dicom_out.tools import iod_errors


class OneFile:
    """A file store that holds one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, source: Path) -> StoredFile:
        raise NotImplementedError

    def path(self, digest: FileDigest) -> Path:
        return self._path

    def digests(self) -> Iterator[FileDigest]:
        raise NotImplementedError


def read_file(path: Path) -> ReadInstance:
    return DicomInstanceReader().read(path, FileDigest(hashlib.sha256(path.read_bytes()).hexdigest()))


@pytest.mark.parametrize("transfer_syntax", TRANSFER_SYNTAXES)
@pytest.mark.parametrize("photometric", Photometric)
@pytest.mark.parametrize("slot", Slot)
def test_a_mammogram_we_write_is_read_as_what_it_is(
    slot: Slot, photometric: Photometric, transfer_syntax: str, tmp_path: Path
) -> None:
    path = tmp_path / "mg.dcm"
    pixels = breast(slot.laterality, 1200, 900)
    image = replace(mammogram(slot.laterality, slot.view), pixels=pixels, photometric=photometric, marker="SYNTHETIC")
    write_mg(image, path, transfer_syntax)
    found = read_file(path)
    assert isinstance(found.content, Image)
    assert (found.content.slot, found.content.kind) == (slot, ImageKind.FFDM)
    assert (found.content.exclusion, found.content.warnings) == (None, ())
    assert found.content.device == image.device
    assert found.header == HEADER
    shown = DicomPixelSource(OneFile(path)).load(found.content)
    assert shown.flip.horizontal is (slot.laterality is Laterality.RIGHT)
    assert shown.pixels[:, :50].mean() > shown.pixels[:, -50:].mean()


def test_our_report_is_recognised_when_it_comes_back(tmp_path: Path) -> None:
    MammographyCadSrWriter().write(STUDY, OK_READ, AT, tmp_path / "cad.dcm")
    found = read_file(tmp_path / "cad.dcm")
    assert isinstance(found.content, StoredObject)
    assert found.content.reason is ReasonCode.OWN_RESULT
    assert found.header.participant.person == HEADER.participant.person


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["nyu-density/RMLO", "nyu-density/LCC", "nyu-1/RCC"])
def test_a_report_on_a_real_image_is_conformant(name: str, shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "exams" / f"{name}.dcm"
    (study,) = assemble([read_file(source)])
    (image,) = study.images
    assert image.slot is not None
    read = replace(
        OK_READ,
        study_instance_uid=study.study_instance_uid,
        slots=(SlotFill(image.slot, image.sop_instance_uid),),
        regions=(),
    )
    MammographyCadSrWriter().write(study, read, AT, tmp_path / "cad.dcm")
    assert iod_errors(tmp_path / "cad.dcm") == []
    report, received = pydicom.dcmread(tmp_path / "cad.dcm"), pydicom.dcmread(source, stop_before_pixels=True)
    for keyword in ("PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate", "StudyTime"):
        assert report.get(keyword, "") == received.get(keyword, ""), keyword
