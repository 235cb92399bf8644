"""Things in the image that are no breast: unread detector lines and dust on the skin.

Gridlines are found by `texture`. A single hair is not looked for: thin curved lines are what breasts are made of.
"""

from __future__ import annotations

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from readers.ai.quality.outline import Outline, shrink

LINE = 12.0
"""A column or row that differs from its neighbours, in robust deviations of all columns or rows."""
SPECKS = 14.0
"""Bright specks beside the skin of the upper third within 25 mm: more than a calcification cluster has there."""

_SPECK_MM = 0.2
_SPECK_STEP = 0.16


def line_score(pixels: NDArray[np.float32], found: Outline) -> float:
    """How far the worst column or row stands out of its neighbours all along the breast, in robust deviations."""
    rows = np.nonzero(found.mask.any(1))[0]
    scale = pixels.shape[0] / found.mask.shape[0]
    middle = pixels[int(rows[0] * scale) : int(rows[-1] * scale)]
    return max(_outlier(middle[::12].T), _outlier(pixels[:, : pixels.shape[1] // 2 : 12]))


def _outlier(lines: NDArray[np.float32]) -> float:
    """Largest robust deviation of a line's median step to its surroundings; `lines` is (lines, samples)."""
    lines = np.ascontiguousarray(lines)
    step = np.median(lines[8:-8] - (lines[:-16] + lines[16:]) / 2, axis=1)
    spread = 1.4826 * float(np.median(np.abs(step))) + 1e-3
    return float(np.abs(step).max(initial=0.0)) / spread


def specks(pixels: NDArray[np.float32], pixel_mm: float, found: Outline) -> float:
    """Number of bright specks in the densest 25 mm beside the skin of the upper third."""
    step = max(1, round(_SPECK_MM / pixel_mm))
    fine = shrink(pixels[: pixels.shape[0] // 3], step)
    cell = step * pixel_mm
    peaks = fine - scipy.ndimage.uniform_filter(fine, round(2.0 / cell))
    high = (peaks > _SPECK_STEP) & (peaks == scipy.ndimage.maximum_filter(peaks, 5))
    near = scipy.ndimage.distance_transform_edt(found.mask[: found.mask.shape[0] // 3 + 1]) * found.cell_mm
    y, x = np.nonzero(high)
    rows = np.clip((y * cell / found.cell_mm).astype(np.intp), 0, near.shape[0] - 1)
    columns = np.clip((x * cell / found.cell_mm).astype(np.intp), 0, near.shape[1] - 1)
    beside = (near[rows, columns] > 1.5) & (near[rows, columns] < 20.0)
    points = np.column_stack([y, x])[beside] * cell
    if len(points) < 2 or len(points) > 2000:
        return float(len(points))
    apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    return float((apart < 12.5).sum(1).max())
