"""Things in the image that are no breast: unread detector lines and dust on the skin.

Gridlines are found by `texture`. A single hair is not looked for: thin curved lines are what breasts are made of.
"""

from __future__ import annotations

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from readers.ai.quality.outline import Outline, shrink

LINE = 0.04
"""A column or row that differs from its neighbours by this share of the grey range along half of the breast."""
SPECKS = 14.0
"""Bright specks beside the skin of the axilla within 25 mm: more than a calcification cluster has there."""

EDGE_MM = 3.0
"""Detector borders are not judged."""

_SPECK_MM = 0.2
_SPECK_STEP = 0.09
_RING_MM = 0.8


def line_step(pixels: NDArray[np.float32], pixel_mm: float, found: Outline) -> float:
    """Grey step of the worst column or row against both neighbours that half of its samples exceed."""
    rows = np.nonzero(found.mask.any(1))[0] * found.cell_mm / pixel_mm
    columns = int(np.median(found.width[found.width > 0]) * found.cell_mm / pixel_mm)
    edge = round(EDGE_MM / pixel_mm)
    breast = pixels[int(rows[0]) + edge : int(rows[-1]) - edge, edge:columns]
    return max(_step(breast[::12].T), _step(breast[:, ::12]))


def _step(lines: NDArray[np.float32]) -> float:
    """Largest step against the 6th lines beside it that half of a line's samples show; `lines` is (lines, samples)."""
    if len(lines) < 32 or lines.shape[1] < 8:
        return 0.0
    lines = np.ascontiguousarray(lines)
    before, here, after = lines[:-12], lines[6:-6], lines[12:]
    above, below = here - np.maximum(before, after), np.minimum(before, after) - here
    steps = np.maximum(np.median(above, axis=1), np.median(below, axis=1))
    return float(max(steps.max(), 0.0))


def specks(pixels: NDArray[np.float32], pixel_mm: float, found: Outline) -> float:
    """Number of bright specks in the densest 25 mm beside the skin of an oblique view's upper third: the axilla."""
    step = max(1, round(_SPECK_MM / pixel_mm))
    fine = shrink(pixels[: pixels.shape[0] // 3], step)
    cell = step * pixel_mm
    high = fine - _around(fine, round(_RING_MM / cell)) > _SPECK_STEP
    high &= fine == scipy.ndimage.maximum_filter(fine, 3)
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


def _around(image: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """Brightest of eight points on a ring: a speck is brighter than all of them, a line is not."""
    diagonal = max(1, round(radius * 0.7))
    shifts = [(radius, 0), (0, radius), (diagonal, diagonal), (diagonal, -diagonal)]
    rolled = [np.roll(image, (s * y, s * x), (0, 1)) for y, x in shifts for s in (1, -1)]
    return np.asarray(np.max(rolled, axis=0))
