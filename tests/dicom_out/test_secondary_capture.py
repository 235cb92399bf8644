"""What any viewer shows of the contact sheet, and what its header says of it."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image as PilImage

from screening.dicom.contact_sheet import render_contact_sheet
from screening.dicom.results.secondary_capture import secondary_capture
from screening.dicom.results.shell import Maker
from screening.domain.ai_read import AiRead
from screening.domain.errors import ReportInvalid
from screening.domain.identifiers import StudyInstanceUid
from screening.domain.results import ResultKind
from screening.domain.study import Slot
from tests.dicom_out.exams import mammograms, mark
from tests.dicom_out.samples import AT, FAILED, OBJECTED, OK_READ, STUDY, UNCALIBRATED
from tests.dicom_out.test_contact_sheet import SPOT, pictures
from tests.dicom_out.tools import iod_errors


def picture(width: int = 7, height: int = 5, shade: int = 90) -> bytes:
    """A PNG with an odd number of bytes of pixels."""
    out = BytesIO()
    pixels = (np.arange(height * width * 3).reshape(height, width, 3) + shade).astype(np.uint8)
    PilImage.fromarray(pixels).save(out, format="PNG")
    return out.getvalue()


@pytest.mark.parametrize("read", [OK_READ, UNCALIBRATED, FAILED, OBJECTED])
def test_it_shows_the_sheet_pixel_for_pixel_and_is_conformant(read: AiRead, tmp_path: Path) -> None:
    png = render_contact_sheet(STUDY, read, pictures(SPOT))
    path = tmp_path / "sc.dcm"
    secondary_capture(STUDY, Maker(read, AT), png).save_as(path, enforce_file_format=True)
    assert iod_errors(path) == []
    shown = pydicom.dcmread(path)
    assert shown.PhotometricInterpretation == "RGB"
    with PilImage.open(BytesIO(png)) as sheet:
        np.testing.assert_array_equal(shown.pixel_array, np.asarray(sheet))


def test_pixels_of_an_odd_length_are_padded(tmp_path: Path) -> None:
    path = tmp_path / "sc.dcm"
    secondary_capture(STUDY, Maker(OK_READ, AT), picture()).save_as(path, enforce_file_format=True)
    assert iod_errors(path) == []
    assert pydicom.dcmread(path).pixel_array.shape == (5, 7, 3)


def test_the_header_says_that_it_is_a_derived_picture_with_identifying_text() -> None:
    capture = secondary_capture(STUDY, Maker(OK_READ, AT), picture())
    assert list(capture.ImageType) == ["DERIVED", "SECONDARY"]
    assert (capture.Modality, capture.ConversionType, capture.BurnedInAnnotation) == ("MG", "WSD", "YES")
    assert "phantom-trained, not for clinical use" in capture.ImageComments
    assert (capture.ContentDate, capture.DateOfSecondaryCapture) == ("20260302", "20260302")


def test_it_names_the_images_it_was_made_from(tmp_path: Path) -> None:
    exam = mammograms(tmp_path / "mg", mark(Slot.RCC))
    (written,) = exam.write(tmp_path / "out", ResultKind.SECONDARY_CAPTURE)
    sources = pydicom.dcmread(written.path).SourceImageSequence
    named = sorted(source.ReferencedSOPInstanceUID for source in sources)
    assert named == sorted(image.sop_instance_uid for image in exam.study.images)


def test_another_picture_is_another_instance() -> None:
    uids = {str(secondary_capture(STUDY, Maker(OK_READ, AT), picture(shade=n)).SOPInstanceUID) for n in (1, 1, 2)}
    assert len(uids) == 2


def test_the_read_of_another_study_is_refused() -> None:
    foreign = replace(OK_READ, study_instance_uid=StudyInstanceUid("1.2.3"))
    with pytest.raises(ReportInvalid):
        secondary_capture(STUDY, Maker(foreign, AT), picture())
