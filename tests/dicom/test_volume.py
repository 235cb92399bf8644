"""A tomosynthesis volume comes as pictures, one frame at a time, and is refused for what nobody can be sure of."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless

from screening.dicom.bto_object import BtoPixels, Window, bto_dataset, write_bto
from screening.dicom.pixel_source import DicomPixelSource
from screening.dicom.stack import letters
from screening.domain.errors import UnusableImage
from screening.domain.identifiers import SeriesInstanceUid, SopInstanceUid
from screening.domain.quality import ReasonCode
from screening.domain.study import Device, ImageKind, Laterality, View
from screening.workflow.ports import PresentationVolume
from tests.dicom.builders import OneFile, breast, mammogram, read_image, write
from tests.dicom_out.samples import HEADER

R = ReasonCode
LEFT, RIGHT = Laterality.LEFT, Laterality.RIGHT
FRAMES = 6
FULL = [Window(2048, 4096)]


def slices(side: Laterality = LEFT, frames: int = FRAMES, rows: int = 320, columns: int = 256) -> NDArray[np.uint16]:
    """The same breast in every frame, a bright square further down in each."""
    made = np.stack([breast(rows, columns, side="left" if side is LEFT else "right")] * frames)
    for number in range(frames):
        top = 80 + 20 * number
        at = slice(40, 52) if side is LEFT else slice(columns - 52, columns - 40)
        made[number, top : top + 10, at] = 4000
    return made


def volume(
    pixels: NDArray[np.uint16] | None = None,
    side: Laterality = LEFT,
    view: View = View.CC,
    windows: Sequence[Window] = FULL,
) -> BtoPixels:
    """A small volume, 0.1 mm pixels, slices 1.25 mm apart."""
    return BtoPixels(
        slices=slices(side) if pixels is None else pixels,
        header=HEADER,
        laterality=side,
        view=view,
        pixel_mm=0.1,
        slice_mm=1.25,
        device=Device("Second Read Phantom", "Style A", "1.0"),
        windows=windows,
        acquired_at=datetime(2026, 3, 2, 9, 20),  # noqa: DTZ001
        sop_instance_uid=SopInstanceUid("1.2.826.0.1.3680043.8.498.29"),
        series_instance_uid=SeriesInstanceUid("1.2.826.0.1.3680043.8.498.28"),
        frame_of_reference_uid="1.2.826.0.1.3680043.8.498.27",
    )


def opened(path: Path) -> PresentationVolume:
    return DicomPixelSource(OneFile(path)).open_volume(read_image(path))


def of(tmp_path: Path, made: BtoPixels, change: Callable[[Dataset], None] | None = None) -> PresentationVolume:
    path = tmp_path / "dbt.dcm"
    dataset = bto_dataset(made)
    if change is not None:
        change(dataset)
    dataset.save_as(path, enforce_file_format=True)
    return opened(path)


def refused(tmp_path: Path, made: BtoPixels, change: Callable[[Dataset], None] | None = None) -> str:
    with pytest.raises(UnusableImage) as caught:
        of(tmp_path, made, change)
    return caught.value.reason


def square(shown: NDArray[np.float32]) -> tuple[int, int, int, int]:
    """The box of the bright square."""
    y, x = np.nonzero(shown > 0.96)
    return int(x.min()), int(y.min()), int(x.max() + 1), int(y.max() + 1)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, JPEGLSLossless])
@pytest.mark.parametrize("side", [LEFT, RIGHT])
@pytest.mark.parametrize("view", [View.CC, View.MLO])
def test_every_frame_is_shown_chest_wall_left_and_leads_back(
    tmp_path: Path, side: Laterality, view: View, syntax: str
) -> None:
    made = volume(side=side, view=view)
    write_bto(made, tmp_path / "dbt.dcm", syntax)
    found = opened(tmp_path / "dbt.dcm")
    assert (found.frames, found.slice_mm, found.row_spacing_mm, found.column_spacing_mm) == (FRAMES, 1.25, 0.1, 0.1)
    for number in range(FRAMES):
        shown = found.frame(number)
        assert (shown.dtype.name, *shown.shape) == ("float32", 320, 256)
        x0, y0, x1, y1 = square(shown)
        assert (x0, y0, x1, y1) == (40, 80 + 20 * number, 52, 90 + 20 * number)
        left, top, right, bottom = (int(edge) for edge in found.flip.to_stored((x0, y0, x1, y1)))
        assert (made.slices[number, top:bottom, left:right] == 4000).all()


def test_the_header_tells_a_volume_with_its_slice_spacing(tmp_path: Path) -> None:
    write_bto(volume(), tmp_path / "dbt.dcm")
    image = read_image(tmp_path / "dbt.dcm")
    assert (image.kind, image.frames, image.slice_mm, image.exclusion) == (ImageKind.DBT, FRAMES, 1.25, None)
    mammo = read_image(write(mammogram(), tmp_path / "mg.dcm"))
    assert mammo.slice_mm is None


def test_each_frame_is_shown_through_its_own_window(tmp_path: Path) -> None:
    windows = [Window(1024 + 300 * n, 2048, "SIGMOID" if n % 2 else "LINEAR") for n in range(FRAMES)]
    found = of(tmp_path, volume(np.stack([breast()] * FRAMES), windows=windows))
    y, x = 160, 60
    stored = float(breast()[y, x])
    for number, window in enumerate(windows):
        if window.function == "LINEAR":
            expected = (stored - (window.center - 0.5)) / (window.width - 1) + 0.5
        else:
            expected = 1 / (1 + np.exp(-4 * (stored - window.center) / window.width))
        assert found.frame(number)[y, x] == pytest.approx(np.clip(expected, 0, 1), abs=1e-4)


def reorder(order: Sequence[int], positions: bool = True) -> Callable[[Dataset], None]:
    """Put frames at other heights than their number says; without positions only In-Stack Position Number tells."""

    def change(ds: Dataset) -> None:
        groups = list(ds.PerFrameFunctionalGroupsSequence)
        places = [group.PlanePositionSequence[0].ImagePositionPatient for group in groups]
        for height, frame in enumerate(order):
            group = groups[frame]
            group.PlanePositionSequence[0].ImagePositionPatient = places[height]
            group.FrameContentSequence[0].InStackPositionNumber = height + 1
        if not positions:
            for group in groups:
                del group.PlanePositionSequence

    return change


@pytest.mark.parametrize("positions", [True, False])
@pytest.mark.parametrize("view", [View.CC, View.MLO])
@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4, 5), (5, 4, 3, 2, 1, 0), (2, 0, 5, 1, 4, 3)])
def test_positions_tell_how_frames_lie_upon_each_other_not_their_order(
    tmp_path: Path, order: tuple[int, ...], view: View, positions: bool
) -> None:
    found = of(tmp_path, volume(view=view), reorder(order, positions))
    assert found.stack == order
    assert found.slice_mm == pytest.approx(1.25)
    assert square(found.frame(3))[1] == 80 + 20 * 3


def without(keyword: str) -> Callable[[Dataset], None]:
    def change(ds: Dataset) -> None:
        for group in (*ds.SharedFunctionalGroupsSequence, *ds.PerFrameFunctionalGroupsSequence):
            group.pop(keyword, None)

    return change


def thickness_only(ds: Dataset) -> None:
    without("PlanePositionSequence")(ds)
    del ds.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SpacingBetweenSlices


def unmeasured(ds: Dataset) -> None:
    thickness_only(ds)
    del ds.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SliceThickness


def per_frame_measures(ds: Dataset) -> None:
    measures = ds.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence
    del ds.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence
    for group in ds.PerFrameFunctionalGroupsSequence:
        group.PixelMeasuresSequence = measures


@pytest.mark.parametrize("change", [thickness_only, per_frame_measures])
def test_spacing_is_found_where_makers_put_it(tmp_path: Path, change: Callable[[Dataset], None]) -> None:
    found = of(tmp_path, volume(), change)
    assert (found.slice_mm, found.row_spacing_mm) == (1.25, 0.1)


def empty_middle(ds: Dataset) -> None:
    made = slices()
    made[1:5] = 0
    ds.PixelData = made.astype("<u2").tobytes()


def half_written(ds: Dataset) -> None:
    ds.PixelData = ds.PixelData[: len(ds.PixelData) // 2]


def turned(ds: Dataset) -> None:
    plane = ds.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0]
    plane.ImageOrientationPatient = ["-1", "0", "0", "0", "-1", "0"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (unmeasured, R.SPACING_MISSING),
        (without("PixelMeasuresSequence"), R.SPACING_MISSING),
        (without("FrameAnatomySequence"), R.LATERALITY_UNKNOWN),
        (empty_middle, R.CONTENT_IMPLAUSIBLE),
        (half_written, R.PIXELS_SHORT),
        (turned, R.ORIENTATION_UNKNOWN),
    ],
)
def test_what_cannot_be_shown_rightly_is_refused(
    tmp_path: Path, change: Callable[[Dataset], None], reason: ReasonCode
) -> None:
    assert refused(tmp_path, volume(), change) == reason


def test_a_volume_whose_pixels_contradict_its_orientation_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, volume(slices(RIGHT), side=LEFT)) == R.ORIENTATION_CONFLICT


def test_without_orientation_the_pixels_must_agree_with_the_side(tmp_path: Path) -> None:
    assert of(tmp_path, volume(side=RIGHT), without("PlaneOrientationSequence")).flip.horizontal
    wrong = volume(slices(LEFT), side=RIGHT)
    assert refused(tmp_path, wrong, without("PlaneOrientationSequence")) == R.ORIENTATION_UNKNOWN


def test_a_frame_that_does_not_decode_is_refused_when_it_is_asked_for(tmp_path: Path) -> None:
    """Only the middle is looked at when a volume is opened; the first frame is damaged here."""
    path = tmp_path / "dbt.dcm"
    write_bto(volume(), path, JPEGLSLossless)
    content = path.read_bytes()
    start = content.index(b"\xff\xd8\xff\xf7")
    path.write_bytes(content[: start + 4] + bytes(60) + content[start + 64 :])
    found = opened(path)
    with pytest.raises(UnusableImage) as caught:
        found.frame(0)
    assert caught.value.reason == R.PIXELS_UNDECODABLE
    assert square(found.frame(5))[1] == 180


def test_a_mammogram_is_no_volume_and_a_volume_no_mammogram(tmp_path: Path) -> None:
    mammo, dbt = write(mammogram(), tmp_path / "mg.dcm"), tmp_path / "dbt.dcm"
    write_bto(volume(), dbt)
    with pytest.raises(UnusableImage) as single:
        opened(mammo)
    with pytest.raises(UnusableImage) as many:
        DicomPixelSource(OneFile(dbt)).load(read_image(dbt))
    assert (single.value.reason, many.value.reason) == (R.WRONG_SOP_CLASS, R.TOMOSYNTHESIS)


@given(st.integers(-60, 60), st.sampled_from(["x", "z"]))
def test_letters_name_every_axis_a_direction_runs_along(degrees: int, axis: str) -> None:
    angle = np.radians(degrees)
    along, across = float(np.cos(angle)), float(np.sin(angle))
    found = letters((across, -along, 0.0) if axis == "x" else (0.0, -along, across))
    assert found[0] == "A" or abs(degrees) > 45
    assert ("A" in found) == (along >= 0.25)
    assert bool(set(found) - {"A"}) == (abs(across) >= 0.25)


@pytest.mark.slow
def test_a_volume_of_any_length_is_held_one_frame_at_a_time(tmp_path: Path) -> None:
    rows, columns, frames = 1500, 1200, 40
    path = tmp_path / "dbt.dcm"
    write_bto(volume(slices(frames=frames, rows=rows, columns=columns)), path, JPEGLSLossless)
    tracemalloc.start()
    found = opened(path)
    for number in range(frames):
        found.frame(number)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    one_frame = rows * columns * 4
    assert peak < 8 * one_frame < frames * one_frame / 4
