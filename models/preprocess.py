"""The one way from a presentation image to a network's input; named, versioned and hashed as part of the model.

Nothing here knows DICOM or torch. Whoever changes a constant or a step makes another preprocessing: raise `VERSION`.
Coordinates everywhere: x to the right, y down, in pixels, origin at the outer corner of the top left pixel.
"""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.ndimage
import scipy.sparse

from models.errors import InputInvalid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Box = tuple[float, float, float, float]

NAME = "breast-crop"
VERSION = "2"
LOW_CONTRAST = 0.02
"""Deviation of the grey values 0..1 inside the breast below which the image is noted as flat."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Constants of this preprocessing; lengths in mm, `rows` x `cols` the fixed input size.

    `crop_px` pixels of `crop_mm` are a region read again at full resolution; a tomosynthesis slab is `slab_mm` thick
    and begins every `slab_step_mm`.
    """

    rows: int = 640
    cols: int = 448
    pitch_mm: float = 0.3
    mask_pitch_mm: float = 1.2
    margin_mm: float = 3.0
    air_share: float = 0.10
    clip_low: float = -3.0
    clip_high: float = 6.0
    crop_px: int = 192
    crop_mm: float = 0.1
    slab_mm: float = 6.0
    slab_step_mm: float = 3.0


SETTINGS = Settings()


@dataclass(frozen=True, slots=True)
class ViewTransform:
    """Maps the caller's pixels to input pixels and back: input = (caller - offset) * scale on each axis."""

    offset_x: float
    offset_y: float
    scale: float

    def point_to_input(self, x: float, y: float) -> tuple[float, float]:
        """Caller's coordinates -> input coordinates."""
        return (x - self.offset_x) * self.scale, (y - self.offset_y) * self.scale

    def point_to_source(self, x: float, y: float) -> tuple[float, float]:
        """Input coordinates -> caller's coordinates."""
        return x / self.scale + self.offset_x, y / self.scale + self.offset_y

    def box_to_input(self, box: Box) -> Box:
        """(x0, y0, x1, y1) in the caller's pixels -> input pixels."""
        return (*self.point_to_input(box[0], box[1]), *self.point_to_input(box[2], box[3]))

    def box_to_source(self, box: Box) -> Box:
        """(x0, y0, x1, y1) in input pixels -> the caller's pixels."""
        return (*self.point_to_source(box[0], box[1]), *self.point_to_source(box[2], box[3]))


@dataclass(frozen=True, slots=True, eq=False)
class PreparedView:
    """A network input and what is needed to interpret the answer.

    `array` is float32 (1, H, W): (value - breast mean) / breast deviation, clipped, air at the lower clip.
    `breast` is bool (H, W). `breast_fraction` is the breast's share of the caller's image. `source_shape` is the
    caller's (rows, cols). `notes` are codes: no_breast, breast_reduced, breast_cut_off, low_contrast. `pixels` are the
    caller's own, full resolution, at `pixel_mm`; `mean` and `deviation` are the breast's, by which crops of them are
    normalised too (`crops.local_crop`).
    """

    array: NDArray[np.float32]
    breast: NDArray[np.bool_]
    transform: ViewTransform
    source_shape: tuple[int, int]
    breast_fraction: float
    notes: tuple[str, ...]
    pixels: NDArray[np.float32]
    pixel_mm: float
    mean: float
    deviation: float


@functools.cache
def identity() -> tuple[str, str]:
    """Return (id, sha256) of this preprocessing: its name and version, and a hash over those and every constant.

    >>> identity()[0]
    'breast-crop-2'
    """
    content = json.dumps({"name": NAME, "version": VERSION, **asdict(SETTINGS)}, sort_keys=True)
    return f"{NAME}-{VERSION}", hashlib.sha256(content.encode()).hexdigest()


