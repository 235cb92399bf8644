"""Turns a phantom breast into training samples: the prepared input and its targets on the saliency grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models import phantom
from models.labels import DENSITIES, LESION_TYPES, TYPE_OF_KIND
from models.preprocess import SETTINGS, prepare

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.phantom import PhantomView
    from models.preprocess import PreparedView

STRIDE = 8
GRID = (SETTINGS.rows // STRIDE, SETTINGS.cols // STRIDE)
_LEVELS = 255.0 / (SETTINGS.clip_high - SETTINGS.clip_low)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One view for training.

    `image` is uint8 (H, W), the prepared input in 255 levels between the clips; `target` is uint8 (1 + types, h, w):
    malignant cells, then cells of any finding of each type; `labels` is uint8 (1 + types + 1): malignant, types,
    density.
    """

    image: NDArray[np.uint8]
    target: NDArray[np.uint8]
    labels: NDArray[np.uint8]


def presentation(view: PhantomView) -> NDArray[np.float32]:
    """Return a phantom view as the input contract wants it: float32 0..1, chest wall left."""
    pixels = view.pixels if view.laterality == "L" else view.pixels[:, ::-1]
    return np.asarray(np.ascontiguousarray(pixels, np.float32) / phantom.MAX_VALUE, np.float32)


def training_breast(seed: int, malignant_share: float) -> tuple[Sample, ...]:
    """Return both views of one breast of the woman: the one with a cancer where she has one, else either."""
    spec = phantom.screening_spec(seed, malignant_share)
    side = next((lesion.laterality for lesion in spec.lesions if lesion.malignant), phantom.LATERALITIES[seed % 2])
    return tuple(sample(view) for view in phantom.breast(seed, spec, side))


def sample(view: PhantomView) -> Sample:
    """Prepare one view and lay its truth on the saliency grid."""
    prepared = prepare(presentation(view), view.pixel_mm)
    target = np.zeros((1 + len(LESION_TYPES), *GRID), np.uint8)
    labels = np.zeros(2 + len(LESION_TYPES), np.uint8)
    for lesion in view.lesions:
        mask = lesion.mask if view.laterality == "L" else lesion.mask[:, ::-1]
        channels = [1 + LESION_TYPES.index(TYPE_OF_KIND[lesion.kind])] + [0] * lesion.malignant
        target[channels] |= _cells(mask, prepared)
        labels[channels] = 1
    labels[-1] = DENSITIES.index(view.density)
    return Sample(quantise(prepared.array[0]), target, labels)


def quantise(array: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Store a normalised input in one byte per pixel; a level is a thirtieth of the breast's deviation."""
    return np.asarray(np.rint((array - SETTINGS.clip_low) * _LEVELS), np.uint8)


def restore(levels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Undo `quantise` up to rounding."""
    return levels.astype(np.float32) / np.float32(_LEVELS) + np.float32(SETTINGS.clip_low)


def _cells(mask: NDArray[np.bool_], prepared: PreparedView) -> NDArray[np.uint8]:
    """Cells of the saliency grid of which the finding covers at least a third, and always the one at its centre."""
    rows, cols = np.nonzero(mask)
    transform = prepared.transform
    x = (cols + 0.5 - transform.offset_x) * transform.scale
    y = (rows + 0.5 - transform.offset_y) * transform.scale
    column = np.clip(x / STRIDE, 0, GRID[1] - 1).astype(np.int64)
    row = np.clip(y / STRIDE, 0, GRID[0] - 1).astype(np.int64)
    hits = np.zeros(GRID)
    np.add.at(hits, (row, column), transform.scale**2 / STRIDE**2)
    hits[int(row.mean()), int(column.mean())] = 1.0
    return (hits >= 1 / 3).astype(np.uint8)
