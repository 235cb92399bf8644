"""Finds candidates for marks in a saliency map: peaks, their extent, no two overlapping too far. Plain numpy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.labels import LesionType

    Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class RegionRules:
    """`floor` is the lowest score of a mark, `extent` the share of its peak a cell needs to belong to it."""

    floor: float = 0.10
    extent: float = 0.5
    most: int = 5
    overlap: float = 0.2
    reach: int = 6


RULES = RegionRules()


@dataclass(frozen=True, slots=True)
class Region:
    """One mark: `box` (x0, y0, x1, y1) in pixels of the image the caller handed in, `score` 0..1 uncalibrated.

    `frame` is the 0-based frame of a volume, None in a 2D image. `global_score` 0..1 is what the whole view said of the
    place, `local_score` what the full-resolution crop said, None where none was read. `attention` is the region's share
    of the evidence behind the view's score; the shares of a view's regions sum to at most 1.
    """

    box: Box
    score: float
    lesion_type: LesionType | None
    frame: int | None = None
    global_score: float = 0.0
    local_score: float | None = None
    attention: float = 0.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A peak of the map at (`row`, `col`) with the `box` (x0, y0, x1, y1) of its extent, all in cells."""

    row: int
    col: int
    box: Box


def candidates(saliency: NDArray[np.float32], rules: RegionRules = RULES) -> tuple[Candidate, ...]:
    """Return the peaks of a map float (h, w) 0..1, strongest first, none overlapping another too far."""
    top = scipy.ndimage.maximum_filter(saliency, size=3, mode="constant")
    rows, cols = np.nonzero((saliency == top) & (saliency >= rules.floor))
    order = np.argsort(-saliency[rows, cols], kind="stable")
    kept: list[Candidate] = []
    for row, col in zip(rows[order].tolist(), cols[order].tolist(), strict=True):
        box = _extent(saliency, row, col, rules)
        if all(intersection_over_union(box, other.box) < rules.overlap for other in kept):
            kept.append(Candidate(row, col, box))
        if len(kept) == rules.most:
            break
    return tuple(kept)


def intersection_over_union(one: Box, other: Box) -> float:
    """Return the shared share of two boxes' union, 0..1.

    >>> intersection_over_union((0, 0, 2, 2), (1, 0, 3, 2))
    0.3333333333333333
    """
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (_area(one) + _area(other) - shared)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _extent(saliency: NDArray[np.float32], row: int, col: int, rules: RegionRules) -> Box:
    """Box of the connected cells around a peak that reach the required share of it."""
    y0, x0 = max(0, row - rules.reach), max(0, col - rules.reach)
    window = saliency[y0 : row + rules.reach + 1, x0 : col + rules.reach + 1]
    labels, _ = scipy.ndimage.label(window >= rules.extent * saliency[row, col])
    ys, xs = np.nonzero(labels == labels[row - y0, col - x0])
    return float(x0 + xs.min()), float(y0 + ys.min()), float(x0 + xs.max() + 1), float(y0 + ys.max() + 1)