def prepare(pixels01: NDArray[np.float32], pixel_mm: float) -> PreparedView:
    """Crop to the breast, resample to the model's pitch and normalise.

    `pixels01` is float (rows, cols), 0..1, air dark, chest wall LEFT; `pixel_mm` its pixel spacing in the plane of
    the detector. A breast too large for the input is shrunk to fit and noted. An image without a breast gives an
    empty input and the note no_breast. Raises InputInvalid for another shape, a spacing <= 0 or non-finite values.
    """
    _check(pixels01, pixel_mm)
    mask, cell = _breast_mask(pixels01, pixel_mm)
    if not mask.any():
        return _empty(pixels01, pixel_mm)
    box = _crop_box(mask, cell, pixel_mm, pixels01.shape)
    transform, reduced = _fit(box, pixel_mm)
    array = resample(pixels01, transform)
    cells = ViewTransform(transform.offset_x / cell, transform.offset_y / cell, transform.scale * cell)
    breast = resample(mask.astype(np.float32), cells) > 0.5
    mean, deviation = _level(array, breast)
    normal = np.where(breast, normalise(array, mean, deviation), SETTINGS.clip_low).astype(np.float32)
    notes = (
        ("breast_reduced",) * reduced
        + ("breast_cut_off",) * _touches_anterior_edge(mask)
        + ("low_contrast",) * (deviation < LOW_CONTRAST)
    )
    fraction = float(mask.mean())
    shape = _shape(pixels01)
    return PreparedView(normal[None], breast, transform, shape, fraction, notes, pixels01, pixel_mm, mean, deviation)


def normalise(array: NDArray[np.float32], mean: float, deviation: float) -> NDArray[np.float32]:
    """Return (array - mean) / deviation between the clips; a deviation near zero counts as 1e-4."""
    scaled = (array - np.float32(mean)) / np.float32(max(deviation, 1e-4))
    return np.asarray(np.clip(scaled, SETTINGS.clip_low, SETTINGS.clip_high), np.float32)


def _check(pixels01: NDArray[np.float32], pixel_mm: float) -> None:
    if pixels01.ndim != 2 or min(pixels01.shape) < 16:
        raise InputInvalid(f"a view is a 2D array of at least 16 x 16 pixels, not {pixels01.shape}")
    if not pixel_mm > 0.0:
        raise InputInvalid("pixel spacing must be positive")
    if not np.isfinite(pixels01).all():
        raise InputInvalid("pixel values must be finite")


def _shape(pixels01: NDArray[np.float32]) -> tuple[int, int]:
    return int(pixels01.shape[0]), int(pixels01.shape[1])


