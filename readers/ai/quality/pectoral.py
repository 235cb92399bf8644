"""The pectoral muscle of an oblique view: its edge as a straight line, how clear it is and how far down it reaches.

Criterion (PGMI, EUREF): the muscle is seen and reaches at least to the level of the nipple, with 1 cm tolerance, as in
the posterior nipple line rule.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from readers.ai.quality.outline import Outline

CONTRAST = 0.1
"""Least step of grey across the muscle's edge, as a share of the full grey range."""
SHORT_MM = 15.0
"""A muscle that ends more than this above nipple level is short: 1 cm by the criterion, and half a cm that the straight
line may err."""

_BESIDE_MM = 4.0


@dataclass(frozen=True)
class Muscle:
    """`contrast` is the grey step across the best edge, `end_mm` where it meets the chest wall, from the top."""

    contrast: float
    end_mm: float
    top_mm: float


def muscle(found: Outline) -> Muscle:
    """The straight edge in the upper chest-wall corner with the largest, most even step from bright to dark."""
    grey = scipy.ndimage.gaussian_filter(found.grey, 1.5 / found.cell_mm)
    height, depth = found.mask.shape[0] * found.cell_mm, float(found.width.max()) * found.cell_mm
    tops = np.arange(12.0, max(0.95 * depth, 14.0), 2.5)
    ends = np.arange(30.0, 1.15 * height, 4.0)
    top, end = (grid.ravel()[:, None] for grid in np.meshgrid(tops, ends))
    share = np.linspace(0.06, 0.85, 36)[None, :]
    x, y = top * (1 - share), end * share
    length = np.hypot(top, end)
    nx, ny = end / length * _BESIDE_MM, top / length * _BESIDE_MM
    inside, outside = (_sample(grey, x + s * nx, y + s * ny, found.cell_mm) for s in (-1, 1))
    there = _sample(found.mask.astype(np.float32), x + 2 * nx, y + 2 * ny, found.cell_mm) > 0.5
    step = np.where(there, inside - outside, np.nan)
    enough = there.sum(1) >= 18
    score = np.full(len(step), -1.0)
    score[enough] = np.nanquantile(step[enough], 0.3, axis=1)
    best = int((score * np.sqrt(length[:, 0])).argmax())  # of two edges as clear the longer one is the muscle's
    return Muscle(float(score[best]), float(end[best, 0]), float(top[best, 0]))


def _sample(
    image: NDArray[np.float32], x: NDArray[np.float64], y: NDArray[np.float64], cell_mm: float
) -> NDArray[np.float32]:
    """Nearest cells at positions in mm, edges held."""
    rows = np.clip((y / cell_mm).astype(np.intp), 0, image.shape[0] - 1)
    columns = np.clip((x / cell_mm).astype(np.intp), 0, image.shape[1] - 1)
    return image[rows, columns]
