"""Cuts the full-resolution crops that the local network reads; training cuts its samples with the same function."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.preprocess import SETTINGS, ViewTransform, normalise, resample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.preprocess import PreparedView

    Point = tuple[float, float]


def local_crop(prepared: PreparedView, centre: Point) -> NDArray[np.float32]:
    """Return the crop of a prepared view, float32 (1, 192, 192) at 0.1 mm; `centre` (x, y) in the caller's pixels."""
    return crop(prepared.pixels, prepared.pixel_mm, centre, prepared.mean, prepared.deviation)


def crop(
    pixels01: NDArray[np.float32], pixel_mm: float, centre: Point, mean: float, deviation: float
) -> NDArray[np.float32]:
    """Return float32 (1, 192, 192) at 0.1 mm around `centre` (x, y in pixels), normalised by the breast's grey values.

    `pixels01` is a presentation image or one frame of a volume, 0..1; beyond its edges is air.
    """
    scale = pixel_mm / SETTINGS.crop_mm
    half = SETTINGS.crop_px / scale / 2
    left, top = centre[0] - half, centre[1] - half
    x0, x1 = _span(left, 2 * half, pixels01.shape[1])
    y0, y1 = _span(top, 2 * half, pixels01.shape[0])
    if x0 >= x1 or y0 >= y1:
        return np.full((1, SETTINGS.crop_px, SETTINGS.crop_px), normalise(np.zeros(1, np.float32), mean, deviation))
    window = ViewTransform(left - x0, top - y0, scale)
    values = resample(pixels01[y0:y1, x0:x1], window, (SETTINGS.crop_px, SETTINGS.crop_px))
    return normalise(values, mean, deviation)[None]


def _span(start: float, length: float, size: int) -> tuple[int, int]:
    """Whole pixels that cover the span and what interpolation needs around it, within the image."""
    return max(0, int(np.floor(start)) - 2), min(size, int(np.ceil(start + length)) + 2)
