"""Streams a tomosynthesis volume into slabs, one frame at a time; the volume is never held.

A slab is `slab_mm` thick and one begins every `slab_step_mm`; it has two channels, the mean and the maximum of its
frames on the 0.3 mm grid. The breast, its crop and its grey values are taken from a few probe frames in the middle, so
every slab and every crop of a volume is cut and normalised alike.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.errors import InputInvalid
from models.preprocess import SETTINGS, normalise, prepare, resample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from models.predictions import FrameSource
    from models.preprocess import PreparedView

PROBES = (0.3, 0.5, 0.7)
"""Where in the volume the probe frames lie, as shares of its thickness."""


@dataclass(frozen=True, slots=True, eq=False)
class Slab:
    """`array` is float32 (2, H, W), normalised mean and maximum, air at the lower clip; `centre` its height in mm."""

    array: NDArray[np.float32]
    centre_mm: float


@dataclass(slots=True)
class _Open:
    """A slab that still takes frames: the sum and the maximum of `count` frames up to `last`, heights in mm."""

    first: int
    last: int
    total: NDArray[np.float32]
    highest: NDArray[np.float32]
    count: int = 0

    def take(self, frame: NDArray[np.float32]) -> None:
        self.total += frame
        np.maximum(self.highest, frame, out=self.highest)
        self.count += 1


def plan(count: int, slice_mm: float) -> tuple[tuple[int, int], ...]:
    """Return the first and last frame (0-based, inclusive) of every slab; together they cover all `count` frames.

    >>> plan(12, 1.0)
    ((0, 5), (3, 8), (6, 11))
    >>> plan(4, 1.0)
    ((0, 3),)

    Raises InputInvalid without frames or with a distance between frames that is not positive.
    """
    if count < 1 or not slice_mm > 0.0:
        raise InputInvalid("a volume has at least one frame and a positive distance between frames")
    thick = max(1, round(SETTINGS.slab_mm / slice_mm))
    step = max(1, round(SETTINGS.slab_step_mm / slice_mm))
    slabs = [(start, start + thick - 1) for start in range(0, max(1, count - thick + 1), step)]
    slabs = [(first, min(last, count - 1)) for first, last in slabs]
    if slabs[-1][1] < count - 1:
        slabs.append((max(0, count - thick), count - 1))
    return tuple(slabs)


def prepare_volume(frames: FrameSource) -> PreparedView:
    """Return the volume's geometry, breast and grey values, from the mean of its probe frames. Raises InputInvalid."""
    if frames.count < 1:
        raise InputInvalid("a volume has at least one frame")
    indices = sorted({min(frames.count - 1, int(share * frames.count)) for share in PROBES})
    total = frames.frame(indices[0]).astype(np.float32)
    for index in indices[1:]:
        total = total + frames.frame(index)
    return prepare(total / np.float32(len(indices)), frames.pixel_mm)


def stream(frames: FrameSource, prepared: PreparedView) -> Iterator[Slab]:
    """Yield the slabs in order of height; the next frame is decoded while the caller works on a slab. One at a time.

    Raises InputInvalid.
    """
    waiting: list[_Open] = []
    todo = list(plan(frames.count, frames.slice_mm))
    for index, frame in enumerate(_frames(frames, prepared)):
        while todo and todo[0][0] == index:
            waiting.append(_Open(*todo.pop(0), *_blank()))
        for slab in waiting:
            slab.take(frame)
        while waiting and waiting[0].last == index:
            yield _close(waiting.pop(0), prepared, frames.slice_mm)


def _frames(frames: FrameSource, prepared: PreparedView) -> Iterator[NDArray[np.float32]]:
    """Every frame on the input grid, one ahead of the caller."""

    def one(index: int) -> NDArray[np.float32]:
        return resample(frames.frame(index), prepared.transform)

    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(one, 0)
        for index in range(1, frames.count):
            frame, ahead = ahead.result(), pool.submit(one, index)
            yield frame
        yield ahead.result()


def _blank() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    shape = SETTINGS.rows, SETTINGS.cols
    return np.zeros(shape, np.float32), np.full(shape, -np.inf, np.float32)


def _close(slab: _Open, prepared: PreparedView, slice_mm: float) -> Slab:
    """Normalise both channels by the breast's grey values."""
    channels = np.stack([slab.total / np.float32(slab.count), slab.highest])
    scaled = normalise(channels, prepared.mean, prepared.deviation)
    array = np.where(prepared.breast, scaled, np.float32(SETTINGS.clip_low))
    return Slab(array, (slab.first + slab.last + 1) / 2 * slice_mm)
