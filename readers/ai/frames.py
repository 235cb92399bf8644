"""A presentation volume as a model wants its frames: stacked in space, their decoding timed.

Decoding ahead is the model's business: it knows which frames it wants next. Nothing is kept here.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from screening.workflow.ports import PresentationVolume


class StackedFrames:
    """The `FrameSource` of a volume: index 0 is the frame next to the detector, wherever it is stored.

    `decoding` is the time spent decoding so far, in whichever thread.
    """

    def __init__(self, volume: PresentationVolume, seconds: Callable[[], float]) -> None:
        self._volume, self._seconds = volume, seconds
        self.count = volume.frames
        self.pixel_mm = (volume.row_spacing_mm + volume.column_spacing_mm) / 2
        self.slice_mm = volume.slice_mm
        self.decoding = 0.0

    def frame(self, index: int) -> NDArray[np.float32]:
        """Frame `index` of the stack as float32 (rows, columns) 0..1. Raises UnusableImage."""
        begun = self._seconds()
        pixels = self._volume.frame(self._volume.stack[index])
        self.decoding += self._seconds() - begun
        return pixels

    def stored(self, index: int | None) -> int | None:
        """Index (from 0) at which a frame of the stack is stored; None stays None."""
        return None if index is None else self._volume.stack[index]
