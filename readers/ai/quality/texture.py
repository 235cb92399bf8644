"""Blur, noise and gridlines, read off the power spectrum of a few full-resolution windows inside the breast.

Breast tissue has a power spectrum that falls as frequency to the power of about -3, nearly alike in all directions
(Burgess 2001). Motion takes fine detail away in its own direction, noise adds power at the finest scales, a standing
grid puts one sharp peak on an axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
import scipy.ndimage
from numpy.typing import NDArray

from readers.ai.quality.outline import Outline

MOTION_DB = 3.2
"""Detail (0.3 to 0.7 per mm) in the weakest direction this far below the median direction means motion."""
NOISE_DB = -7.0
"""Power at 2 to 3 per mm against that at 0.3 to 0.6 per mm; tissue alone falls by about 23 dB."""
GRID_DB = 18.0
"""A peak on an axis this far above its surroundings is no tissue."""

COARSEST_MM = 0.16
"""Coarser pixels do not hold the frequencies that tell noise and blur from tissue."""

_WINDOW_MM = 25.6
_LARGEST = 256
_WINDOWS = 8
_SECTORS = 12
_MEDIAN_OF_POWER = 0.69
"""Median of the power of noise as a share of its mean (an exponential distribution)."""


@dataclass(frozen=True)
class Texture:
    """Measured in dB: loss of detail in the weakest direction, noise against detail, peak on an axis."""

    motion: float
    noise: float
    grid: float


def texture(pixels: NDArray[np.float32], pixel_mm: float, found: Outline) -> Texture | None:
    """Spectrum of windows well inside the breast; None when no window fits or the pixels are too coarse."""
    size = min(_LARGEST, 2 * round(_WINDOW_MM / pixel_mm / 2))
    corners = _corners(found, pixel_mm, pixels.shape, size) if pixel_mm <= COARSEST_MM else []
    if not corners:
        return None
    windows = np.stack([pixels[r : r + size, c : c + size] for r, c in corners])
    taper = np.hanning(size)[:, None] * np.hanning(size)[None, :]
    windows = (windows - windows.mean((1, 2), keepdims=True)) * taper.astype(np.float32)
    power = (np.abs(scipy.fft.rfft2(windows)) ** 2).mean(0)
    fy, fx = np.fft.fftfreq(size, pixel_mm)[:, None], np.fft.rfftfreq(size, pixel_mm)[None, :]
    frequency = np.hypot(fy, fx)
    return Texture(
        _motion_db(power, frequency, np.arctan2(fy, fx)), _noise_db(power, frequency), _grid_db(power, fy, fx)
    )


def _corners(found: Outline, pixel_mm: float, shape: tuple[int, ...], size: int) -> list[tuple[int, int]]:
    """Upper left pixels of up to `_WINDOWS` windows inside the breast, spread evenly over all that fit."""
    half = size * pixel_mm / 2
    beside = np.pad(found.mask, ((0, 0), (1, 0)), mode="edge")
    depth = np.asarray(scipy.ndimage.distance_transform_edt(beside))[:, 1:] * found.cell_mm
    stride = max(1, round(half / found.cell_mm))
    rows, columns = np.nonzero(depth[::stride, ::stride] > 1.1 * half)
    scale = stride * found.cell_mm / pixel_mm
    corners = [(int(r * scale) - size // 2, int(c * scale) - size // 2) for r, c in zip(rows, columns, strict=True)]
    fits = [(y, x) for y, x in corners if 0 <= y <= shape[0] - size and 0 <= x <= shape[1] - size]
    return fits[:: max(1, len(fits) // _WINDOWS)][:_WINDOWS]


def _mean(power: NDArray[np.float32], chosen: NDArray[np.bool_]) -> float:
    return float(power[chosen].mean()) if chosen.any() else 1e-12


def _motion_db(power: NDArray[np.floating], frequency: NDArray[np.floating], angle: NDArray[np.floating]) -> float:
    """Median over directions against the weakest direction in the band where motion of 1.5 to 3 mm bites.

    The noise floor is taken off first, because motion blurs no noise; 0 where noise drowns the band.
    """
    floor = float(np.median(power[(frequency > 2.0) & (frequency < 3.0)])) / _MEDIAN_OF_POWER
    band = (frequency > 0.3) & (frequency < 0.7)
    weight = frequency[band] ** 3
    sector = np.floor(((angle[band] + np.pi / 2) % np.pi) / np.pi * _SECTORS).astype(np.intp) % _SECTORS
    sums = np.bincount(sector, np.clip(power[band] - floor, 0, None) * weight, _SECTORS)
    detail = np.asarray(sums / np.maximum(np.bincount(sector, minlength=_SECTORS), 1), np.float64)
    detail = (detail + np.roll(detail, 1) + np.roll(detail, -1)) / 3
    usual = float(np.median(detail))
    if usual < floor * float(weight.mean()):
        return 0.0
    return float(10 * np.log10(usual / max(float(detail.min()), 0.01 * usual)))


def _noise_db(power: NDArray[np.float32], frequency: NDArray[np.floating]) -> float:
    fine = _mean(power, (frequency > 2.0) & (frequency < 3.0))
    coarse = _mean(power, (frequency > 0.3) & (frequency < 0.6))
    return float(10 * np.log10(max(fine, 1e-12) / max(coarse, 1e-12)))


def _grid_db(power: NDArray[np.float32], fy: NDArray[np.floating], fx: NDArray[np.floating]) -> float:
    """Highest peak on the horizontal or vertical axis from 0.5 per mm on, against the median around it."""
    across = power[:, (fx[0] > 0.5) & (fx[0] < 4.0)]
    down = power[((fy > 0.5) & (fy < 4.0))[:, 0]]
    peaks = [
        _peak_db(across[0], np.median(across[4:20], axis=0)),
        _peak_db(down[:, 0], np.median(down[:, 4:20], axis=1)),
    ]
    return max(peaks)


def _peak_db(axis: NDArray[np.float32], around: NDArray[np.float32]) -> float:
    ratio = axis / np.maximum(scipy.ndimage.median_filter(around, 5), 1e-12)
    return float(10 * np.log10(ratio.max())) if ratio.size else 0.0
