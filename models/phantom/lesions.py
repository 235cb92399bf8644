"""How each finding attenuates: one function per kind, drawn on a small patch in mm around its centre.

A shape function returns the added log attenuation, float32, of the patch. Malignant and benign forms overlap on
purpose: a reader of these images must be able to be wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from models.phantom.spec import LesionKind

    Grid = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Form:
    """The drawn particulars of one finding, the same in both views of the breast apart from its own stream."""

    kind: LesionKind
    malignant: bool
    size_mm: float
    contrast: float


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


def draw(form: Form, x: Grid, y: Grid, pixel_mm: float, rng: np.random.Generator) -> Grid:
    """Return the added log attenuation of the finding on the patch with coordinates `x`, `y` (mm from its centre)."""
    return np.asarray(form.contrast * _SHAPES[form.kind](form, x, y, pixel_mm, rng), np.float32)


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


def _rays(x: Grid, y: Grid, count: int, length_mm: float, width_mm: float, rng: np.random.Generator) -> Grid:
    """Straight thin lines of drawn length that leave the centre and fade outwards."""
    total = np.zeros_like(x)
    radius = np.hypot(x, y)
    for angle in np.sort(rng.uniform(0, 2 * np.pi, count)):
        along = x * np.cos(angle) + y * np.sin(angle)
        across = -x * np.sin(angle) + y * np.cos(angle) + 0.02 * rng.normal() * radius
        end = length_mm * rng.uniform(0.5, 1.15)
        fade = np.clip(1.0 - along / end, 0.0, 1.0) * (along > 0)
        total += np.exp(-((across / width_mm) ** 2)) * fade * rng.uniform(0.5, 1.0)
    return np.asarray(np.clip(total, 0.0, 1.6), np.float32)


def _mass(form: Form, x: Grid, y: Grid, pixel_mm: float, rng: np.random.Generator) -> Grid:
    """A dense core with an indistinct margin and spicules; the benign form (scar, radial scar) has few and short."""
    radius = form.size_mm / 2
    core = _wobbly_radius(x, y, rng, 0.16) / radius
    body = 1.0 / (1.0 + np.exp(np.clip((core - 0.85) / 0.16, -30, 30)))
    count = int(rng.integers(9, 22)) if form.malignant else int(rng.integers(2, 8))
    spicules = _rays(x, y, count, form.size_mm * rng.uniform(0.9, 1.5), max(0.35, pixel_mm), rng)
    return np.asarray(0.48 * body + 0.30 * spicules * np.clip(core, 0.3, 1.0), np.float32)


def _circumscribed(form: Form, x: Grid, y: Grid, pixel_mm: float, rng: np.random.Generator) -> Grid:
    """An oval with a sharp edge (cyst, fibroadenoma); the malignant form is lobulated with a partly lost edge."""
    radius = form.size_mm / 2
    wobble = 0.10 if form.malignant else 0.03
    edge = 0.10 if form.malignant else 0.045
    stretch, turn = rng.uniform(0.85, 1.2), rng.uniform(0, np.pi)
    u = (x * np.cos(turn) + y * np.sin(turn)) * stretch
    v = (-x * np.sin(turn) + y * np.cos(turn)) / stretch
    core = _wobbly_radius(u, v, rng, wobble) / radius
    dome = np.sqrt(np.clip(1.0 - 0.8 * np.clip(core, 0, 1) ** 2, 0.0, 1.0))
    return np.asarray(0.40 * dome / (1.0 + np.exp(np.clip((core - 0.95) / edge, -30, 30))), np.float32)


def _calcifications(form: Form, x: Grid, y: Grid, pixel_mm: float, rng: np.random.Generator) -> Grid:
    """Grains: malignant ones many, small, unequal and close; benign ones fewer, rounder, larger or spread out."""
    total = np.zeros_like(x)
    if form.malignant:
        count, radius = int(rng.integers(9, 26)), form.size_mm / 2
        diameters = rng.lognormal(np.log(0.38), 0.35, count)
    else:
        count, radius = int(rng.integers(3, 10)), form.size_mm / 2 * rng.uniform(0.7, 1.0)
        diameters = rng.lognormal(np.log(rng.choice([0.42, 0.9])), 0.18, count)
    turn, squeeze = rng.uniform(0, np.pi), rng.uniform(0.35, 1.0) if form.malignant else rng.uniform(0.7, 1.0)
    for diameter in np.clip(diameters, 0.18, 1.6):
        u, v = rng.normal(0, 0.42, 2) * radius * np.array([1.0, squeeze])
        cx, cy = u * np.cos(turn) - v * np.sin(turn), u * np.sin(turn) + v * np.cos(turn)
        long = rng.uniform(1.0, 2.0) if form.malignant else 1.0
        total += _grain(x - cx, y - cy, float(diameter), float(long), float(rng.uniform(0, np.pi)), pixel_mm)
    return total


def _grain(x: Grid, y: Grid, diameter: float, long: float, turn: float, pixel_mm: float) -> Grid:
    """One calcification: a Gaussian spot widened by the pixel, keeping its total attenuation."""
    along, across = x * np.cos(turn) + y * np.sin(turn), -x * np.sin(turn) + y * np.cos(turn)
    floor = (0.42 * pixel_mm) ** 2
    s_along = np.sqrt((0.38 * diameter * long) ** 2 + floor)
    s_across = np.sqrt((0.38 * diameter) ** 2 + floor)
    lost = (0.38 * diameter) ** 2 * long / (s_along * s_across)
    spot = np.exp(-0.5 * ((along / s_along) ** 2 + (across / s_across) ** 2))
    return np.asarray(1.25 * diameter * lost * spot, np.float32)


def _distortion(form: Form, x: Grid, y: Grid, pixel_mm: float, rng: np.random.Generator) -> Grid:
    """Lines drawn to a point without a mass; a benign one is fainter because its lines are few."""
    count = int(rng.integers(14, 26)) if form.malignant else int(rng.integers(6, 12))
    lines = _rays(x, y, count, form.size_mm * 0.95, max(0.4, pixel_mm), rng)
    dark_ring = np.exp(-((np.hypot(x, y) / (0.16 * form.size_mm)) ** 2))
    return np.asarray(0.24 * lines - 0.05 * dark_ring, np.float32)


def _asymmetry(form: Form, x: Grid, y: Grid, pixel_mm: float, rng: np.random.Generator) -> Grid:
    """A soft focal density with concave edges; the malignant form is denser towards its centre."""
    core = _wobbly_radius(x, y, rng, 0.22) / (form.size_mm / 2)
    peak = 1.6 if form.malignant else 2.4
    return np.asarray((0.50 if form.malignant else 0.38) * np.exp(-(core**peak) * 1.6), np.float32)


_SHAPES: dict[LesionKind, Callable[[Form, Grid, Grid, float, np.random.Generator], Grid]] = {
    "spiculated_mass": _mass,
    "circumscribed_mass": _circumscribed,
    "calcifications": _calcifications,
    "distortion": _distortion,
    "asymmetry": _asymmetry,
}
