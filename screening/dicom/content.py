"""Do decoded pixels look like one breast against air? No decoder notices all corruption, so the picture is judged too.

Works on presentation values (0..1, air dark) at block scale; it finds gross damage and the side of the chest wall, and
must never be used to grade image quality. The limits lie between clean images and the same ones damaged: steps along a
row 0.08 against 0.25 and more, along a column 0.10 against 0.25, streaks of a band 1.3 against 2 and more.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from screening.dicom.orientation import Side
from screening.domain.errors import UnusableImage
from screening.domain.quality import ReasonCode

Mask = NDArray[np.bool_]
Pixels = NDArray[np.float32]

BLOCKS = 64
"""Blocks along the shorter side: about 3 mm on a 24 x 30 cm detector."""

MIN_BREAST_FRACTION = 0.02
MAX_BREAST_FRACTION = 0.98
MIN_EDGE_CONTACT = 0.1
CLEAR_EDGE_CONTACT = 0.15
_AIR_MARGIN = 0.08

_MAX_ROUGHNESS = 0.08
"""Mean difference of neighbours: clean mammograms have 0.01, noise has 0.3."""

_STEP = 0.08
_MAX_ROW_STEPS = 0.2
_MAX_COLUMN_STEPS = 0.25
_MAX_STEPS_OVER_MEDIAN = 3.0
_RANK = 5
"""A single line may be a collimator edge; damage makes several."""

_BANDS = 24
MAX_BAND_ANISOTROPY = 1.6
_MIN_BAND_ACTIVITY = 0.5
_CLIP = 0.2
_MARGIN = 0.03
_MAX_EMPTY_BAND = 0.05
_CUT_TISSUE = 0.25


@dataclass(frozen=True)
class Content:
    """What the pixels show: share of the matrix that is breast, and the edge at which it ends, None if not clear."""

    breast_fraction: float
    chest_wall: Side | None


def examine(pixels: Pixels, max_anisotropy: float = MAX_BAND_ANISOTROPY) -> Content:
    """Judge presentation values, shape (rows, columns), with this limit on the streaks of a band of rows.

    Raises UnusableImage: NO_BREAST, ORIENTATION_CONFLICT for a breast that ends at neither side, or
    CONTENT_IMPLAUSIBLE when the pixels are constant, cut off or show the steps and streaks of a damaged stream.
    """
    if float(np.ptp(pixels[::7, ::7])) < 1e-3 and float(np.ptp(pixels)) < 1e-3:
        raise UnusableImage(ReasonCode.CONTENT_IMPLAUSIBLE, "all pixels are equal")
    coarse = block_means(pixels)
    breast = largest_region(coarse > air_level(coarse))
    content = _judge_breast(breast)
    _check_cut(pixels, air_level(coarse))
    _check_damage(pixels, max_anisotropy)
    return content


def block_means(pixels: Pixels) -> Pixels:
    """Means of square blocks, about 64 along the shorter side."""
    side = max(1, min(pixels.shape) // BLOCKS)
    rows, columns = pixels.shape[0] // side, pixels.shape[1] // side
    blocks = pixels[: rows * side, : columns * side].reshape(rows, side, columns, side)
    means: Pixels = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means


def air_level(coarse: Pixels) -> float:
    """The value below which a block counts as air."""
    low, high = np.percentile(coarse, [2, 99])
    return float(low + _AIR_MARGIN * (high - low))


def largest_region(mask: Mask) -> Mask:
    """The largest connected part of a mask, which leaves out markers and labels."""
    labels, count = ndimage.label(mask)
    if count == 0:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    found: Mask = labels == int(sizes.argmax())
    return found


def _judge_breast(breast: Mask) -> Content:
    fraction = float(breast.mean())
    left, right = _contact(breast[:, :2].T), _contact(breast[:, -2:].T)
    ends = max(_contact(breast[:2]), _contact(breast[-2:]))
    if fraction < MIN_BREAST_FRACTION or max(left, right, ends) < MIN_EDGE_CONTACT:
        raise UnusableImage(ReasonCode.NO_BREAST, f"tissue covers {fraction:.0%} of the image")
    if max(left, right) < MIN_EDGE_CONTACT:
        raise UnusableImage(ReasonCode.ORIENTATION_CONFLICT, "tissue ends at the top or bottom edge only")
    if fraction > MAX_BREAST_FRACTION:
        raise UnusableImage(ReasonCode.CONTENT_IMPLAUSIBLE, "no air around the breast")
    side = Side.LEFT if left > right else Side.RIGHT
    clear = max(left, right) >= CLEAR_EDGE_CONTACT and min(left, right) < max(left, right) / 2
    return Content(fraction, side if clear else None)


def _contact(edge: Mask) -> float:
    """Share of an edge, two blocks deep, that tissue reaches."""
    return float(edge.any(axis=0).mean())


def _check_cut(pixels: Pixels, level: float) -> None:
    """Rows that are all one value next to a row of tissue: the rest of the breast was never written."""
    rows = pixels[:, ::4]
    full = np.flatnonzero(np.ptp(rows, axis=1) > 0)
    if not full.size:
        return
    limit = _MAX_EMPTY_BAND * pixels.shape[0]
    for edge, empty in ((full[0], full[0]), (full[-1], pixels.shape[0] - 1 - full[-1])):
        if empty > limit and float((rows[edge] > level).mean()) > _CUT_TISSUE:
            raise UnusableImage(ReasonCode.CONTENT_IMPLAUSIBLE, f"{int(empty)} rows are empty beside tissue")


def _check_damage(pixels: Pixels, max_anisotropy: float) -> None:
    down, across = _differences(pixels)
    if float(down.mean()) > _MAX_ROUGHNESS or float(across.mean()) > _MAX_ROUGHNESS:
        raise UnusableImage(ReasonCode.CONTENT_IMPLAUSIBLE, "the pixels are noise")
    rows, columns = _steps((down > _STEP).mean(axis=1)), _steps((across > _STEP).mean(axis=0))
    if rows > _MAX_ROW_STEPS or columns > _MAX_COLUMN_STEPS:
        raise UnusableImage(ReasonCode.CONTENT_IMPLAUSIBLE, "steps run through whole rows or columns")
    if band_anisotropy(down, across) > max_anisotropy:
        raise UnusableImage(ReasonCode.CONTENT_IMPLAUSIBLE, "a band of rows is streaked")


def _differences(pixels: Pixels) -> tuple[Pixels, Pixels]:
    """Absolute differences to the pixel below and to the right inside the margins, every fourth column and row."""
    top, left = (max(1, int(_MARGIN * size)) for size in pixels.shape)
    inner = pixels[top:-top, left:-left]
    return np.abs(np.diff(inner[:, ::4], axis=0)), np.abs(np.diff(inner[::4], axis=1))


def _steps(shares: NDArray[np.floating]) -> float:
    """The fifth largest share of steps per line, 0 when the whole image is as rough as that."""
    if shares.size <= _RANK:
        return 0.0
    found = float(np.partition(shares, -_RANK)[-_RANK])
    busy = shares[shares > 0]
    typical = float(np.median(busy)) if busy.size else 0.0
    return found if found > _MAX_STEPS_OVER_MEDIAN * typical else 0.0


def band_anisotropy(down: Pixels, across: Pixels) -> float:
    """Largest ratio of horizontal to vertical roughness of a row band; 1 for tissue, more where rows fell apart.

    A predictive coder that lost its place shifts whole rows against each other in single columns; anatomy never does.
    Bands that hold little of the image's roughness (air with a marker) do not count.
    """
    bands = min(_BANDS, len(down), len(across))
    vertical = _band_means(np.minimum(down, _CLIP), bands)
    horizontal = _band_means(np.minimum(across, _CLIP), bands)
    busy = horizontal >= _MIN_BAND_ACTIVITY * horizontal.mean()
    ratios = (horizontal + 1e-4) / (vertical + 1e-4)
    return float(ratios[busy].max()) if busy.any() else 1.0


def _band_means(values: Pixels, bands: int) -> NDArray[np.float64]:
    """Mean of each of so many bands of rows, no more than there are rows."""
    per_row = values.mean(axis=1, dtype=np.float64)
    edges = np.linspace(0, per_row.size, bands + 1).astype(np.intp)
    return np.array([per_row[start:stop].mean() for start, stop in pairwise(edges)])
