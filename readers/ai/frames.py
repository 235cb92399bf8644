"""A presentation volume as a model wants its frames: stacked in space, decoded one ahead, its time counted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from readers.ai.pipeline import Reel
from screening.workflow.ports import PresentationVolume


class StackedFrames:
    """The `FrameSource` of a volume: index 0 is the frame next to the detector, wherever it is stored.

    Use as a context. `waited` is the time the caller spent waiting for pixels.
    """

    def __init__(self, volume: PresentationVolume, seconds: Callable[[], float]) -> None:
        self._stack, self._seconds = volume.stack, seconds
        self._reel = Reel(lambda index: volume.frame(volume.stack[index]), volume.frames)
        self.count = volume.frames
        self.pixel_mm = (volume.row_spacing_mm + volume.column_spacing_mm) / 2
        self.slice_mm = volume.slice_mm
        self.waited = 0.0

    def __enter__(self) -> StackedFrames:
        return self

    def __exit__(self, *_error: object) -> None:
        self._reel.__exit__()

    def frame(self, index: int) -> NDArray[np.float32]:
        """Frame `index` of the stack as float32 (rows, columns) 0..1. Raises UnusableImage."""
        begun = self._seconds()
        pixels = self._reel.get(index)
        self.waited += self._seconds() - begun
        return pixels

    def stored(self, index: int | None) -> int | None:
        """Index (from 0) at which a frame of the stack is stored; None stays None."""
        return None if index is None else self._stack[index]
