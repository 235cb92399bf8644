"""Where on a view the network sees evidence of cancer, on the grid of the picture a person looks at.

The maps are those of the very run that made the read: an explanation of another run would explain another read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.predictions import ViewPrediction
from screening.domain.ai_read import AiRead
from screening.domain.geometry import Box
from screening.domain.identifiers import SopInstanceUid

MOST_CELLS: Final = 1 << 16
"""Cells of a map that are kept, 256 kB; our networks' have some thousand. A map is not a picture."""


@dataclass(frozen=True, eq=False)
class SaliencyMap:
    """Raw evidence 0..1, float32 (h, w) cells, and the box in picture pixels that the cells cover.

    `all_depths` says that it is of a volume: each cell shows the strongest evidence of any depth.
    """

    cells: NDArray[np.float32]
    box: Box
    all_depths: bool = False

    @property
    def drawable(self) -> bool:
        """Whether it is a small map of finite numbers."""
        return self.cells.ndim == 2 and 0 < self.cells.size <= MOST_CELLS and bool(np.isfinite(self.cells).all())


@dataclass(frozen=True)
class ExplainedRead:
    """A read, and the maps of the images it used where the reader has them."""

    read: AiRead
    saliency: Mapping[SopInstanceUid, SaliencyMap]


def saliency_map(prediction: ViewPrediction, all_depths: bool = False) -> SaliencyMap:
    """The map of a prediction, in pixels of the picture that was predicted."""
    height, width = prediction.saliency.shape
    box = prediction.saliency_transform.box_to_source((0.0, 0.0, float(width), float(height)))
    return SaliencyMap(prediction.saliency, box, all_depths)
