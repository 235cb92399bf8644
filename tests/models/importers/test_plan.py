"""A plan brings an image to its network as the publishers did, and maps every place back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.errors import CardInvalid
from models.importers.convert import plan_table
from models.importers.kinds import KINDS
from models.importers.plan import Plan, from_table


def _square(rows: int = 400, cols: int = 300, at: tuple[int, int] = (120, 40), size: int = 20) -> NDArray[np.float32]:
    """A breast of even grey with a white square at (row, column)."""
    image = np.zeros((rows, cols), np.float32)
    image[60:340, :200] = 0.5
    image[at[0] : at[0] + size, at[1] : at[1] + size] = 1.0
    return image


@pytest.mark.parametrize("kind", sorted(KINDS))
@given(row=st.integers(80, 300), col=st.integers(10, 170))
@settings(max_examples=8, deadline=None)
def test_a_place_in_the_input_maps_back_to_the_image(kind: str, row: int, col: int) -> None:
    plan = replace(KINDS[kind].plan, rows=256, cols=224)
    prepared = plan.prepare(_square(at=(row, col)), 0.5)
    brightest = prepared.array[0] >= prepared.array[0].max() - 1e-4
    ys, xs = np.nonzero(brightest)
    if xs.size < 20:
        return  # the window left the square out
    x, y = prepared.transform.point_to_source(float(xs.mean()) + 0.5, float(ys.mean()) + 0.5)
    if plan.fit == "window" and (ys.min() == 0 or ys.max() == 255):
        return  # the window cut the square
    assert abs(x - (col + 10)) < 3
    assert abs(y - (row + 10)) < 3
    assert prepared.transform.point_to_input(x, y) == pytest.approx((xs.mean() + 0.5, ys.mean() + 0.5))


def test_gmic_keeps_pixels_pads_with_zeros_and_normalises_the_whole_input() -> None:
    prepared = KINDS["gmic"].plan.prepare(_square(), 0.5)
    assert prepared.array.shape == (1, 2944, 1920)
    assert float(prepared.array.mean(dtype=np.float64)) == pytest.approx(0.0, abs=1e-4)
    assert float(prepared.array.std(dtype=np.float64)) == pytest.approx(1.0, abs=1e-3)
    assert prepared.transform.scale == 1.0
    values = np.unique(np.round(prepared.array * prepared.deviation + prepared.mean, 0))
    assert values.tolist() == [0.0, 2048.0, 4095.0]


def test_the_rsna_form_keeps_the_aspect_and_pads_both_sides_with_black() -> None:
    prepared = KINDS["timm"].plan.prepare(_square(), 0.5)
    assert prepared.array.shape == (3, 2048, 1024)
    grey = prepared.array[0] * prepared.deviation + prepared.mean
    assert np.allclose(grey, np.round(grey), atol=1e-3)
    assert float(grey.min()) == pytest.approx(0.0, abs=1e-3)
    assert 254 <= float(grey.max()) <= 255.001
    black = np.flatnonzero((grey < 0.5).all(1))
    assert 0 in black
    assert 2047 in black
    assert prepared.array[1, 0, 0] == pytest.approx(-0.456 / 0.224, abs=1e-4)


def test_mirai_stretches_the_whole_image_and_repeats_the_grey_channel() -> None:
    prepared = KINDS["mirai"].plan.prepare(_square(), 0.5)
    assert prepared.array.shape == (3, 2048, 1664)
    assert np.array_equal(prepared.array[0], prepared.array[2])
    assert float(prepared.array.min()) == pytest.approx(-7047.99 / 12005.5, abs=1e-4)
    assert prepared.transform.point_to_input(300.0, 400.0) == pytest.approx((1664.0, 2048.0))


def test_every_constant_counts_for_the_hash_and_a_stored_plan_comes_back() -> None:
    plan = KINDS["timm"].plan
    changed = [
        replace(plan, rows=1024),
        replace(plan, white=254.0),
        replace(plan, antialias=True),
        replace(plan, mean=(1.0, 2.0, 3.0)),
    ]
    assert len({other.identity for other in [plan, *changed]}) == 5
    assert from_table(plan_table(plan)) == plan
    assert len({kind.plan.identity for kind in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize("change", [{"rows": -3}, {"rows": "many"}, {"zoom": 2}])
def test_a_damaged_plan_is_refused(change: dict[str, object]) -> None:
    table = plan_table(KINDS["gmic"].plan) | change
    with pytest.raises(CardInvalid):
        from_table(table)
    del table["white"]
    with pytest.raises(CardInvalid, match="white"):
        from_table(table)


def test_the_mask_follows_the_image() -> None:
    plan: Plan = replace(KINDS["mirai"].plan, rows=200, cols=150)
    prepared = plan.prepare(_square(), 0.5)
    assert prepared.breast.shape == (200, 150)
    assert prepared.breast[100, 20]
    assert not prepared.breast[5, 140]
    assert not prepared.breast[100, 140]
