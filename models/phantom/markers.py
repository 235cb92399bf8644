"""Burned-in laterality and view markers, drawn as vector strokes outside the breast, as lead letters are."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Stroke = tuple[tuple[float, float], ...]

STROKES: dict[str, tuple[Stroke, ...]] = {
    "L": (((0, 0), (0, 1), (0.7, 1)),),
    "R": (((0, 1), (0, 0), (0.6, 0), (0.7, 0.25), (0.6, 0.5), (0, 0.5)), ((0.3, 0.5), (0.7, 1))),
    "C": (((0.7, 0.12), (0.45, 0), (0.12, 0.1), (0, 0.5), (0.12, 0.9), (0.45, 1), (0.7, 0.88)),),
    "M": (((0, 1), (0, 0), (0.35, 0.6), (0.7, 0), (0.7, 1)),),
    "O": (((0.35, 0), (0.05, 0.2), (0, 0.5), (0.05, 0.8), (0.35, 1), (0.65, 0.8), (0.7, 0.5), (0.65, 0.2), (0.35, 0)),),
}
"""Letters as polylines in a box 0.7 wide and 1 high, y down; any other character leaves a gap."""

MARGIN_MM = 4.0


def burned_in(
    pixels: NDArray[np.uint16],
    breast_mask: NDArray[np.bool_],
    text: str,
    pixel_mm: float,
    value: int,
    height_mm: float = 7.0,
) -> NDArray[np.uint16]:
    """Return a copy with `text` in stored value `value` in the upper corner of the air side.

    The letters lie outside `breast_mask` by some mm; where there is no room the image comes back as it is. The air
    side is the one with less breast, so that it does not matter how the image is mirrored. Shapes (rows, columns).
    """
    half = pixels.shape[1] // 2
    right = bool(breast_mask[:, :half].sum() >= breast_mask[:, half:].sum())
    stencil = _stencil(text, height_mm / pixel_mm)
    margin = round(MARGIN_MM / pixel_mm)
    rows, columns = stencil.shape
    left = pixels.shape[1] - margin - columns if right else margin
    here = (slice(margin, margin + rows), slice(max(left, 0), left + columns))
    around = (slice(0, 2 * margin + rows), slice(max(left - margin, 0), left + columns + margin))
    if left < 0 or pixels[here].shape != stencil.shape or bool(breast_mask[around].any()):
        return pixels
    marked = pixels.copy()
    marked[here][stencil] = value
    return marked


def _stencil(text: str, height: float) -> NDArray[np.bool_]:
    """Pixels of the strokes of a text whose letters are `height` pixels high."""
    thick = max(1.0, height / 9.0)
    step = height * 1.0
    rows, columns = int(height + 2 * thick) + 1, int(step * len(text) + 2 * thick) + 1
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    found = np.zeros((rows, columns), bool)
    for place, letter in enumerate(text):
        for stroke in STROKES.get(letter, ()):
            points = np.array(stroke) * height + thick + np.array([place * step, 0.0])
            for start, end in pairwise(points):
                found |= _distance(x, y, start, end) <= thick / 2
    return found


def _distance(
    x: NDArray[np.float32], y: NDArray[np.float32], start: NDArray[np.float64], end: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Distance of every pixel from a line segment, in pixels."""
    run = end - start
    share = np.clip(((x - start[0]) * run[0] + (y - start[1]) * run[1]) / max(float(run @ run), 1e-9), 0.0, 1.0)
    return np.asarray(np.hypot(x - start[0] - share * run[0], y - start[1] - share * run[1]))
