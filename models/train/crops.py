"""Draws balanced crops from planes, so that every step of training meets cancers, benign findings and hard tissue.

A whole view teaches about one lesion; a tenth of its pixels around the lesion teaches the same for a tenth of the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.labels import LESION_TYPES
from models.train.planes import STRIDE, UNKNOWN, restore

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.train.planes import Planes

SHARES = (0.4, 0.3, 0.3)
"""Crops that are centred on a cancer, on a benign finding, and on tissue."""
HARD_SHARE = 0.6
"""Part of the tissue crops that lie where the network of the last epoch was wrongly suspicious, once it is known."""
_TRIES = 4


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where crops are cut: `plane` int (N,), `x`, `y` float (N,) their centres in input pixels."""

    plane: NDArray[np.int64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]

    def take(self, index: NDArray[np.int64]) -> Places:
        """Return some of the places."""
        return Places(self.plane[index], self.x[index], self.y[index])


NOWHERE = Places(np.zeros(0, np.int64), np.zeros(0), np.zeros(0))


def draw(planes: Planes, count: int, size: int, hard: Places, rng: np.random.Generator) -> Places:
    """Return `count` places in random order: types of findings equally often, centres jittered within the crop."""
    malignant = planes.lesions["malignant"] == 1
    wanted = [int(share * count) for share in SHARES[:2]]
    parts = [
        _on_lesions(planes, np.flatnonzero(malignant), wanted[0], size, rng),
        _on_lesions(planes, np.flatnonzero(~malignant), wanted[1], size, rng),
    ]
    rest = count - sum(len(part.plane) for part in parts)
    mined = int(HARD_SHARE * rest) if len(hard.plane) else 0
    if mined:
        parts.append(_jittered(hard.take(rng.integers(len(hard.plane), size=mined)), size, rng))
    parts.append(_on_tissue(planes, rest - mined, rng))
    order = rng.permutation(count)
    columns = [np.concatenate([getattr(part, name) for part in parts])[order] for name in ("plane", "x", "y")]
    return Places(*columns)


def cut(planes: Planes, places: Places, size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return crops float32 (N, C, size, size) and their targets float32 (N, 1 + types, size / 8, size / 8).

    A target is -1 where unknown. Crops are aligned to the grid of the targets and moved inside the plane where they
    would reach beyond it.
    """
    cells = size // STRIDE
    rows, cols = (np.array(planes.targets.shape[2:]) - cells).tolist()
    top = np.clip(np.rint((places.y - size / 2) / STRIDE), 0, rows).astype(np.int64)
    left = np.clip(np.rint((places.x - size / 2) / STRIDE), 0, cols).astype(np.int64)
    images = np.empty((len(top), planes.images.shape[1], size, size), np.uint8)
    targets = np.empty((len(top), planes.targets.shape[1], cells, cells), np.uint8)
    for index, (plane, t, c) in enumerate(zip(places.plane, top, left, strict=True)):
        images[index] = planes.images[plane, :, t * STRIDE : t * STRIDE + size, c * STRIDE : c * STRIDE + size]
        targets[index] = planes.targets[plane, :, t : t + cells, c : c + cells]
    return restore(images), np.where(targets == UNKNOWN, np.float32(-1.0), targets.astype(np.float32))


def _on_lesions(
    planes: Planes, candidates: NDArray[np.int64], count: int, size: int, rng: np.random.Generator
) -> Places:
    """Places around findings; each type that occurs is drawn equally often."""
    if not candidates.size:
        return NOWHERE
    kinds = planes.lesions["type"][candidates]
    often = np.bincount(kinds, minlength=len(LESION_TYPES))[kinds]
    chosen = planes.lesions[rng.choice(candidates, count, p=(1 / often) / (1 / often).sum())]
    places = Places(chosen["plane"].astype(np.int64), chosen["x"].astype(float), chosen["y"].astype(float))
    return _jittered(places, size, rng)


def _jittered(places: Places, size: int, rng: np.random.Generator) -> Places:
    """Move centres by up to a third of the crop, so that the network cannot learn that lesions are in the middle."""
    reach = size / 3
    count = len(places.plane)
    return Places(
        places.plane, places.x + rng.uniform(-reach, reach, count), places.y + rng.uniform(-reach, reach, count)
    )


def _on_tissue(planes: Planes, count: int, rng: np.random.Generator) -> Places:
    """Random places inside the breast; of four, the brightest is kept, because white tissue is what misleads."""
    plane = rng.integers(len(planes), size=count)
    height, width = planes.images.shape[2:]
    x, y = np.empty(count), np.empty(count)
    for index, number in enumerate(plane):
        cols, rows = rng.integers(16, width - 16, 16), rng.integers(16, height - 16, 16)
        values = planes.images[number, 0, rows, cols]
        inside = np.flatnonzero(values > 0)[:_TRIES]
        best = inside[np.argmax(values[inside])] if inside.size else 0
        x[index], y[index] = cols[best], rows[best]
    return Places(plane.astype(np.int64), x, y)
