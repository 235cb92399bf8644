"""Full-resolution crops: centred where asked, at one scale whatever the detector's pitch, air beyond the edge."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.crops import crop, local_crop
from models.preprocess import SETTINGS, prepare
from tests.models.known import breast_picture

SIZE = SETTINGS.crop_px


@settings(max_examples=25, deadline=None)
@given(x=st.integers(2, 397), y=st.integers(2, 297), pixel_mm=st.sampled_from([0.05, 0.07, 0.1, 0.2, 0.3]))
def test_the_pixel_asked_for_is_in_the_middle(x: int, y: int, pixel_mm: float) -> None:
    image = np.zeros((300, 400), np.float32)
    image[y, x] = 1.0
    found = crop(image, pixel_mm, (x + 0.5, y + 0.5), 0.0, 1.0)[0]
    row, col = np.argwhere(found == found.max()).mean(0)
    assert found.max() > 0
    assert (row, col) == pytest.approx(((SIZE - 1) / 2,) * 2, abs=1.0)


def test_the_scale_does_not_depend_on_the_pitch() -> None:
    image = breast_picture(400, 320, at=(120, 200))
    fine = np.repeat(np.repeat(image, 2, 0), 2, 1)
    coarse, doubled = crop(image, 0.2, (120, 200), 0.4, 0.1), crop(fine, 0.1, (240, 400), 0.4, 0.1)
    assert np.abs(coarse - doubled).mean() < 0.2
    assert (coarse[0] > 4).sum() == pytest.approx((doubled[0] > 4).sum(), rel=0.05)


def test_beyond_the_image_is_air_and_values_are_the_breast_s_deviations() -> None:
    image = np.full((300, 300), 0.5, np.float32)
    corner = crop(image, 0.1, (0.0, 0.0), 0.4, 0.1)[0]
    assert corner[: SIZE // 2 - 1].max() == SETTINGS.clip_low
    assert corner[SIZE // 2 + 1 :, SIZE // 2 + 1 :] == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("centre", [(-4000.0, 50.0), (50.0, 9000.0)])
def test_a_crop_that_misses_the_image_is_all_air(centre: tuple[float, float]) -> None:
    assert (crop(np.ones((100, 100), np.float32), 0.1, centre, 0.4, 0.1) == SETTINGS.clip_low).all()


def test_a_prepared_view_s_crop_uses_its_own_grey_values() -> None:
    image = breast_picture(at=(200, 450))
    prepared = prepare(image, 0.2)
    expected = (0.95 - prepared.mean) / prepared.deviation
    middle = local_crop(prepared, (200.0, 450.0))[0, SIZE // 2 - 4 : SIZE // 2 + 4, SIZE // 2 - 4 : SIZE // 2 + 4]
    assert middle == pytest.approx(min(expected, SETTINGS.clip_high), abs=0.01)
