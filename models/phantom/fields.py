"""Random fields and their transfer between grids.

The base grid is fixed in mm, so the same woman has the same tissue at every detector resolution.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.fft
import scipy.ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.phantom.spec import ExamSpec


@dataclass(frozen=True, slots=True)
class Kernel:
    """How a Gaussian is computed; widths are sigmas in pixels.

    Below `least` nothing is blurred; beyond twice `coarse` the image is averaged first, so that about `coarse` remains;
    the kernel ends `truncate` sigmas from its middle.
    """

    least: float = 0.2
    coarse: float = 4.0
    truncate: float = 3.0


KERNEL = Kernel()
BASE_MM = 0.5
BASE_ROWS = 480
BASE_COLS = 400


@dataclass(frozen=True, slots=True)
class Frame:
    """The part of a detector that is rendered: `rows` x `cols` pixels of `pixel_mm` from (`top`, `left`) on."""

    rows: int
    cols: int
    pixel_mm: float
    top: int = 0
    left: int = 0

    @classmethod
    def whole(cls, spec: ExamSpec) -> Frame:
        """The whole detector of a request."""
        return cls(spec.rows, spec.cols, spec.pixel_mm)

    def grown(self, pixels: int) -> Frame:
        """Return the frame with a margin on every side; it may reach beyond the detector."""
        return Frame(
            self.rows + 2 * pixels, self.cols + 2 * pixels, self.pixel_mm, self.top - pixels, self.left - pixels
        )


BASE = Frame(BASE_ROWS, BASE_COLS, BASE_MM)


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
    white = rng.standard_normal((BASE_ROWS, BASE_COLS), dtype=np.float32)
    spectrum = scipy.fft.rfft2(white) * _amplitude(_radial_frequency(), exponent, longest_mm, shortest_mm)
    spectrum[0, 0] = 0.0
    return _unit(scipy.fft.irfft2(spectrum, s=(BASE_ROWS, BASE_COLS)))


def power_law_volume(
    rng: np.random.Generator,
    shape: tuple[int, int, int],
    spacing_mm: tuple[float, float, float],
    exponent: float,
    longest_mm: float,
    shortest_mm: float,
) -> NDArray[np.float32]:
    """Return the same kind of field in three dimensions, float32 of that shape, periodic at its borders.

    A projection of it through any depth falls with the same exponent.
    """
    axes = [np.fft.fftfreq(n, mm) for n, mm in zip(shape[:2], spacing_mm[:2], strict=True)]
    axes.append(np.fft.rfftfreq(shape[2], spacing_mm[2]))
    grid = np.meshgrid(*(axis.astype(np.float32) ** 2 for axis in axes), indexing="ij", sparse=True)
    frequency = np.sqrt(grid[0] + grid[1] + grid[2])
    white = rng.standard_normal(shape, dtype=np.float32)
    spectrum = scipy.fft.rfftn(white) * _amplitude(frequency, exponent, longest_mm, shortest_mm)
    spectrum[0, 0, 0] = 0.0
    return _unit(scipy.fft.irfftn(spectrum, s=shape))


def _amplitude(
    frequency: NDArray[np.float32], exponent: float, longest_mm: float, shortest_mm: float
) -> NDArray[np.float32]:
    amplitude = (frequency**2 + np.float32(1.0 / longest_mm) ** 2) ** np.float32(-exponent / 4.0)
    return np.asarray(amplitude * np.exp(-((frequency * np.float32(shortest_mm)) ** 2)), np.float32)


def _unit(field: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(field / field.std(), np.float32)


def resample(field: NDArray[np.float32], frame: Frame) -> NDArray[np.float32]:
    """Interpolate a base-grid field to a frame, linear, edges held; float32 (frame.rows, frame.cols)."""
    step = frame.pixel_mm / BASE_MM
    return _stretch(field, (frame.rows, frame.cols), step, (frame.top * step, frame.left * step))


def _stretch(
    field: NDArray[np.float32], shape: tuple[int, int], step: float, start: tuple[float, float] = (0.0, 0.0)
) -> NDArray[np.float32]:
    """Interpolate to pixels of `step` field cells each, the first corner at `start` cells."""
    along_rows = _lerp(field, positions(shape[0], step, field.shape[0], start[0]))
    return _lerp(along_rows.T, positions(shape[1], step, field.shape[1], start[1])).T


def positions(count: int, step: float, limit: int, start: float = 0.0) -> NDArray[np.float32]:
    """Field coordinate of each target pixel's centre, held inside a field of `limit` cells."""
    return np.asarray(np.clip((np.arange(count) + 0.5) * step - 0.5 + start, 0, limit - 1.001), np.float32)


def _lerp(field: NDArray[np.float32], at: NDArray[np.float32]) -> NDArray[np.float32]:
    """Interpolate linearly along axis 0."""
    low = at.astype(np.int64)
    fraction = (at - low)[:, None]
    return np.asarray(field[low] + (field[low + 1] - field[low]) * fraction, np.float32)


def interpolation(at: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Return the dense matrix (size, len(at)) that interpolates a field's last axis linearly at these coordinates."""
    low = np.clip(at.astype(np.int64), 0, size - 2)
    matrix = np.zeros((size, len(at)), np.float32)
    column = np.arange(len(at))
    matrix[low, column] = 1.0 - (at - low)
    matrix[low + 1, column] = at - low
    return matrix


def blur(image: NDArray[np.float32], sigma_mm: float, pixel_mm: float) -> NDArray[np.float32]:
    """Gaussian blur by `sigma_mm`; wide kernels are computed on a coarser grid, which nobody can see."""
    sigma = sigma_mm / pixel_mm
    if sigma < KERNEL.least:
        return image
    step = int(sigma // KERNEL.coarse)
    if step < 2:
        return np.asarray(
            scipy.ndimage.gaussian_filter(image, sigma, mode="nearest", truncate=KERNEL.truncate), np.float32
        )
    rows, cols = image.shape
    padded = np.pad(image, ((0, -rows % step), (0, -cols % step)), mode="edge")
    small = padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step).mean((1, 3))
    return _stretch(_gaussian(small, sigma / step), (rows, cols), 1.0 / step)


def _gaussian(image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Convolve with a Gaussian of `sigma` pixels, edges held."""
    soft = scipy.ndimage.gaussian_filter(image, sigma, mode="nearest", truncate=KERNEL.truncate)
    return np.asarray(soft, np.float32)
