"""Mammograms we write are conformant, say the truth about side and view, and come back pixel for pixel."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.encaps import generate_frames
from pydicom.pixels.processing import apply_modality_lut, apply_windowing
from pydicom.uid import ExplicitVRLittleEndian, JPEGLosslessSV1, JPEGLSLossless

from screening.dicom.mg_encode import TRANSFER_SYNTAXES
from screening.dicom.mg_object import Intent, MgPixels, Photometric, mg_dataset, write_mg
from screening.domain.errors import InvalidInput
from screening.domain.identifiers import SeriesInstanceUid, SopInstanceUid
from screening.domain.study import Device, Laterality, View, ViewModifier
from tests.dicom_out.samples import HEADER
from tests.dicom_out.tools import iod_errors

L, R = Laterality.LEFT, Laterality.RIGHT


def breast(laterality: Laterality, rows: int = 120, columns: int = 90) -> NDArray[np.uint16]:
    """A half ellipse on air, its chest wall at the edge where this side has it."""
    y, x = np.mgrid[:rows, :columns]
    inside = ((y - rows / 2) / (0.4 * rows)) ** 2 + (x / (0.7 * columns)) ** 2 < 1
    left = np.where(inside, 900 + 7 * (x + y) % 3000, 0).astype(np.uint16)
    return left if laterality is L else left[:, ::-1]


def mammogram(laterality: Laterality = L, view: View = View.CC) -> MgPixels:
    """A small conformant picture."""
    return MgPixels(
        pixels=breast(laterality),
        header=HEADER,
        laterality=laterality,
        view=view,
        pixel_mm=0.07,
        device=Device("Second Read Phantom", "Style A", "1.0", "D-1"),
        window_center=1800,
        window_width=2400,
        acquired_at=datetime(2026, 3, 2, 9, 20),  # noqa: DTZ001
        sop_instance_uid=SopInstanceUid("1.2.826.0.1.3680043.8.498.9"),
        series_instance_uid=SeriesInstanceUid("1.2.826.0.1.3680043.8.498.8"),
        comments="SYNTHETIC IMAGE, NO PATIENT",
    )


def pixels_of(dataset: pydicom.Dataset) -> NDArray[np.uint16]:
    """Decoded by another library than the one that encoded, where there is one here."""
    decode = {JPEGLSLossless: imagecodecs.jpegls_decode, JPEGLosslessSV1: imagecodecs.jpegsof3_decode}.get(
        dataset.file_meta.TransferSyntaxUID
    )
    if decode is not None:
        (frame,) = generate_frames(dataset.PixelData, number_of_frames=1)
        return np.asarray(decode(frame), np.uint16)
    return np.asarray(dataset.pixel_array, np.uint16)


@pytest.mark.parametrize("transfer_syntax", TRANSFER_SYNTAXES)
@pytest.mark.parametrize("intent", Intent)
@pytest.mark.parametrize("photometric", Photometric)
def test_every_form_is_conformant_and_lossless(
    transfer_syntax: str, intent: Intent, photometric: Photometric, tmp_path: Path
) -> None:
    image = replace(mammogram(), intent=intent, photometric=photometric, padding_value=0)
    write_mg(image, tmp_path / "mg.dcm", transfer_syntax)
    assert iod_errors(tmp_path / "mg.dcm") == []
    dataset = pydicom.dcmread(tmp_path / "mg.dcm")
    assert dataset.file_meta.TransferSyntaxUID == transfer_syntax
    expected = image.pixels if photometric is Photometric.MONOCHROME2 else 4095 - image.pixels
    np.testing.assert_array_equal(pixels_of(dataset), expected)
    assert dataset.PresentationIntentType == intent.value


@pytest.mark.parametrize(
    ("laterality", "view", "expected"),
    [
        (L, View.CC, ["A", "R"]),
        (R, View.CC, ["P", "L"]),
        (L, View.MLO, ["A", "FR"]),
        (R, View.MLO, ["P", "FL"]),
        (L, View.ML, ["A", "F"]),
        (R, View.ML, ["P", "F"]),
    ],
)
def test_orientation_side_and_view_agree(
    laterality: Laterality, view: View, expected: list[str], tmp_path: Path
) -> None:
    write_mg(mammogram(laterality, view), tmp_path / "mg.dcm")
    assert iod_errors(tmp_path / "mg.dcm") == []
    dataset = pydicom.dcmread(tmp_path / "mg.dcm")
    assert list(dataset.PatientOrientation) == expected
    assert (dataset.ImageLaterality, dataset.ViewPosition) == (laterality.value, view.value)
    # the chest wall lies where the row direction comes from
    chest_wall = 0 if expected[0] == "A" else -1
    assert dataset.pixel_array[:, chest_wall].mean() > dataset.pixel_array[:, -1 - chest_wall].mean()


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_both_photometric_forms_look_the_same(function: str) -> None:
    light = mg_dataset(replace(mammogram(), voi_function=function))
    dark = mg_dataset(replace(mammogram(), voi_function=function, photometric=Photometric.MONOCHROME1))
    shown = [apply_windowing(apply_modality_lut(pixels_of(d), d), d) for d in (light, dark)]
    np.testing.assert_allclose(shown[0], 4095 - shown[1], atol=1e-6)


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    for transfer_syntax in TRANSFER_SYNTAXES:
        for name in ("a.dcm", "b.dcm"):
            write_mg(mammogram(), tmp_path / name, transfer_syntax)
        assert (tmp_path / "a.dcm").read_bytes() == (tmp_path / "b.dcm").read_bytes()


@pytest.mark.parametrize("laterality", [L, R])
def test_the_marker_lies_in_the_air_and_leaves_the_breast_alone(laterality: Laterality) -> None:
    image = replace(mammogram(laterality), pixels=breast(laterality, 600, 480), marker="SYNTHETIC")
    marked = pixels_of(mg_dataset(image))
    changed = marked != image.pixels
    assert changed.any()
    assert (image.pixels[changed] == 0).all()
    rows, columns = np.nonzero(changed)
    assert rows.max() < 100
    assert (columns.min() > 240) if laterality is L else (columns.max() < 240)


def test_modifiers_implants_and_comments_are_stated(tmp_path: Path) -> None:
    image = replace(mammogram(), modifiers=(ViewModifier.IMPLANT_DISPLACED,), implant_present=True, magnification=1.08)
    write_mg(image, tmp_path / "mg.dcm")
    assert iod_errors(tmp_path / "mg.dcm") == []
    dataset = pydicom.dcmread(tmp_path / "mg.dcm")
    (modifier,) = dataset.ViewCodeSequence[0].ViewModifierCodeSequence
    assert modifier.CodeValue == "399209000"
    assert dataset.BreastImplantPresent == "YES"
    assert dataset.EstimatedRadiographicMagnificationFactor == 1.08
    assert list(dataset.ImagerPixelSpacing) == [0.07, 0.07]
    assert "SYNTHETIC" in dataset.ImageComments


def test_what_cannot_be_said_truthfully_is_refused() -> None:
    image = mammogram()
    with pytest.raises(InvalidInput):
        replace(image, bits_stored=10)
    with pytest.raises(InvalidInput):
        replace(image, pixels=image.pixels[0])
    with pytest.raises(InvalidInput):
        replace(image, window_width=0)
    with pytest.raises(InvalidInput):
        mg_dataset(replace(image, view=View.OTHER))
    with pytest.raises(InvalidInput):
        mg_dataset(image, "1.2.840.10008.1.2.4.50")


@settings(max_examples=30, deadline=None)
@given(data=st.data(), bits=st.integers(9, 16), syntax=st.sampled_from(TRANSFER_SYNTAXES))
def test_any_pixels_survive_every_encoder(data: st.DataObject, bits: int, syntax: str) -> None:
    rows, columns = data.draw(st.integers(32, 70)), data.draw(st.integers(32, 70))
    seed = data.draw(st.integers(0, 2**32 - 1))
    pixels = np.random.default_rng(seed).integers(0, 2**bits, (rows, columns), dtype=np.uint16)
    dataset = mg_dataset(replace(mammogram(), pixels=pixels, bits_stored=bits), syntax)
    np.testing.assert_array_equal(pixels_of(dataset), pixels)
    assert dataset.file_meta.TransferSyntaxUID == syntax or syntax == ExplicitVRLittleEndian
