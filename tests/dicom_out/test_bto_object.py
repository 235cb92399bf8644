"""Tomosynthesis volumes we write are conformant and come back frame by frame, value by value."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from screening.dicom.bto_groups import plane
from screening.dicom.bto_object import BtoPixels, Sweep, Window, bto_dataset, write_bto
from screening.dicom.header import open_file
from screening.dicom.instance_reader import DicomInstanceReader
from screening.dicom.mg_encode import TRANSFER_SYNTAXES
from screening.dicom.mg_object import write_mg
from screening.dicom.pixels import read_frame
from screening.dicom.voi import voi_table
from screening.domain.errors import InvalidInput
from screening.domain.identifiers import FileDigest, SeriesInstanceUid, SopInstanceUid
from screening.domain.study import Device, Image, ImageKind, Laterality, View, ViewModifier
from tests.dicom_out.samples import HEADER
from tests.dicom_out.test_mg_object import breast, mammogram
from tests.dicom_out.tools import iod_errors

L, R = Laterality.LEFT, Laterality.RIGHT
FRAMES = 4
PER_FRAME = [Window(900 + 150 * n, 1800, "SIGMOID" if n % 2 else "LINEAR") for n in range(FRAMES)]


def slices(laterality: Laterality = L) -> NDArray[np.uint16]:
    """Four slices that no two frames share."""
    plane_of = breast(laterality, 64, 48).astype(np.int64)
    return np.stack([np.where(plane_of > 0, plane_of // 2 + 37 * n + 1, 0) for n in range(FRAMES)]).astype(np.uint16)


def volume(laterality: Laterality = L, view: View = View.CC) -> BtoPixels:
    """A small conformant volume."""
    return BtoPixels(
        slices=slices(laterality),
        header=HEADER,
        laterality=laterality,
        view=view,
        pixel_mm=0.1,
        slice_mm=1.25,
        device=Device("Second Read Phantom", "Style A", "1.0"),
        windows=[Window(2048, 4096)],
        acquired_at=datetime(2026, 3, 2, 9, 20),  # noqa: DTZ001
        sop_instance_uid=SopInstanceUid("1.2.826.0.1.3680043.8.498.19"),
        series_instance_uid=SeriesInstanceUid("1.2.826.0.1.3680043.8.498.18"),
        frame_of_reference_uid="1.2.826.0.1.3680043.8.498.17",
        comments="SYNTHETIC IMAGE, NO PATIENT",
    )


def stored_frames(path: Path) -> NDArray[np.uint16]:
    """Every frame through the service's own reader."""
    opened = open_file(path)
    return np.stack([read_frame(opened, n) for n in range(FRAMES)])


@pytest.mark.parametrize("windows", [[Window(2048, 4096)], PER_FRAME], ids=["shared", "per-frame"])
@pytest.mark.parametrize("transfer_syntax", TRANSFER_SYNTAXES)
def test_every_form_is_conformant_and_comes_back(transfer_syntax: str, windows: list[Window], tmp_path: Path) -> None:
    image = replace(volume(), windows=windows)
    path = tmp_path / "dbt.dcm"
    write_bto(image, path, transfer_syntax)
    assert pydicom.filereader.read_file_meta_info(path).TransferSyntaxUID == transfer_syntax
    np.testing.assert_array_equal(stored_frames(path), image.slices)
    assert iod_errors(path) == []


@pytest.mark.parametrize("transfer_syntax", TRANSFER_SYNTAXES)
def test_a_single_frame_comes_back_in_every_syntax(transfer_syntax: str, tmp_path: Path) -> None:
    write_mg(mammogram(), tmp_path / "mg.dcm", transfer_syntax)
    np.testing.assert_array_equal(read_frame(open_file(tmp_path / "mg.dcm")), mammogram().pixels)


def test_each_frame_is_shown_through_its_own_window(tmp_path: Path) -> None:
    write_bto(replace(volume(), windows=PER_FRAME), tmp_path / "dbt.dcm")
    dataset = open_file(tmp_path / "dbt.dcm").dataset
    tables = [voi_table(dataset, 12, signed=False, frame=n).table for n in range(FRAMES)]
    for window, table in zip(PER_FRAME, tables, strict=True):
        assert table[round(window.center)] == pytest.approx(0.5, abs=2e-3)
        far = round(window.center + window.width / 2)
        assert table[far] == pytest.approx(1.0 if window.function == "LINEAR" else 0.8808, abs=2e-3)


