"""From a tomosynthesis volume to its prediction: its slabs' maps, the frame of each region, and crops of those frames.

Held at any time: the maps of the slabs, one slab, one frame of the caller's. Frames are decoded twice at most: once for
the slabs, and again those few that a region is best seen in (and a few probes).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.crops import crop
from models.errors import InputInvalid
from models.ood import describe
from models.pipeline import Whole, read, sigmoid
from models.slabs import prepare_volume, stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.engines.protocol import Engine
    from models.ood import OodReference
    from models.predictions import FrameSource, ViewPrediction
    from models.preprocess import PreparedView
    from models.regions import Candidate

    Array = NDArray[np.float32]

NEIGHBOURS = 2
"""Slabs on each side of a region's strongest one that have a say in its frame."""


class VolumePipeline:
    """Reads tomosynthesis volumes with one engine. `ood` are the statistics stored with the weights."""

    def __init__(self, engine: Engine, ood: OodReference) -> None:
        self._engine = engine
        self._ood = ood

    def predict(self, prepared: PreparedView) -> ViewPrediction:
        """Always raises InputInvalid: this model reads volumes."""
        raise InputInvalid(f"a model of volumes cannot read a single image of {prepared.source_shape} pixels")

    def predict_volume(self, frames: FrameSource) -> ViewPrediction:
        """Return the prediction for one volume. Raises InputInvalid."""
        prepared = prepare_volume(frames)
        whole, places = self.whole(frames, prepared)
        return read(self._engine, self._ood, prepared, whole, places)

    def descriptor(self, frames: FrameSource) -> NDArray[np.float64]:
        """Return the volume's out-of-distribution descriptor, as training collects it. Raises InputInvalid."""
        prepared = prepare_volume(frames)
        return describe(prepared, self.whole(frames, prepared)[0].features[0])

    def whole(self, frames: FrameSource, prepared: PreparedView) -> tuple[Whole, Slabs]:
        """The volume as one image: each cell from the slab where it is most suspicious, the rest weighed over slabs."""
        answers, heights = [], []
        for slab in stream(frames, prepared):
            answers.append(self._engine.run("global", slab.array[None]))
            heights.append(slab.centre_mm)
        cells, pooled, density, features = (np.concatenate(parts) for parts in zip(*answers, strict=True))
        pooled, density, features, _ = self._engine.run("slabs", pooled, density, features)
        best = cells[:, 0].argmax(0)
        strongest = np.take_along_axis(cells, best[None, None], 0)[0]
        places = Slabs(frames, prepared, cells[:, 0], best, np.array(heights))
        return Whole(strongest, pooled, density, features), places


class Slabs:
    """Where candidates of a volume lie: `cells` (S, h, w) malignancy logits, `best` (h, w) their strongest slab."""

    def __init__(
        self,
        frames: FrameSource,
        prepared: PreparedView,
        cells: Array,
        best: NDArray[np.intp],
        heights: NDArray[np.float64],
    ) -> None:
        self._frames = frames
        self._prepared = prepared
        self._cells = cells
        self._best = best
        self._heights = heights

    def frame(self, peak: Candidate) -> int:
        """Return the frame at the suspicion-weighted mean height of the slabs around the strongest one."""
        best = int(self._best[peak.row, peak.col])
        near = slice(max(0, best - NEIGHBOURS), best + NEIGHBOURS + 1)
        return frame_at(sigmoid(self._cells[near, peak.row, peak.col]), self._heights[near], self._frames)

    def crops(self, centres: Sequence[tuple[float, float]], peaks: Sequence[Candidate]) -> Array:
        """Return a crop of each candidate's frame; a frame that several share is decoded once."""
        of = [self.frame(peak) for peak in peaks]
        found: dict[int, Array] = {}
        for wanted in sorted(set(of)):
            pixels = self._frames.frame(wanted)
            for index in [index for index, frame in enumerate(of) if frame == wanted]:
                level = self._prepared.mean, self._prepared.deviation
                found[index] = crop(pixels, self._frames.pixel_mm, centres[index], *level)
        return np.stack([found[index] for index in range(len(of))])


def frame_at(weights: Array, heights: NDArray[np.float64], frames: FrameSource) -> int:
    """Return the frame that holds the weighted mean of heights (mm above the first frame's lower face)."""
    height = float((weights * heights).sum() / max(float(weights.sum()), 1e-9))
    return min(frames.count - 1, max(0, int(height / frames.slice_mm)))
