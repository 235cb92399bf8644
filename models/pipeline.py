"""From a prepared view to its prediction, in numpy: the graphs an engine runs are the only thing it does not do itself.

global graph -> regions where its map peaks -> full-resolution crops of them -> local graph -> view graph, which scores
every region again, says what share of the evidence each is, and gives the view's score and embedding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from models.architectures.graphs import CROPS, LOCAL_FEATURES, LOGITS
from models.crops import local_crop
from models.errors import InputInvalid
from models.labels import DENSITIES, LESION_TYPES
from models.ood import NO_BREAST, describe
from models.predictions import ViewPrediction
from models.preprocess import SETTINGS, ViewTransform
from models.regions import Region, RegionRules, candidates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.engines.protocol import Engine
    from models.ood import OodReference
    from models.predictions import FrameSource
    from models.preprocess import PreparedView
    from models.regions import Candidate

    Array = NDArray[np.float32]
    Box = tuple[float, float, float, float]

CANDIDATES = RegionRules(floor=0.02, most=CROPS)
"""Lower than a mark needs to be: the crop may find more than the map did."""


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """What the whole image says: cells (5, h, w), pooled (1, 5), density (1, 4), features (1, F), all raw."""

    cells: Array
    pooled: Array
    density: Array
    features: Array


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What the view graph was given and said: `regions` (K, 10 + G) its input, `scores` (K, 5) logits from it."""

    logit: Array
    types: Array
    regions: Array
    scores: Array
    attention: Array
    embedding: Array


class Places(Protocol):
    """Where a candidate lies beyond the map: its crop, and its frame in a volume."""

    def crops(self, centres: Sequence[tuple[float, float]], peaks: Sequence[Candidate]) -> Array:
        """Return the crops (K, C, 192, 192) around centres in the caller's pixels."""

    def frame(self, peak: Candidate) -> int | None:
        """Return the 0-based frame of a candidate, None in a 2D image."""


class ImagePipeline:
    """Reads single images with one engine. `ood` are the statistics stored with the weights."""

    def __init__(self, engine: Engine, ood: OodReference) -> None:
        self._engine = engine
        self._ood = ood

    def predict(self, prepared: PreparedView) -> ViewPrediction:
        """Return the prediction for one prepared view; one without a breast is far outside and has no regions."""
        return read(self._engine, self._ood, prepared, self.whole(prepared), ImagePlaces(prepared))

    def predict_volume(self, frames: FrameSource) -> ViewPrediction:
        """Always raises InputInvalid: this model reads single images."""
        raise InputInvalid(f"a model of single images cannot read a volume of {frames.count} frames")

    def descriptor(self, prepared: PreparedView) -> NDArray[np.float64]:
        """Return the view's out-of-distribution descriptor, as training collects it."""
        return describe(prepared, self.whole(prepared).features[0])

    def whole(self, prepared: PreparedView) -> Whole:
        """Return what the global graph says of the view."""
        cells, *rest = self._engine.run("global", prepared.array[None])
        return Whole(cells[0], *rest)


class ImagePlaces:
    """The places of a single image that is there at full resolution."""

    def __init__(self, prepared: PreparedView) -> None:
        self._prepared = prepared

    def crops(self, centres: Sequence[tuple[float, float]], peaks: Sequence[Candidate] = ()) -> Array:
        """Return crops (K, 1, 192, 192) around centres in the pixels of the prepared view."""
        del peaks
        return np.stack([local_crop(self._prepared, centre) for centre in centres])

    def frame(self, peak: Candidate) -> None:
        """Return None: a single image has no frames."""
        del peak


def read(engine: Engine, ood: OodReference, prepared: PreparedView, whole: Whole, places: Places) -> ViewPrediction:
    """Return the prediction of a view from its map, reading its candidates again at full resolution."""
    saliency = np.where(breast_cells(prepared, whole.cells.shape[1:]), sigmoid(whole.cells[0]), np.float32(0.0))
    to_cells = cell_transform(prepared, saliency.shape[0])
    peaks = candidates(saliency, CANDIDATES)
    boxes = [to_cells.box_to_source(peak.box) for peak in peaks]
    reading = _read_again(engine, whole, peaks, boxes, places)
    descriptor = describe(prepared, whole.features[0])
    regions = [_region(reading, index, box, places.frame(peaks[index])) for index, box in enumerate(boxes)]
    return ViewPrediction(
        malignancy=float(sigmoid(reading.logit)),
        saliency=saliency,
        saliency_transform=to_cells,
        lesion_types=dict(zip(LESION_TYPES, sigmoid(reading.types).tolist(), strict=True)),
        densities=dict(zip(DENSITIES, _softmax(whole.density[0]).tolist(), strict=True)),
        regions=tuple(sorted(regions, key=lambda region: -region.score)),
        ood_score=ood.score(descriptor) if prepared.breast.any() else NO_BREAST,
        breast_fraction=prepared.breast_fraction,
        notes=prepared.notes,
        embedding=reading.embedding,
        descriptor=descriptor,
    )


def _read_again(
    engine: Engine, whole: Whole, peaks: Sequence[Candidate], boxes: Sequence[Box], places: Places
) -> Reading:
    """Run the local graph on a crop around each box, if there are any, and the view graph on everything."""
    regions, mask = np.zeros((1, CROPS, 2 * LOGITS + LOCAL_FEATURES), np.float32), np.zeros((1, CROPS), np.float32)
    if peaks:
        centres = [((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) for box in boxes]
        seen = np.stack([whole.cells[:, peak.row, peak.col] for peak in peaks])
        regions[0, : len(peaks)] = np.concatenate([seen, *engine.run("local", places.crops(centres, peaks))], 1)
        mask[0, : len(peaks)] = 1.0
    logit, types, scores, attention, embedding = engine.run("view", regions, mask, whole.pooled, whole.features)
    return Reading(logit[0], types[0], regions[0], scores[0], attention[0], embedding[0])


def _region(reading: Reading, index: int, box: Box, frame: int | None) -> Region:
    """One candidate with its scores and evidence."""
    scores = reading.scores[index]
    return Region(
        box=box,
        score=float(sigmoid(scores[0])),
        lesion_type=LESION_TYPES[int(scores[1:].argmax())],
        frame=frame,
        global_score=float(sigmoid(reading.regions[index, 0])),
        local_score=float(sigmoid(reading.regions[index, LOGITS])),
        attention=float(reading.attention[index]),
    )


def breast_cells(prepared: PreparedView, grid: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return the cells (h, w) of the map that hold any breast."""
    rows, cols = grid
    blocks = prepared.breast.reshape(rows, prepared.breast.shape[0] // rows, cols, prepared.breast.shape[1] // cols)
    return np.asarray(blocks.any((1, 3)))


def cell_transform(prepared: PreparedView, rows: int) -> ViewTransform:
    """Return how the caller's pixels lie on a map of that many rows of cells."""
    whole = prepared.transform
    return ViewTransform(whole.offset_x, whole.offset_y, whole.scale * rows / SETTINGS.rows)


def sigmoid(logits: Array | np.float32) -> Array:
    """Return the logistic function, float32, without overflow."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * np.asarray(logits, np.float64)), np.float32)


def _softmax(logits: Array) -> Array:
    shifted = np.exp(logits.astype(np.float64) - logits.max())
    return np.asarray(shifted / shifted.sum(), np.float32)
