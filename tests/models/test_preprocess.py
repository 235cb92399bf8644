"""Preprocessing: geometry that inverts exactly, a crop that finds the breast, and values that do not depend on gain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models import phantom
from models.errors import InputInvalid
from models.preprocess import SETTINGS, PreparedView, ViewTransform, identity, prepare
from models.train.samples import presentation

coordinate = st.floats(-5000, 5000, allow_nan=False)
transforms = st.builds(ViewTransform, coordinate, coordinate, st.floats(0.02, 4.0))


def ellipse(rows: int, cols: int, depth: float = 0.5, height: float = 0.35) -> NDArray[np.float32]:
    """A breast-like half ellipse, chest wall left, with some inner structure."""
    y, x = np.mgrid[0:rows, 0:cols]
    inside = (x / (depth * cols)) ** 2 + ((y - rows / 2) / (height * rows)) ** 2 < 1
    texture = 0.4 + 0.15 * np.sin(x / cols * 40) * np.cos(y / rows * 30)
    return np.asarray(np.where(inside, texture, 0.0), np.float32)


@given(transforms, coordinate, coordinate)
def test_points_go_to_the_input_and_back(transform: ViewTransform, x: float, y: float) -> None:
    assert transform.point_to_source(*transform.point_to_input(x, y)) == pytest.approx((x, y), abs=1e-6)


@given(transforms, st.tuples(coordinate, coordinate, coordinate, coordinate))
def test_boxes_go_to_the_input_and_back(transform: ViewTransform, box: tuple[float, float, float, float]) -> None:
    assert transform.box_to_source(transform.box_to_input(box)) == pytest.approx(box, abs=1e-6)


@settings(max_examples=30)
@given(
    row=st.integers(120, 520),
    col=st.integers(20, 250),
    pixel_mm=st.sampled_from([0.07, 0.1, 0.15, 0.3, 0.45]),
)
def test_a_bright_spot_lands_where_the_transform_says(row: int, col: int, pixel_mm: float) -> None:
    image = np.where(ellipse(640, 512, 0.9, 0.45) > 0, 0.3, 0.0).astype(np.float32)
    spot = slice(row - 6, row + 6), slice(col - 6, col + 6)
    image[spot] = 1.0
    prepared = prepare(image, pixel_mm)
    assume(image[row, col - 12] > 0 and image[row, col + 12] > 0)
    weight = np.where(
        prepared.breast, np.clip(prepared.array[0] - np.median(prepared.array[0][prepared.breast]), 0, 9), 0
    )
    weight[weight < weight.max() / 2] = 0
    ys, xs = np.mgrid[0 : weight.shape[0], 0 : weight.shape[1]] + 0.5
    found = prepared.transform.point_to_source((xs * weight).sum() / weight.sum(), (ys * weight).sum() / weight.sum())
    assert found == pytest.approx((col, row), abs=1.5 / prepared.transform.scale * 0.5 + 0.75)


def test_input_has_the_model_s_size_pitch_and_range() -> None:
    view = phantom.breast(3, phantom.ExamSpec(), "L")[0]
    prepared = prepare(presentation(view), view.pixel_mm)
    assert prepared.array.shape == (1, SETTINGS.rows, SETTINGS.cols)
    assert prepared.array.dtype == np.float32
    assert prepared.array.min() == SETTINGS.clip_low
    assert prepared.transform.scale == pytest.approx(view.pixel_mm / SETTINGS.pitch_mm)
    inside = prepared.array[0][prepared.breast]
    assert abs(inside.mean()) < 0.1
    assert inside.std() == pytest.approx(1.0, abs=0.1)


@settings(max_examples=20)
@given(gain=st.floats(0.3, 0.9), offset=st.floats(0.0, 0.05))
def test_gain_and_air_level_of_the_device_do_not_matter(gain: float, offset: float) -> None:
    image = ellipse(320, 256)
    plain, changed = prepare(image, 0.6), prepare((image * gain + offset).astype(np.float32), 0.6)
    assert np.allclose(plain.array, changed.array, atol=2e-3)


def test_a_burned_in_marker_is_cropped_away() -> None:
    image = ellipse(640, 512)
    marked = image.copy()
    marked[20:60, 430:500] = 1.0
    plain, other = prepare(image, 0.3), prepare(marked, 0.3)
    assert other.transform == plain.transform
    assert (other.breast != plain.breast).mean() < 1e-3
    assert not other.breast[20:60, 430:].any()


def test_shrinking_averages_and_does_not_alias() -> None:
    image = ellipse(1280, 1024)
    image[::2, :] *= 0.5
    prepared = prepare(image, 0.15)
    middle = prepared.array[0][220:420, 20]
    assert prepared.breast[220:420, 20].all()
    assert np.abs(np.diff(middle)).max() < 0.5


def test_a_breast_larger_than_the_input_is_shrunk_and_noted() -> None:
    prepared = prepare(ellipse(900, 700, 0.8, 0.48), 0.4)
    assert "breast_reduced" in prepared.notes
    assert prepared.transform.scale < 0.4 / SETTINGS.pitch_mm
    assert prepared.breast[:, -30:].mean() < 0.5


def test_tissue_that_runs_off_the_far_edge_is_noted() -> None:
    assert "breast_cut_off" in prepare(ellipse(640, 512, 1.6, 0.48), 0.3).notes
    assert "breast_cut_off" not in prepare(ellipse(640, 512), 0.3).notes


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_flat_image_shows_no_breast(value: float) -> None:
    prepared = prepare(np.full((400, 300), value, np.float32), 0.3)
    assert prepared.notes == ("no_breast",)
    assert not prepared.breast.any()
    assert prepared.breast_fraction == 0.0


@pytest.mark.parametrize(
    ("image", "pixel_mm"),
    [
        (np.zeros((4, 300), np.float32), 0.1),
        (np.zeros((2, 300, 300), np.float32), 0.1),
        (np.zeros((300, 300), np.float32), 0.0),
        (np.full((300, 300), np.nan, np.float32), 0.1),
    ],
)
def test_what_is_no_view_is_refused(image: NDArray[np.float32], pixel_mm: float) -> None:
    with pytest.raises(InputInvalid):
        prepare(image, pixel_mm)


def test_the_identity_covers_every_constant() -> None:
    name, digest = identity()
    assert name == "breast-crop-2"
    assert digest == "d9910e018fbb93bb7dbf87b96f3f60c6ea2012d2a149b2063ae2f209403d9e19"


def test_a_full_size_view_comes_to_the_input_s_size_and_keeps_its_own_pixels() -> None:
    image = ellipse(3328, 2560)
    result: PreparedView = prepare(image, 0.07)
    assert result.array.shape == (1, 640, 448)
    assert result.pixels is image
    assert result.transform.scale == pytest.approx(0.07 / 0.3)
    assert result.breast.any()
