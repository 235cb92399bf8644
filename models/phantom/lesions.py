"""How each finding attenuates: one function per kind, as thin sheets at heights around its centre, in mm.

A shape yields (height over the centre in mm, added log attenuation float32 of the patch); the sheets of a finding add
up to its mammogram and part in tomosynthesis. Spicules, lines and grains lie in three dimensions, so CC and MLO see
the same ones. Malignant and benign forms overlap on purpose: a reader of these images must be able to be wrong.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from models.phantom.spec import LesionKind, View

    Grid = NDArray[np.float32]
    Sheet = tuple[float, Grid]

SHEET_MM = 2.5
"""Distance of the sheets that a solid finding is cut into."""
FLATTENED = 0.55
"""How far compression flattens a finding's extent in height."""


@dataclass(frozen=True, slots=True)
class Form:
    """The drawn particulars of one finding; `contrast` is a factor on the kind's ordinary attenuation."""

    kind: LesionKind
    malignant: bool
    size_mm: float
    contrast: float


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """Where a finding is drawn: patch coordinates `x` and `y` in mm from its centre, pixel size, and the view.

    `shared` gives what both views have in common, `own` what only this view shows.
    """

    x: Grid
    y: Grid
    pixel_mm: float
    view: View
    shared: np.random.Generator
    own: np.random.Generator

    def seen(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn vectors (n, 3) as (across, height, depth) into the view's (x, y, height over the centre)."""
        across, height, depth = points.T
        if self.view == "MLO":
            across, height = (across + height) * math.sqrt(0.5), (across - height) * math.sqrt(0.5)
        return np.stack([-depth, across, -height * FLATTENED], 1)


def default_size_mm(kind: LesionKind, malignant: bool, rng: np.random.Generator) -> float:
    """Draw a diameter in mm as screening finds it."""
    median = {
        "spiculated_mass": 12.0,
        "circumscribed_mass": 11.0,
        "calcifications": 11.0,
        "distortion": 18.0,
        "asymmetry": 19.0,
    }[kind]
    spread = 0.32 if malignant else 0.28
    return float(np.clip(median * rng.lognormal(0.0, spread), 5.0, 32.0))


def sheets(form: Form, canvas: Canvas) -> Iterator[Sheet]:
    """Yield the finding's sheets: (height over its centre in mm, added log attenuation of the patch)."""
    for height, patch in _SHAPES[form.kind](form, canvas):
        yield height, np.asarray(form.contrast * patch, np.float32)


def reach_mm(form: Form) -> float:
    """Half the side of a patch that holds the whole finding."""
    return form.size_mm * (1.6 if form.kind in {"spiculated_mass", "distortion"} else 1.0) + 1.0


def _wobbly_radius(x: Grid, y: Grid, rng: np.random.Generator, wobble: float) -> Grid:
    """Distance from the centre relative to a contour that wanders by `wobble` around a slightly oval shape."""
    angle = np.arctan2(y, x)
    contour = np.ones_like(angle)
    for order in range(2, 8):
        contour += wobble / order**0.7 * rng.normal() * np.cos(order * angle + rng.uniform(0, 2 * np.pi))
    return np.asarray(np.hypot(x, y) / np.clip(contour, 0.5, 1.6), np.float32)


def _solid(core: Grid, size_mm: float, edge: float, softness: float) -> Iterator[Sheet]:
    """Cut a roundish body into sheets; together they attenuate 1 through the middle. `core` is 1 on the contour."""
    count = int(np.clip(round(size_mm * FLATTENED / SHEET_MM), 3, 7))
    for level in (np.arange(count) + 0.5) * (2.0 / count) - 1.0:
        radius = math.sqrt(1.0 - level**2)
        inside = 1.0 / (1.0 + np.exp(np.clip((core - edge * radius) / (softness * (0.4 + 0.6 * radius)), -30, 30)))
        yield float(level) * size_mm / 2 * FLATTENED, (inside / count).astype(np.float32)


def _rays(canvas: Canvas, count: int, length_mm: float, width_mm: float) -> Iterator[Sheet]:
    """Thin lines of drawn length that leave the centre in all directions of space and fade outwards."""
    directions = canvas.shared.normal(size=(count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    lengths = length_mm * canvas.shared.uniform(0.6, 1.2, count)
    strengths = canvas.shared.uniform(0.5, 1.0, count)
    radius = np.hypot(canvas.x, canvas.y)
    for end, strength in zip(canvas.seen(directions * lengths[:, None]), strengths, strict=True):
        flat = max(float(np.hypot(end[0], end[1])), 1e-3)
        cos, sin = end[0] / flat, end[1] / flat
        along = canvas.x * cos + canvas.y * sin
        across = -canvas.x * sin + canvas.y * cos + 0.02 * canvas.own.normal() * radius
        fade = np.clip(1.0 - along / flat, 0.0, 1.0) * (along > 0)
        yield 0.4 * float(end[2]), np.asarray(strength * np.exp(-((across / width_mm) ** 2)) * fade, np.float32)


def _mass(form: Form, canvas: Canvas) -> Iterator[Sheet]:
    """A dense core with an indistinct margin and spicules; the benign form (scar, radial scar) has few and short."""
    core = _wobbly_radius(canvas.x, canvas.y, canvas.own, 0.16) / (form.size_mm / 2)
    for height, body in _solid(core, form.size_mm, 0.95, 0.16):
        yield height, 0.50 * body
    count = int(canvas.shared.integers(14, 28)) if form.malignant else int(canvas.shared.integers(2, 8))
    low, high = (1.0, 1.5) if form.malignant else (0.6, 1.0)
    length = form.size_mm * float(canvas.shared.uniform(low, high))
    outside = np.clip(core, 0.3, 1.0)
    for height, line in _rays(canvas, count, length, max(0.35, canvas.pixel_mm)):
        yield height, 0.30 * line * outside


def _circumscribed(form: Form, canvas: Canvas) -> Iterator[Sheet]:
    """An oval with a sharp edge (cyst, fibroadenoma); the malignant form is lobulated with a partly lost edge."""
    wobble, softness = (0.15, 0.13) if form.malignant else (0.03, 0.04)
    stretch, turn = canvas.own.uniform(0.85, 1.2), canvas.own.uniform(0, np.pi)
    u = (canvas.x * np.cos(turn) + canvas.y * np.sin(turn)) * stretch
    v = (-canvas.x * np.sin(turn) + canvas.y * np.cos(turn)) / stretch
    core = _wobbly_radius(u.astype(np.float32), v.astype(np.float32), canvas.own, wobble) / (form.size_mm / 2)
    for height, body in _solid(core, form.size_mm, 1.0, softness):
        yield height, 0.42 * body


def _calcifications(form: Form, canvas: Canvas) -> Iterator[Sheet]:
    """Grains: malignant ones many, small, unequal and close; benign ones fewer, rounder, larger or spread out."""
    rng, radius = canvas.shared, form.size_mm / 2
    if form.malignant:
        count = int(rng.integers(11, 30))
        diameters = rng.lognormal(np.log(0.40), 0.35, count)
    else:
        count = int(rng.integers(3, 9))
        diameters = rng.lognormal(np.log(rng.choice([0.45, 0.9])), 0.18, count)
    squeeze = rng.uniform(0.35, 1.0, 3) if form.malignant else rng.uniform(0.7, 1.0, 3)
    points = canvas.seen(rng.normal(0, 0.42, (count, 3)) * radius * squeeze)
    for (x, y, height), diameter in zip(points, np.clip(diameters, 0.18, 1.6), strict=True):
        long = rng.uniform(1.0, 2.2) if form.malignant else 1.0
        turn = float(canvas.own.uniform(0, np.pi))
        grain = _grain(canvas.x - x, canvas.y - y, float(diameter), float(long), turn, canvas.pixel_mm)
        yield float(height), grain


def _grain(x: Grid, y: Grid, diameter: float, long: float, turn: float, pixel_mm: float) -> Grid:
    """One calcification: a Gaussian spot widened by the pixel, keeping its total attenuation."""
    along, across = x * np.cos(turn) + y * np.sin(turn), -x * np.sin(turn) + y * np.cos(turn)
    floor = (0.42 * pixel_mm) ** 2
    s_along = np.sqrt((0.38 * diameter * long) ** 2 + floor)
    s_across = np.sqrt((0.38 * diameter) ** 2 + floor)
    lost = (0.38 * diameter) ** 2 * long / (s_along * s_across)
    spot = np.exp(-0.5 * ((along / s_along) ** 2 + (across / s_across) ** 2))
    return np.asarray(1.25 * diameter * lost * spot, np.float32)


def _distortion(form: Form, canvas: Canvas) -> Iterator[Sheet]:
    """Lines drawn to a point without a mass; a benign one is fainter because its lines are few."""
    count = int(canvas.shared.integers(22, 36)) if form.malignant else int(canvas.shared.integers(5, 11))
    for height, line in _rays(canvas, count, form.size_mm * 1.0, max(0.42, canvas.pixel_mm)):
        yield height, 0.30 * line
    radius = np.hypot(canvas.x, canvas.y)
    yield 0.0, np.asarray(-0.05 * np.exp(-((radius / (0.16 * form.size_mm)) ** 2)), np.float32)


def _asymmetry(form: Form, canvas: Canvas) -> Iterator[Sheet]:
    """A soft focal density with concave edges; the malignant form is denser towards its centre."""
    core = _wobbly_radius(canvas.x, canvas.y, canvas.own, 0.22) / (form.size_mm / 2)
    peak, amount = (1.4, 0.58) if form.malignant else (2.6, 0.36)
    soft = np.asarray(np.exp(-(core**peak) * 1.6), np.float32)
    for level in (-0.5, 0.0, 0.5):
        yield level * form.size_mm * FLATTENED, amount / 3 * soft


_SHAPES: dict[LesionKind, Callable[[Form, Canvas], Iterator[Sheet]]] = {
    "spiculated_mass": _mass,
    "circumscribed_mass": _circumscribed,
    "calcifications": _calcifications,
    "distortion": _distortion,
    "asymmetry": _asymmetry,
}
