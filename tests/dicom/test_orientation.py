"""Every breast is shown chest wall left and head (or lateral side) up, or refused when header and pixels disagree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from screening.dicom.orientation import (
    Orientation,
    Side,
    apply_flip,
    check_header,
    derive_flip,
    is_upside_down,
    patient_orientation,
)
from screening.domain.errors import UnusableImage
from screening.domain.geometry import Flip
from screening.domain.quality import ReasonCode
from screening.domain.study import Laterality, View
from tests.dicom.builders import changed

L, R = Laterality.LEFT, Laterality.RIGHT
SHAPE = (30, 20)
flips = st.builds(Flip, st.integers(1, 24), st.integers(1, 24), st.booleans(), st.booleans())


@pytest.mark.parametrize(
    ("row", "column", "side", "view", "horizontal", "vertical"),
    [
        ("A", "R", L, View.CC, False, False),
        ("P", "L", R, View.CC, True, False),
        ("A", "FR", L, View.MLO, False, False),
        ("P", "FL", R, View.MLO, True, False),
        ("A", "F", L, View.ML, False, False),
        ("P", "F", R, View.LM, True, False),
        ("P", "L", L, View.CC, True, True),
        ("A", "R", R, View.CC, False, True),
        ("A", "L", R, View.CC, False, False),
        ("A", "L", L, View.FB, False, True),
        ("P", "HL", L, View.MLO, True, True),
        ("AR", "RP", L, View.XCCL, False, False),
    ],
)
def test_the_flip_follows_the_header(
    row: str, column: str, side: Laterality, view: View, horizontal: bool, vertical: bool
) -> None:
    orientation = Orientation(row, column)
    flip = derive_flip(orientation, side, view, SHAPE, orientation.chest_wall)
    assert (flip.horizontal, flip.vertical) == (horizontal, vertical)


@given(flips)
def test_flipping_twice_changes_nothing(flip: Flip) -> None:
    pixels = np.arange(flip.rows * flip.columns, dtype=np.float32).reshape(flip.rows, flip.columns)
    turned = apply_flip(pixels, flip)
    assert turned.flags.c_contiguous
    assert np.array_equal(apply_flip(turned, flip), pixels)


@given(flips, st.data())
def test_a_box_on_the_shown_image_lands_on_the_same_stored_pixels(flip: Flip, data: st.DataObject) -> None:
    stored = np.arange(flip.rows * flip.columns, dtype=np.float32).reshape(flip.rows, flip.columns)
    x0, x1 = sorted((data.draw(st.integers(0, flip.columns)), data.draw(st.integers(0, flip.columns))))
    y0, y1 = sorted((data.draw(st.integers(0, flip.rows)), data.draw(st.integers(0, flip.rows))))
    shown = set(apply_flip(stored, flip)[y0:y1, x0:x1].ravel())
    left, top, right, bottom = (int(edge) for edge in flip.to_stored((x0, y0, x1, y1)))
    assert set(stored[top:bottom, left:right].ravel()) == shown


@given(st.sampled_from([L, R]), st.sampled_from([View.CC, View.MLO]), st.sampled_from("AP"), st.sampled_from(Side))
def test_pixels_on_the_other_side_than_stated_are_refused(side: Laterality, view: View, row: str, seen: Side) -> None:
    orientation = Orientation(row, "FR" if view is View.MLO else "R")
    assume(orientation.chest_wall is not seen)
    with pytest.raises(UnusableImage) as caught:
        derive_flip(orientation, side, view, SHAPE, seen)
    assert caught.value.reason == ReasonCode.ORIENTATION_CONFLICT


def test_unclear_pixels_leave_the_header_standing() -> None:
    assert derive_flip(Orientation("P", "L"), R, View.CC, SHAPE, None).horizontal


@pytest.mark.parametrize(("side", "seen", "horizontal"), [(L, Side.LEFT, False), (R, Side.RIGHT, True)])
def test_without_a_header_the_pixels_must_show_the_usual_side(side: Laterality, seen: Side, horizontal: bool) -> None:
    flip = derive_flip(None, side, View.MLO, SHAPE, seen)
    assert (flip.horizontal, flip.vertical) == (horizontal, False)


@pytest.mark.parametrize(("side", "seen"), [(L, Side.RIGHT), (R, Side.LEFT), (L, None), (R, None)])
def test_without_a_header_other_pixels_are_refused(side: Laterality, seen: Side | None) -> None:
    with pytest.raises(UnusableImage) as caught:
        derive_flip(None, side, View.MLO, SHAPE, seen)
    assert caught.value.reason == ReasonCode.ORIENTATION_UNKNOWN


@pytest.mark.parametrize(("row", "column"), [("R", "P"), ("F", "A"), ("A", "A"), ("A", "P")])
def test_a_direction_that_does_not_tell_is_refused(row: str, column: str) -> None:
    with pytest.raises(UnusableImage) as caught:
        derive_flip(Orientation(row, column), L, View.MLO, SHAPE, None)
    assert caught.value.reason == ReasonCode.ORIENTATION_UNKNOWN


@pytest.mark.parametrize("written", [None, "A", ["A", ""], ["A", "R", "F"], ["X", "Y"], ["ANT", "RIGHT"], ""])
def test_what_is_no_patient_orientation_counts_as_missing(written: object) -> None:
    assert patient_orientation(changed(Dataset(), {"PatientOrientation": written})) is None


def test_lower_case_is_forgiven() -> None:
    assert patient_orientation(changed(Dataset(), {"PatientOrientation": ["a", "fr"]})) == Orientation("A", "FR")


@pytest.mark.parametrize("side", [L, R])
def test_an_oblique_view_tells_its_breast_by_the_medial_direction(side: Laterality) -> None:
    own, other = ("R", "L") if side is L else ("L", "R")
    assert check_header(Orientation("A", f"F{own}"), side, View.MLO) is None
    assert check_header(Orientation("A", f"H{other}"), side, View.MLO) is None
    assert check_header(Orientation("A", f"F{other}"), side, View.MLO) is ReasonCode.LATERALITY_CONFLICT
    assert check_header(Orientation("A", "F"), side, View.MLO) is None
    assert check_header(Orientation("A", f"F{other}"), side, View.ML) is None


@given(st.sampled_from([L, R]), st.sampled_from([View.CC, View.XCCL, View.FB]))
def test_the_lateral_side_is_up_in_views_along_the_body(side: Laterality, view: View) -> None:
    medial = "R" if side is L else "L"
    assert is_upside_down(Orientation("A", medial), side, view) is False
    assert is_upside_down(Orientation("A", side.value), side, view) is True
    assert is_upside_down(Orientation("A", "F"), side, view) is None
