"""Where on a view the network sees evidence of cancer, on the grid of the picture a person looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.predictions import ViewPrediction
from readers.ai.views import ENGINE_ERRORS, ViewModel
from screening.domain.errors import UnusableImage
from screening.domain.geometry import Box
from screening.workflow.ports import PresentationImage, PresentationVolume

SLAB_MM: Final = 6.0
"""Thickness of what is read again around a frame: about that of one slab of the models."""


@dataclass(frozen=True, eq=False)
class SaliencyMap:
    """Raw evidence 0..1, float32 (h, w) cells, and the box in picture pixels that the cells cover."""

    cells: NDArray[np.float32]
    box: Box


def saliency_map(prediction: ViewPrediction) -> SaliencyMap:
    """The map of a prediction, in pixels of the picture that was predicted."""
    height, width = prediction.saliency.shape
    box = prediction.saliency_transform.box_to_source((0.0, 0.0, float(width), float(height)))
    return SaliencyMap(prediction.saliency, box)


def saliency_of(model: ViewModel, picture: PresentationImage) -> SaliencyMap | None:
    """Run the model on one picture again and keep its map; None when the model cannot read it, or fails.

    Made on request instead of with every read: the read stays small, and a stored one can still be explained.
    """
    try:
        prepared = model.prepare(picture.pixels, (picture.row_spacing_mm + picture.column_spacing_mm) / 2)
        return saliency_map(model.predict(prepared))
    except ENGINE_ERRORS:
        return None


class SlabFrames:
    """The `FrameSource` of the frames around one of a volume: those that a slab with it in the middle is made of."""

    def __init__(self, volume: PresentationVolume, index: int) -> None:
        """`index` is that of a stored frame, from 0."""
        self._volume = volume
        self.count = min(volume.frames, max(1, round(SLAB_MM / volume.slice_mm)))
        below = volume.stack.index(index) - self.count // 2
        first = min(max(below, 0), volume.frames - self.count)
        self._stored = volume.stack[first : first + self.count]
        self.pixel_mm = (volume.row_spacing_mm + volume.column_spacing_mm) / 2
        self.slice_mm = volume.slice_mm

    def frame(self, index: int) -> NDArray[np.float32]:
        """Frame `index` of the slab, the lowest first. Raises UnusableImage."""
        return self._volume.frame(self._stored[index])


def slab_saliency_of(model: ViewModel, volume: PresentationVolume, index: int) -> SaliencyMap | None:
    """Run the model on the slab around stored frame `index` and keep its map; None when it cannot read it, or fails.

    The slab alone, because the map of a whole volume would lay evidence from other depths over this frame.
    """
    try:
        return saliency_map(model.predict_volume(SlabFrames(volume, index)))
    except (UnusableImage, *ENGINE_ERRORS):
        return None
