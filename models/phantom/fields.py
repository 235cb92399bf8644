"""Random fields on the base grid and their transfer to a detector grid.

The base grid is fixed in mm, so the same woman has the same tissue at every detector resolution.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np
import scipy.fft
import scipy.ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.phantom.spec import ExamSpec

BASE_MM = 0.5
BASE_ROWS = 480
BASE_COLS = 400


@functools.cache
def _radial_frequency() -> NDArray[np.float32]:
    """Spatial frequency of each rfft bin of the base grid, cycles per mm."""
    fy = np.fft.fftfreq(BASE_ROWS, BASE_MM)[:, None]
    fx = np.fft.rfftfreq(BASE_COLS, BASE_MM)[None, :]
    return np.asarray(np.hypot(fy, fx), np.float32)


def power_law_field(
    rng: np.random.Generator, exponent: float, longest_mm: float, shortest_mm: float = 0.0
) -> NDArray[np.float32]:
    """Return a zero-mean, unit-variance field whose power spectrum falls as frequency ** -exponent.

    Structure longer than `longest_mm` is held flat instead of growing without bound; structure shorter than
    `shortest_mm` is removed. Shape (BASE_ROWS, BASE_COLS).
    """
    frequency = _radial_frequency()
    amplitude = (frequency**2 + (1.0 / longest_mm) ** 2) ** (-exponent / 4.0)
    if shortest_mm > 0.0:
        amplitude = amplitude * np.exp(-((frequency * shortest_mm) ** 2))
    white = rng.standard_normal((BASE_ROWS, BASE_COLS), dtype=np.float32)
    spectrum = scipy.fft.rfft2(white) * amplitude
    spectrum[0, 0] = 0.0
    field = scipy.fft.irfft2(spectrum, s=(BASE_ROWS, BASE_COLS)).astype(np.float32)
    return np.asarray(field / field.std(), np.float32)


def ridges(rng: np.random.Generator, spacing_mm: float, width: float) -> NDArray[np.float32]:
    """Return a 0..1 web of thin curved lines: the zero crossings of a band-limited field.

    `spacing_mm` is the typical distance between lines, `width` their thickness relative to the field's deviation.
    """
    field = power_law_field(rng, 2.0, longest_mm=spacing_mm * 2.0, shortest_mm=spacing_mm * 0.45)
    return np.asarray(np.exp(-((field / width) ** 2)), np.float32)


def to_detector(field: NDArray[np.float32], spec: ExamSpec) -> NDArray[np.float32]:
    """Resample a base-grid field to (spec.rows, spec.cols), linear, edges held."""
    return _stretch(field, spec.rows, spec.cols, spec.pixel_mm / BASE_MM)


def _stretch(field: NDArray[np.float32], rows: int, cols: int, step: float) -> NDArray[np.float32]:
    """Interpolate to (rows, cols) pixels of `step` field cells each."""
    along_rows = _lerp(field, _positions(rows, step, field.shape[0]))
    return _lerp(along_rows.T, _positions(cols, step, field.shape[1])).T


def _positions(count: int, step: float, limit: int) -> NDArray[np.float32]:
    """Field coordinate of each target pixel's centre, held inside the field."""
    return np.asarray(np.clip((np.arange(count) + 0.5) * step - 0.5, 0, limit - 1.001), np.float32)


def _lerp(field: NDArray[np.float32], positions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Interpolate linearly along axis 0."""
    low = positions.astype(np.int64)
    fraction = (positions - low)[:, None]
    return np.asarray(field[low] + (field[low + 1] - field[low]) * fraction, np.float32)


def blur(image: NDArray[np.float32], sigma_mm: float, pixel_mm: float) -> NDArray[np.float32]:
    """Gaussian blur by `sigma_mm`; wide kernels are computed on a coarser grid, which nobody can see."""
    sigma = sigma_mm / pixel_mm
    if sigma < 0.2:
        return image
    step = int(sigma // 4)
    if step < 2:
        return np.asarray(scipy.ndimage.gaussian_filter(image, sigma, mode="nearest", truncate=3.0), np.float32)
    rows, cols = image.shape
    padded = np.pad(image, ((0, -rows % step), (0, -cols % step)), mode="edge")
    small = padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step).mean((1, 3))
    soft = scipy.ndimage.gaussian_filter(small, sigma / step, mode="nearest", truncate=3.0)
    return _stretch(np.asarray(soft, np.float32), rows, cols, 1.0 / step)
