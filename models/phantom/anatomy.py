"""Outline, compressed thickness and pectoral muscle of one breast in one view, in mm, chest wall at x = 0.

Geometry only: what the tissue inside looks like is `tissue`, what it does to X-rays is `physics`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.ndimage

from models.phantom.fields import BASE_COLS, BASE_MM, BASE_ROWS
from models.phantom.streams import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.phantom.spec import Density, Laterality, Positioning, View

DENSITY_SHARES = (0.15, 0.38, 0.35, 0.12)
"""Shares of densities a-d among screened women (rounded, programme-like)."""

GLAND_SHARES: dict[Density, tuple[float, float]] = {
    "a": (0.02, 0.06),
    "b": (0.07, 0.14),
    "c": (0.16, 0.28),
    "d": (0.31, 0.48),
}
"""Range of the gland's share of the breast's volume per density category; the gaps keep the categories apart."""


@dataclass(frozen=True, slots=True)
class Woman:
    """What both breasts and both views share: size in mm, density and the vigour of her connective tissue."""

    depth_mm: float
    half_width_mm: float
    thickness_mm: float
    density: Density
    gland_fraction: float
    ligaments: float
    texture: float


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """One breast in one view on the base grid.

    `inside_mm` is the distance from the skin line (positive inside, negative in air) and `profile` the local thickness
    as a share of `thickness_mm`, the compressed thickness; both float32 (BASE_ROWS, BASE_COLS). `pectoral` is 0..1.
    `nipple_mm` is (x, y).
    """

    view: View
    inside_mm: NDArray[np.float32]
    profile: NDArray[np.float32]
    pectoral: NDArray[np.float32]
    thickness_mm: float
    nipple_mm: tuple[float, float]
    half_height_mm: float


def draw_woman(seed: int, density: Density | None) -> Woman:
    """Draw the woman who belongs to a seed; a given density overrides the drawn one."""
    rng = stream(seed, "woman")
    letters: tuple[Density, ...] = ("a", "b", "c", "d")
    drawn = letters[int(rng.choice(4, p=DENSITY_SHARES))]
    grade = density or drawn
    low, high = GLAND_SHARES[grade]
    depth = float(np.clip(rng.normal(82, 16), 50, 112))
    return Woman(
        depth_mm=depth,
        half_width_mm=float(np.clip(depth * rng.normal(0.86, 0.07), 48, 86)),
        thickness_mm=float(np.clip(rng.normal(54, 10), 28, 80)),
        density=grade,
        gland_fraction=float(rng.uniform(low, high)),
        ligaments=float(rng.uniform(0.5, 1.4)),
        texture=float(rng.uniform(0.6, 1.3)),
    )


def lay_out(
    seed: int,
    woman: Woman,
    laterality: Laterality,
    view: View,
    jitter_mm: float,
    placed: Positioning,
    detector_mm: float,
) -> Geometry:
    """Return the geometry of one positioned, compressed breast on a detector `detector_mm` wide.

    `jitter_mm` is the repositioning between exams.
    """
    rng = stream(seed, "outline", laterality, view)
    depth = woman.depth_mm * float(rng.normal(1.0, 0.03))
    half = woman.half_width_mm * float(rng.normal(1.0, 0.03)) * (1.12 if view == "MLO" else 1.0)
    centre = (96.0 if view == "CC" else 112.0) + float(rng.normal(0, 4)) + jitter_mm
    y = ((np.arange(BASE_ROWS) + 0.5) * BASE_MM).astype(np.float32)
    edge = _edge_mm(y, depth, half, centre, view, rng, placed)
    if placed.cut_off_mm > 0.0:
        edge += np.float32(max(0.0, detector_mm - float(edge.max())) + placed.cut_off_mm)
    x = ((np.arange(BASE_COLS) + 0.5) * BASE_MM).astype(np.float32)
    inside = _signed_distance(x[None, :] < edge[:, None])
    thickness = woman.thickness_mm * (1.06 if view == "MLO" else 1.0)
    roll = np.clip(inside / (0.45 * thickness), 0.0, 1.0)
    profile = np.sqrt(np.clip(1.0 - (1.0 - roll) ** 2, 0.0, 1.0)).astype(np.float32)
    muscle = view == "MLO" and placed.pectoral > 0.0
    pectoral = _pectoral(x, y, half, centre, rng, placed.pectoral) if muscle else np.zeros_like(profile)
    nipple = (float(edge.max()), float(y[edge.argmax()]))
    return Geometry(view, inside, profile, pectoral, thickness, nipple, half)


def _edge_mm(
    y: NDArray[np.float32],
    depth: float,
    half: float,
    centre: float,
    view: View,
    rng: np.random.Generator,
    placed: Positioning,
) -> NDArray[np.float32]:
    """Skin line x(y): a superellipse with a drawn point at the nipple; in MLO the upper part runs to the axilla."""
    offset = (y - centre) / half
    power = float(rng.uniform(1.7, 2.3))
    body = depth * np.clip(1.0 - np.abs(offset) ** power, 0.0, 1.0) ** float(rng.uniform(0.62, 0.8))
    nipple = (3.0 if placed.nipple_in_profile else 0.0) * np.exp(-(((y - centre) / 4.5) ** 2))
    if view == "MLO":
        tail = depth * float(rng.uniform(0.42, 0.66)) * (1.0 - 0.10 * np.clip(-offset - 0.4, 0.0, 1.5))
        blend = 1.0 / (1.0 + np.exp((offset + 0.1) / 0.12))
        body = (body**6 + (tail * blend) ** 6) ** (1 / 6)
        if placed.fold:
            body = np.maximum(body, _below_fold(y, centre, half, depth))
        body = scipy.ndimage.gaussian_filter1d(body, 9.0 / BASE_MM, mode="nearest")
    return np.asarray(body + nipple * (body > 0.5 * depth), np.float32)


def _below_fold(y: NDArray[np.float32], centre: float, half: float, depth: float) -> NDArray[np.float32]:
    """Abdominal wall under the inframammary fold: a shallow edge that comes back out below the breast."""
    below = (y - centre) / half - 0.93
    return np.asarray(0.16 * depth * np.clip(below / 0.12, 0.0, 1.0), np.float32)


def _signed_distance(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Distance in mm from the skin line; the chest wall and the detector's edges are no skin."""
    padded = np.pad(mask, ((1, 1), (1, 1)), mode="edge")
    inner = scipy.ndimage.distance_transform_edt(padded, sampling=BASE_MM)
    outer = scipy.ndimage.distance_transform_edt(~padded, sampling=BASE_MM)
    signed = scipy.ndimage.gaussian_filter((inner - outer)[1:-1, 1:-1], 1.2, mode="nearest")
    return np.asarray(signed, np.float32)


def _pectoral(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    half: float,
    centre: float,
    rng: np.random.Generator,
    scale: float,
) -> NDArray[np.float32]:
    """Muscle as a slightly convex triangle from the upper chest-wall corner down to about nipple level."""
    width = half * float(rng.uniform(0.24, 0.48)) * scale
    bottom = (centre + half * float(rng.uniform(-0.1, 0.3))) * scale
    edge = width * np.clip(1.0 - y / bottom, 0.0, 1.0) ** float(rng.uniform(0.75, 1.0))
    softness = float(rng.uniform(0.6, 1.6))
    return np.asarray(1.0 / (1.0 + np.exp(np.clip((x[None, :] - edge[:, None]) / softness, -40, 40))), np.float32)
