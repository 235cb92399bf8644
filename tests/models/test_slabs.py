"""Slabs of a volume: cover every frame, hold mean and maximum, and never keep the volume."""

from __future__ import annotations

import tracemalloc
import weakref
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.errors import InputInvalid
from models.preprocess import SETTINGS, normalise, resample
from models.slabs import plan, prepare_volume, stream
from tests.models.known import breast_picture


@dataclass
class Volume:
    """Frames made on demand that know how many of them are alive."""

    count: int = 12
    pixel_mm: float = 0.3
    slice_mm: float = 1.0
    asked: list[int] = field(default_factory=list)
    alive: list[weakref.ref[NDArray[np.float32]]] = field(default_factory=list)
    most: int = 0

    def frame(self, index: int) -> NDArray[np.float32]:
        """One breast whose grain changes with the frame."""
        self.asked.append(index)
        made = breast_picture(500, 400) * np.float32(0.8 + 0.2 * np.sin(index))
        self.alive = [*(ref for ref in self.alive if ref() is not None), weakref.ref(made)]
        self.most = max(self.most, len(self.alive))
        return made


@given(count=st.integers(1, 150), slice_mm=st.sampled_from([0.5, 0.8, 1.0, 1.5, 3.0, 10.0]))
def test_slabs_cover_every_frame_in_order_and_are_never_thicker_than_stated(count: int, slice_mm: float) -> None:
    slabs = plan(count, slice_mm)
    assert {frame for first, last in slabs for frame in range(first, last + 1)} == set(range(count))
    assert list(slabs) == sorted(slabs)
    assert len(set(slabs)) == len(slabs)
    assert all((last - first + 1) * slice_mm <= max(SETTINGS.slab_mm + slice_mm / 2, slice_mm) for first, last in slabs)


@pytest.mark.parametrize(("count", "slice_mm"), [(0, 1.0), (5, 0.0), (5, -1.0)])
def test_what_is_no_volume_is_refused(count: int, slice_mm: float) -> None:
    with pytest.raises(InputInvalid):
        plan(count, slice_mm)


def test_a_slab_is_the_mean_and_the_maximum_of_its_frames() -> None:
    volume = Volume()
    prepared = prepare_volume(volume)
    slabs = list(stream(volume, prepared))
    frames = np.stack([resample(volume.frame(index), prepared.transform) for index in range(volume.count)])
    assert len(slabs) == len(plan(volume.count, volume.slice_mm)) == 3
    for slab, (first, last) in zip(slabs, plan(volume.count, volume.slice_mm), strict=True):
        inside = frames[first : last + 1]
        for channel, expected in zip(slab.array, (inside.mean(0), inside.max(0)), strict=True):
            wanted = normalise(expected, prepared.mean, prepared.deviation)
            assert np.allclose(channel[prepared.breast], wanted[prepared.breast], atol=1e-4)
            assert (channel[~prepared.breast] == SETTINGS.clip_low).all()
        assert slab.centre_mm == pytest.approx((first + last + 1) / 2)


def test_each_frame_is_decoded_once_for_the_slabs_and_hardly_any_is_held() -> None:
    volume = Volume(count=30)
    prepared = prepare_volume(volume)
    volume.asked.clear()
    tracemalloc.start()
    for _ in stream(volume, prepared):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert volume.asked == list(range(30))
    assert volume.most <= 3
    grid = SETTINGS.rows * SETTINGS.cols * 4
    assert peak < 24 * grid
