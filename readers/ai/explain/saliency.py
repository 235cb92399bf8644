"""Where on a view the network sees evidence of cancer, on the grid of the picture a person looks at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.predictions import ViewPrediction
from readers.ai.views import ENGINE_ERRORS, ViewModel
from screening.domain.geometry import Box
from screening.workflow.ports import PresentationImage


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
