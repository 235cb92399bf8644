"""Every real file at hand is read as what it is, and every real mammogram becomes a picture, chest wall left."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from screening.dicom.pixel_source import DicomPixelSource
from screening.domain.errors import UnusableImage
from screening.domain.quality import ReasonCode
from screening.domain.study import ImageKind, Slot, ViewModifier
from tests.dicom.builders import OneFile, read, read_image, read_other

K, R = ImageKind, ReasonCode

EXAMS = {
    "nyu-1/LCC": (3328, 2560, 12),
    "nyu-1/RCC": (3328, 2560, 12),
    "nyu-2/LCC": (3328, 2560, 12),
    "nyu-2/RCC": (3328, 2560, 12),
    "nyu-density/LCC": (2600, 2000, 8),
    "nyu-density/RCC": (2600, 2000, 8),
    "nyu-density/LMLO": (2600, 2000, 8),
    "nyu-density/RMLO": (2600, 2000, 8),
}

IMAGES = {
    "MG-Im-GE-SenDS-scaled": (K.FFDM_PROCESSING, R.LIMITS_EXCEEDED),
    "MG-Im-GE_Seno_1_ForPresentation": (K.FFDM, R.LIMITS_EXCEEDED),
    "MG-Im-GE_Seno_1_ForProcessing": (K.FFDM_PROCESSING, R.LIMITS_EXCEEDED),
    "MG-Im-GE_Seno_2_ForPresentation": (K.FFDM, R.LIMITS_EXCEEDED),
    "MG-Im-Hologic-PropProj": (K.QUALITY_CONTROL, R.QUALITY_CONTROL),
    "MG1_J2KI": (K.FILM, R.WRONG_SOP_CLASS),
    "MG1_JPLY": (K.FILM, R.WRONG_SOP_CLASS),
    "MG_Explicit_Little": (K.FFDM, None),
}

REPORTS = ("GEPristina-2D", "GEPristina-DBT", "Giotto-DBT", "Hologic_2D", "Hologic_mix")


@pytest.mark.parametrize("name", EXAMS)
def test_a_real_mammogram_becomes_a_picture_with_the_chest_wall_left(shared_data: Path, name: str) -> None:
    path = shared_data / "exams" / f"{name}.dcm"
    image = read_image(path)
    rows, columns, bits = EXAMS[name]
    assert (image.kind, image.exclusion, image.warnings) == (K.FFDM, None, ())
    assert image.slot is Slot(name.split("/")[1])
    assert (image.rows, image.columns, image.bits_stored, image.frames) == (rows, columns, bits, 1)
    shown = DicomPixelSource(OneFile(path)).load(image)
    assert shown.pixels.shape == (rows, columns)
    assert (float(shown.pixels.min()), float(shown.pixels.max())) == (0.0, 1.0)
    assert shown.pixels[:, 40:200].mean() > 4 * shown.pixels[:, -200:-40].mean()
    assert shown.flip.horizontal is name.split("/")[1].startswith("R")
    assert not shown.flip.vertical
    assert shown.warnings == ()


@pytest.mark.parametrize("side", ["L", "R"])
def test_the_pectoral_muscle_of_a_real_oblique_view_is_at_the_top_left(shared_data: Path, side: str) -> None:
    """Head up is stated by the header only; here the anatomy confirms it."""
    path = shared_data / "exams" / "nyu-density" / f"{side}MLO.dcm"
    shown = DicomPixelSource(OneFile(path)).load(read_image(path)).pixels
    assert shown[100:500, 60:360].mean() > 1.5 * shown[-500:-100, 60:360].mean()


def test_the_sides_of_a_real_exam_look_alike_once_oriented(shared_data: Path) -> None:
    def thumbnail(name: str) -> NDArray[np.float32]:
        path = shared_data / "exams" / "nyu-density" / f"{name}.dcm"
        shown = DicomPixelSource(OneFile(path)).load(read_image(path)).pixels
        small: NDArray[np.float32] = shown.reshape(26, 100, 20, 100).mean(axis=(1, 3))
        return small

    left, right = thumbnail("LMLO"), thumbnail("RMLO")
    assert np.corrcoef(left.ravel(), right.ravel())[0, 1] > 0.85
    assert np.corrcoef(left.ravel(), right[:, ::-1].ravel())[0, 1] < 0.5


@pytest.mark.parametrize("name", IMAGES)
def test_every_sample_is_typed_or_refused_for_a_true_reason(shared_data: Path, name: str) -> None:
    image = read_image(shared_data / "dicom-samples" / f"{name}.dcm")
    assert (image.kind, image.exclusion) == IMAGES[name]


@pytest.mark.parametrize("name", REPORTS)
def test_every_dose_report_is_stored_and_no_image(shared_data: Path, name: str) -> None:
    found = read_other(shared_data / "dicom-samples" / f"MG-RDSR-{name}.dcm")
    assert found.reason is R.DOSE_REPORT


def test_no_sample_is_forgotten(shared_data: Path) -> None:
    listed = {*IMAGES, *(f"MG-RDSR-{name}" for name in REPORTS)}
    assert {path.stem for path in (shared_data / "dicom-samples").glob("*.dcm")} == listed


def test_the_test_object_is_measured_at_the_breast_and_holds_none(shared_data: Path) -> None:
    path = shared_data / "dicom-samples" / "MG_Explicit_Little.dcm"
    image = read_image(path)
    assert image.row_spacing_mm == pytest.approx(1 / 3)
    assert ViewModifier.MAGNIFICATION in image.modifiers
    with pytest.raises(UnusableImage) as caught:
        DicomPixelSource(OneFile(path)).load(image)
    assert caught.value.reason == R.NO_BREAST


def test_made_up_patients_come_with_their_issuer(shared_data: Path) -> None:
    header = read(shared_data / "exams" / "nyu-1" / "LCC.dcm").header
    assert header.person.issuer == "SECONDREAD"
    assert header.person.value
    assert header.study_date is not None