@pytest.mark.parametrize("view", [View.CC, View.MLO])
@pytest.mark.parametrize("laterality", [L, R])
def test_the_service_reads_it_as_the_volume_it_is(laterality: Laterality, view: View, tmp_path: Path) -> None:
    path = tmp_path / "dbt.dcm"
    write_bto(volume(laterality, view), path)
    found = DicomInstanceReader().read(path, FileDigest(hashlib.sha256(path.read_bytes()).hexdigest()))
    image = found.content
    assert isinstance(image, Image)
    assert (image.kind, image.exclusion, image.warnings) == (ImageKind.DBT, None, ())
    assert (image.laterality, image.view, image.frames) == (laterality, view, FRAMES)
    assert (image.row_spacing_mm, image.column_spacing_mm) == (0.1, 0.1)
    assert found.header == HEADER
    assert iod_errors(path) == []


@pytest.mark.parametrize("view", [View.CC, View.MLO])
@pytest.mark.parametrize("laterality", [L, R])
def test_slices_rise_from_the_detector(laterality: Laterality, view: View) -> None:
    image = volume(laterality, view)
    dataset = bto_dataset(image)
    places = [f.PlanePositionSequence[0].ImagePositionPatient for f in dataset.PerFrameFunctionalGroupsSequence]
    steps = np.diff(np.array(places, float), axis=0)
    np.testing.assert_allclose(np.linalg.norm(steps, axis=1), image.slice_mm, atol=1e-5)
    row, column = plane(image)
    assert np.allclose(steps @ np.array([row, column]).T, 0, atol=1e-5)
    assert (steps[:, 2] > 0).all()  # the detector lies below the breast
    if view is View.MLO:  # and lateral of it: up is also towards the other breast
        assert (steps[:, 0] < 0).all() if laterality is L else (steps[:, 0] > 0).all()


def test_modifiers_implants_and_the_sweep_are_stated(tmp_path: Path) -> None:
    sweep = Sweep(-25, 25, 9)
    image = replace(
        volume(), modifiers=(ViewModifier.IMPLANT_DISPLACED,), implant_present=True, sweep=sweep, thickness_mm=52
    )
    write_bto(image, tmp_path / "dbt.dcm")
    assert iod_errors(tmp_path / "dbt.dcm") == []
    dataset = pydicom.dcmread(tmp_path / "dbt.dcm")
    assert dataset.BreastImplantPresent == "YES"
    (taken,) = dataset.XRay3DAcquisitionSequence
    assert (len(taken.PerProjectionAcquisitionSequence), taken.PrimaryPositionerScanArc) == (9, 50)
    assert taken.BodyPartThickness == 52


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    for transfer_syntax in TRANSFER_SYNTAXES:
        for name in ("a.dcm", "b.dcm"):
            write_bto(volume(), tmp_path / name, transfer_syntax)
        assert (tmp_path / "a.dcm").read_bytes() == (tmp_path / "b.dcm").read_bytes()


def test_what_cannot_be_said_truthfully_is_refused() -> None:
    image = volume()
    for wrong in (
        {"slices": image.slices[0]},
        {"bits_stored": 8},
        {"windows": PER_FRAME[:2]},
        {"windows": [Window(100, 0)]},
        {"slice_mm": 0.0},
        {"sweep": Sweep(5, 5)},
        {"view": View.OTHER},
    ):
        with pytest.raises(InvalidInput):
            replace(image, **wrong)
    with pytest.raises(InvalidInput):
        bto_dataset(image, "1.2.840.10008.1.2.4.50")


@settings(max_examples=16, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), bits=st.integers(9, 16), syntax=st.sampled_from(TRANSFER_SYNTAXES))
def test_any_values_survive(tmp_path_factory: pytest.TempPathFactory, seed: int, bits: int, syntax: str) -> None:
    noise = np.random.default_rng(seed).integers(0, 2**bits, (FRAMES, 37, 41), dtype=np.uint16)
    path = tmp_path_factory.mktemp("any") / "dbt.dcm"
    write_bto(replace(volume(), slices=noise, bits_stored=bits), path, syntax)
    np.testing.assert_array_equal(stored_frames(path), noise)