def _breast_mask(pixels01: NDArray[np.float32], pixel_mm: float) -> tuple[NDArray[np.bool_], int]:
    """Return the breast on a coarse grid of `cell` x `cell` pixels: the largest bright component, holes filled.

    Markers and labels are separate, smaller components and drop out.
    """
    cell = max(1, round(SETTINGS.mask_pitch_mm / pixel_mm))
    rows, cols = pixels01.shape
    padded = np.pad(pixels01, ((0, -rows % cell), (0, -cols % cell)), mode="edge")
    small = padded.reshape(padded.shape[0] // cell, cell, padded.shape[1] // cell, cell).mean((1, 3))
    threshold = _air_threshold(small)
    tissue = scipy.ndimage.binary_opening(small > threshold, np.ones((3, 3)))
    labels, count = scipy.ndimage.label(tissue)
    if count == 0:
        return np.zeros(small.shape, bool), cell
    sizes = np.bincount(labels.ravel())
    largest = labels == 1 + int(sizes[1:].argmax())
    return np.asarray(scipy.ndimage.binary_fill_holes(largest), bool), cell


def _air_threshold(small: NDArray[np.float32]) -> float:
    """Grey level above which a cell is tissue: a share of the way from air to the median of whatever is lit.

    The median makes it independent of how white a marker or a clip is.
    """
    air, top = float(np.quantile(small, 0.01)), float(small.max())
    if top - air < 1e-3:
        return top
    lit = small[small > air + 0.02 * (top - air)]
    return air + SETTINGS.air_share * (float(np.median(lit)) - air)


def _crop_box(mask: NDArray[np.bool_], cell: int, pixel_mm: float, shape: tuple[int, ...]) -> Box:
    """Bounding box of the breast with a margin, in the caller's pixels, inside the image."""
    rows, cols = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    margin = SETTINGS.margin_mm / pixel_mm
    return (
        max(0.0, float(cols[0] * cell) - margin),
        max(0.0, float(rows[0] * cell) - margin),
        min(float(shape[1]), float((cols[-1] + 1) * cell) + margin),
        min(float(shape[0]), float((rows[-1] + 1) * cell) + margin),
    )


def _fit(box: Box, pixel_mm: float) -> tuple[ViewTransform, bool]:
    """Scale to the model's pitch, or further down when the breast does not fit; centre it vertically."""
    natural = pixel_mm / SETTINGS.pitch_mm
    width, height = box[2] - box[0], box[3] - box[1]
    scale = min(natural, SETTINGS.cols / width, SETTINGS.rows / height)
    free_rows = SETTINGS.rows / scale - height
    return ViewTransform(box[0], box[1] - free_rows / 2, scale), scale < natural * 0.999


def resample(
    image: NDArray[np.float32], transform: ViewTransform, shape: tuple[int, int] | None = None
) -> NDArray[np.float32]:
    """Area-average (when shrinking) or interpolate (when enlarging) to a grid of `shape`, by default the input's.

    What lies outside the image is 0, air.
    """
    rows, cols = shape or (SETTINGS.rows, SETTINGS.cols)
    vertical = _weights(rows, image.shape[0], transform.offset_y, transform.scale)
    horizontal = _weights(cols, image.shape[1], transform.offset_x, transform.scale)
    half = vertical @ np.ascontiguousarray(image, dtype=np.float32)
    return np.ascontiguousarray((horizontal @ np.ascontiguousarray(half.T)).T)


def _weights(out: int, size: int, offset: float, scale: float) -> scipy.sparse.csr_matrix:
    """Sparse (out, size) matrix of how much each source pixel covers each input pixel along one axis."""
    step = 1.0 / scale
    support = max(step, 1.0)
    centre = (np.arange(out) + 0.5) * step + offset
    start, stop = centre - support / 2, centre + support / 2
    first = np.floor(start).astype(np.int64)
    index = first[:, None] + np.arange(int(np.ceil(support)) + 1)
    overlap = np.clip(np.minimum(stop[:, None], index + 1) - np.maximum(start[:, None], index), 0.0, None) / support
    overlap[(index < 0) | (index >= size)] = 0.0
    overlap /= np.maximum(overlap.sum(1, keepdims=True), 1e-9)  # an edge pixel is the mean of what it covers
    row = np.repeat(np.arange(out), index.shape[1])
    column = np.clip(index, 0, size - 1).ravel()
    values = overlap.astype(np.float32).ravel()
    return scipy.sparse.csr_matrix((values, (row, column)), shape=(out, size))


def _level(array: NDArray[np.float32], breast: NDArray[np.bool_]) -> tuple[float, float]:
    """Mean and deviation of the grey values inside the breast."""
    inside = array[breast]
    return (float(inside.mean()), float(inside.std())) if inside.size else (0.0, 0.0)


def _touches_anterior_edge(mask: NDArray[np.bool_]) -> bool:
    """Whether tissue runs into the edge opposite the chest wall over more than a fifth of the height."""
    return bool(mask[:, -1].mean() > 0.2)


def _empty(pixels01: NDArray[np.float32], pixel_mm: float) -> PreparedView:
    """The answer for an image that shows no breast."""
    grid, shape = (SETTINGS.rows, SETTINGS.cols), _shape(pixels01)
    array = np.full((1, *grid), SETTINGS.clip_low, np.float32)
    transform = ViewTransform(0.0, 0.0, min(grid[0] / shape[0], grid[1] / shape[1]))
    nothing = np.zeros(grid, bool)
    return PreparedView(array, nothing, transform, shape, 0.0, ("no_breast",), pixels01, pixel_mm, 0.0, 1.0)
