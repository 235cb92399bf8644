"""Puts findings into a breast and its views: position, growth since the prior exam, and the truth they leave."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from models.phantom.fields import BASE_MM
from models.phantom.lesions import Canvas, Form, default_size_mm, reach_mm, sheets
from models.phantom.spec import LesionTruth
from models.phantom.streams import stream
from models.phantom.tissue import magnification, to_view

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from models.phantom.anatomy import Geometry
    from models.phantom.fields import Frame
    from models.phantom.spec import LesionSpec

SMALLEST_MM = 3.5
"""A malignant finding that was smaller than this at the prior exam was not there to see."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding with every particular settled, still independent of the view; `position` as in `LesionSpec`."""

    form: Form
    position: tuple[float, float, float]
    spec: LesionSpec
    index: int
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Sited:
    """A finding in one view: its centre `x`, `y` in mm as projected, and its `height` in mm over the support."""

    placed: Placed
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One sheet of a finding on a frame: where its patch lies, at which height, and what it adds."""

    rows: slice
    cols: slice
    height: float
    added: NDArray[np.float32]


def settle(seed: int, index: int, lesion: LesionSpec, prior_years: float) -> Placed | None:
    """Draw what the request left open; None when the finding was not yet visible at a prior exam."""
    rng = stream(seed, "lesion", lesion.laterality, index)
    size = lesion.size_mm or default_size_mm(lesion.kind, lesion.malignant, rng)
    contrast = lesion.conspicuity or float(rng.lognormal(0.08, 0.25))
    drawn = (float(rng.uniform(0.2, 0.8)), float(rng.uniform(-0.65, 0.65)), float(rng.uniform(-0.6, 0.6)))
    doubling_years = float(rng.uniform(0.35, 0.9)) if lesion.malignant else float(rng.uniform(4.0, 20.0))
    shrink = 2.0 ** (-prior_years / (3.0 * doubling_years))
    size, contrast = size * shrink, contrast * shrink**0.5
    if lesion.malignant and prior_years > 0 and (size < SMALLEST_MM or rng.random() < 0.3):
        return None
    return Placed(Form(lesion.kind, lesion.malignant, size, contrast), lesion.position or drawn, lesion, index, seed)


def fit(placed: Placed, geometries: Sequence[Geometry]) -> Placed:
    """Pull the finding towards the nipple axis until it lies in the breast in every view, the same in all of them."""
    depth, across, height = placed.position
    for pull in (1.0, 0.85, 0.7, 0.55, 0.4, 0.25, 0.1, 0.0):
        moved = replace(placed, position=(depth, across * pull, height * pull))
        if all(_holds(geometry, site(moved, geometry)) for geometry in geometries):
            return moved
    return replace(placed, position=(0.5, 0.0, 0.0))


def site(placed: Placed, geometry: Geometry) -> Sited:
    """Return where the finding is seen in a view."""
    depth, across, height = placed.position
    along, pressed = to_view(across, height, geometry.view)
    nipple_x, nipple_y = geometry.nipple_mm
    over_support = geometry.thickness_mm * float(np.clip((1.0 - pressed) / 2, 0.08, 0.92))
    grows = magnification(over_support, geometry.thickness_mm)
    x, y = nipple_x * (1.0 - depth) * grows, nipple_y + along * geometry.half_height_mm * grows
    return Sited(placed, x, y, over_support)


def _holds(geometry: Geometry, sited: Sited) -> bool:
    """Whether the breast holds the finding there, away from skin and paddle."""
    row, col = int(sited.y / BASE_MM), int(sited.x / BASE_MM)
    if not (0 <= row < geometry.inside_mm.shape[0] and 0 <= col < geometry.inside_mm.shape[1]):
        return False
    pressed = abs(2.0 * sited.height / geometry.thickness_mm - 1.0)
    margin = sited.placed.form.size_mm * 0.45 + 3.0
    return bool(geometry.inside_mm[row, col] > margin and geometry.profile[row, col] > pressed)


def pieces(sited: Sited, geometry: Geometry, frame: Frame) -> Iterator[Piece]:
    """Yield the sheets of a finding that touch a frame; deterministic for the finding and view."""
    placed = sited.placed
    reach = reach_mm(placed.form)
    rows = _span(sited.y / frame.pixel_mm - frame.top, reach / frame.pixel_mm, frame.rows)
    cols = _span(sited.x / frame.pixel_mm - frame.left, reach / frame.pixel_mm, frame.cols)
    if rows.start == rows.stop or cols.start == cols.stop:
        return
    y = ((np.arange(rows.start, rows.stop) + frame.top + 0.5) * frame.pixel_mm - sited.y).astype(np.float32)
    x = ((np.arange(cols.start, cols.stop) + frame.left + 0.5) * frame.pixel_mm - sited.x).astype(np.float32)
    grid_x, grid_y = (np.ascontiguousarray(axis) for axis in np.broadcast_arrays(x[None, :], y[:, None]))
    key = (placed.spec.laterality, placed.index)
    shared, own = stream(placed.seed, "form", *key), stream(placed.seed, "shape", geometry.view, *key)
    canvas = Canvas(grid_x, grid_y, frame.pixel_mm, geometry.view, shared, own)
    for height, added in sheets(placed.form, canvas):
        yield Piece(rows, cols, float(np.clip(sited.height + height, 0.0, geometry.thickness_mm)), added)


def insert(attenuation: NDArray[np.float32], sited: Sited, geometry: Geometry, frame: Frame) -> LesionTruth:
    """Add the finding to `attenuation` of a frame (changed in place) and return its truth, chest wall left."""
    added = np.zeros_like(attenuation)
    for piece in pieces(sited, geometry, frame):
        added[piece.rows, piece.cols] += piece.added
    attenuation += added
    return truth(sited, added, frame)


def truth(sited: Sited, added: NDArray[np.float32], frame: Frame) -> LesionTruth:
    """Return the truth of a finding whose added attenuation on the frame is `added`."""
    form = sited.placed.form
    mask = _extent(sited, added, frame)
    return LesionTruth(form.kind, form.malignant, form.size_mm, box_of(mask), mask, sited.height)


def _extent(sited: Sited, added: NDArray[np.float32], frame: Frame) -> NDArray[np.bool_]:
    """Pixels a radiologist would outline: the disc of the finding, or the hull around a cluster's grains."""
    mask = np.zeros(added.shape, bool)
    if sited.placed.form.kind == "calcifications" and added.max() > 0:
        rows, cols = np.nonzero(added > 0.25 * added.max())
        mask[rows.min() : rows.max() + 1, cols.min() : cols.max() + 1] = True
        return mask
    x, y = sited.x / frame.pixel_mm - frame.left, sited.y / frame.pixel_mm - frame.top
    radius = sited.placed.form.size_mm * 0.55 / frame.pixel_mm
    down, along = _span(y, radius, frame.rows), _span(x, radius, frame.cols)
    grid_y, grid_x = np.ogrid[down, along]
    mask[down, along] = (grid_y + 0.5 - y) ** 2 + (grid_x + 0.5 - x) ** 2 <= radius**2
    return mask


def _span(centre: float, reach: float, limit: int) -> slice:
    """Pixel range of a patch along one axis, inside the frame; empty when it lies outside."""
    start = int(np.clip(centre - reach, 0, limit))
    return slice(start, max(start, int(np.clip(centre + reach + 1, 0, limit))))


def box_of(mask: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    """Smallest box around a mask, pixel edges; all zero for an empty one."""
    rows, cols = np.nonzero(mask)
    if rows.size == 0:
        return 0.0, 0.0, 0.0, 0.0
    return float(cols.min()), float(rows.min()), float(cols.max() + 1), float(rows.max() + 1)
