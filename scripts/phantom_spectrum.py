"""How alike two sets of mammograms are: the fall of their power spectrum, and their grey values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.fft
import scipy.ndimage
from numpy.typing import NDArray
from scipy.stats import linregress, wasserstein_distance

from readers.ai.quality.outline import Outline, outline, shrink

BAND = (0.15, 0.7)
"""Frequencies per mm over which the exponent is fitted: above the window's own size, below blur and noise."""
WINDOW_MM = 25.6
PITCH_MM = 0.1


@dataclass(frozen=True)
class Look:
    """Exponent beta of the power spectrum f ** -beta, and the grey values of the inner breast scaled to 0..1."""

    beta: float
    greys: NDArray[np.float32]


def look(pixels: NDArray[np.float32], pixel_mm: float) -> Look | None:
    """The look of one image, chest wall left, any grey scale; None when no window fits into the breast."""
    step = max(1, round(PITCH_MM / pixel_mm))
    fine, mm = shrink(pixels, step), pixel_mm * step
    breast = outline(fine, mm)
    if breast is None:
        return None
    windows = _windows(fine, mm, breast)
    greys = _greys(breast)
    return Look(_beta(windows, mm), greys) if len(windows) and greys.size > 100 else None


def _windows(fine: NDArray[np.float32], mm: float, breast: Outline) -> list[NDArray[np.float32]]:
    """Windows with their centre in the central half of the breast, well inside it."""
    size = round(WINDOW_MM / mm)
    depth = scipy.ndimage.distance_transform_edt(np.pad(breast.mask, ((0, 0), (1, 0)), mode="edge"))[:, 1:]
    stride = max(1, round(WINDOW_MM / 3 / breast.cell_mm))
    rows, columns = np.nonzero(np.asarray(depth)[::stride, ::stride] * breast.cell_mm > 0.6 * WINDOW_MM)
    scale = stride * breast.cell_mm / mm
    corners = [(int(r * scale) - size // 2, int(c * scale) - size // 2) for r, c in zip(rows, columns, strict=True)]
    return [
        fine[y : y + size, x : x + size]
        for y, x in corners
        if 0 <= y <= fine.shape[0] - size and 0 <= x <= fine.shape[1] - size
    ]


def _beta(windows: Sequence[NDArray[np.float32]], mm: float) -> float:
    """Slope of the mean radial power over `BAND` in a doubly logarithmic plot, its sign turned."""
    size = windows[0].shape[0]
    taper = np.hanning(size)[:, None] * np.hanning(size)[None, :]
    power = sum(np.abs(scipy.fft.rfft2((w - w.mean()) * taper)) ** 2 for w in windows)
    frequency = np.hypot(np.fft.fftfreq(size, mm)[:, None], np.fft.rfftfreq(size, mm)[None, :])
    edges = np.geomspace(*BAND, 13)
    rings = [(frequency >= low) & (frequency < high) for low, high in pairwise(edges)]
    points = [(np.log(frequency[r].mean()), np.log(np.asarray(power)[r].mean())) for r in rings if r.any()]
    x, y = np.array(points, np.float64).T
    return -float(linregress(x, y).slope)


def _greys(breast: Outline) -> NDArray[np.float32]:
    """Grey values deeper than 8 mm, from their 1st to their 99th percentile."""
    depth = scipy.ndimage.distance_transform_edt(np.pad(breast.mask, ((0, 0), (1, 0)), mode="edge"))[:, 1:]
    inner = breast.grey[np.asarray(depth) * breast.cell_mm > 8.0]
    if inner.size < 100:
        return np.zeros(0, np.float32)
    low, high = np.quantile(inner, [0.01, 0.99])
    return np.asarray(np.clip((inner - low) / max(high - low, 1e-6), 0, 1), np.float32)


def grey_distance(one: Iterable[Look], other: Iterable[Look]) -> float:
    """Mean Wasserstein distance between the grey values of every pair of two different images, in shares of the range.

    0.5 is as far as two images can be that differ by a constant half of the grey range.
    """
    others = list(other)
    pairs = [wasserstein_distance(a.greys[::7], b.greys[::7]) for a in one for b in others if a is not b]
    return float(np.mean(pairs)) if pairs else float("nan")
