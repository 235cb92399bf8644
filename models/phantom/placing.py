"""Puts findings into a view: position, growth since the prior exam, and the truth box and mask they leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.phantom.fields import BASE_MM
from models.phantom.lesions import Form, default_size_mm, draw, reach_mm
from models.phantom.spec import LesionTruth
from models.phantom.streams import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.phantom.anatomy import Geometry
    from models.phantom.spec import ExamSpec, LesionSpec, View

SMALLEST_MM = 3.5
"""A malignant finding that was smaller than this at the prior exam was not there to see."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding with every particular settled, still independent of the view."""

    form: Form
    position: tuple[float, float, float]
    spec: LesionSpec
    index: int


def settle(seed: int, index: int, lesion: LesionSpec, prior_years: float) -> Placed | None:
    """Draw what the request left open; None when the finding was not yet visible at a prior exam."""
    rng = stream(seed, "lesion", lesion.laterality, index)
    size = lesion.size_mm or default_size_mm(lesion.kind, lesion.malignant, rng)
    contrast = lesion.conspicuity or float(rng.lognormal(0.0, 0.28))
    drawn = (float(rng.uniform(0.2, 0.8)), float(rng.uniform(-0.8, 0.8)), float(rng.uniform(-0.8, 0.7)))
    doubling_years = float(rng.uniform(0.35, 0.9)) if lesion.malignant else float(rng.uniform(4.0, 20.0))
    shrink = 2.0 ** (-prior_years / (3.0 * doubling_years))
    size, contrast = size * shrink, contrast * shrink**0.5
    if lesion.malignant and prior_years > 0 and (size < SMALLEST_MM or rng.random() < 0.3):
        return None
    return Placed(Form(lesion.kind, lesion.malignant, size, contrast), lesion.position or drawn, lesion, index)


def insert(
    attenuation: NDArray[np.float32], seed: int, placed: Placed, geometry: Geometry, view: View, spec: ExamSpec
) -> LesionTruth:
    """Add the finding to `attenuation` (rows, cols; changed in place) and return its truth, chest wall left."""
    centre = _centre_mm(placed, geometry, view)
    reach = reach_mm(placed.form)
    rows = _span(centre[1], reach, spec.pixel_mm, spec.rows)
    cols = _span(centre[0], reach, spec.pixel_mm, spec.cols)
    y = ((np.arange(rows.start, rows.stop) + 0.5) * spec.pixel_mm - centre[1]).astype(np.float32)[:, None]
    x = ((np.arange(cols.start, cols.stop) + 0.5) * spec.pixel_mm - centre[0]).astype(np.float32)[None, :]
    x, y = np.broadcast_arrays(x, y)
    rng = stream(seed, "shape", placed.spec.laterality, view, placed.index)
    added = draw(placed.form, np.ascontiguousarray(x), np.ascontiguousarray(y), spec.pixel_mm, rng)
    patch = attenuation[rows, cols]
    patch += added
    mask = np.zeros(attenuation.shape, bool)
    mask[rows, cols] = _extent(added, np.hypot(x, y), placed.form)
    return LesionTruth(placed.form.kind, placed.form.malignant, placed.form.size_mm, _box(mask), mask)


def _centre_mm(placed: Placed, geometry: Geometry, view: View) -> tuple[float, float]:
    """Same depth in both views; the second coordinate is pulled to the nipple axis until it lies in the breast."""
    depth, across, height = placed.position
    nipple_x, nipple_y = geometry.nipple_mm
    x = nipple_x * (1.0 - depth)
    lateral = across if view == "CC" else height
    margin = placed.form.size_mm * 0.45 + 3.0
    for pull in (0.75, 0.65, 0.5, 0.35, 0.2, 0.1):
        y = nipple_y + lateral * pull * geometry.half_height_mm
        row, col = int(y / BASE_MM), int(x / BASE_MM)
        if 0 <= row < geometry.inside_mm.shape[0] and geometry.inside_mm[row, col] > margin:
            return x, y
    return nipple_x * 0.5, nipple_y


def _span(centre_mm: float, reach: float, pixel_mm: float, limit: int) -> slice:
    """Pixel range of the patch along one axis, at least one pixel, inside the detector."""
    start = int(np.clip((centre_mm - reach) / pixel_mm, 0, limit - 1))
    return slice(start, max(start + 1, int(np.clip((centre_mm + reach) / pixel_mm + 1, 1, limit))))


def _extent(added: NDArray[np.float32], radius: NDArray[np.float32], form: Form) -> NDArray[np.bool_]:
    """Pixels a radiologist would outline: the disc of the finding, or the hull around a cluster's grains."""
    if form.kind != "calcifications":
        return np.asarray(radius <= form.size_mm * 0.55)
    grains = added > 0.25 * added.max()
    rows, cols = np.nonzero(grains)
    mask = np.zeros(grains.shape, bool)
    mask[rows.min() : rows.max() + 1, cols.min() : cols.max() + 1] = True
    return mask


def _box(mask: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    """Smallest box around the mask, pixel edges."""
    rows, cols = np.nonzero(mask)
    return float(cols.min()), float(rows.min()), float(cols.max() + 1), float(rows.max() + 1)
