"""What can go wrong when an image is taken, as pure functions, so that quality notes can be proven on known truth.

Names are those of the quality codes; an artefact says after a dot which kind it is. Images are the linear signal,
1 = open field, chest wall left. Positioning faults are no image operation: `POSITIONS` gives the request for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.ndimage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    Signal = NDArray[np.float32]

MOTION, NOISE = "motion_blur", "noise"
DEAD_COLUMN, HAIR, GRID, DEODORANT = "artefact.dead_column", "artefact.hair", "artefact.grid", "artefact.deodorant"

POSITIONS: Mapping[str, Mapping[str, float | bool]] = {
    "breast_cut_off": {"cut_off_mm": 12.0},
    "nipple_not_in_profile": {"nipple_in_profile": False},
    "pectoral_missing": {"pectoral": 0.0},
    "pectoral_short": {"pectoral": 0.45},
    "inframammary_fold_missing": {"fold": False},
}
"""Positioning faults, as the fields of `Positioning` that make them."""

FAULTS: tuple[str, ...] = (*POSITIONS, MOTION, NOISE, DEAD_COLUMN, HAIR, GRID, DEODORANT)
"""Every fault there is; no exam needs more than one to be worth a note."""

LOW_DOSE = 0.08
"""Share of the usual exposure that reaches the detector when the automatic exposure fails."""


def code_of(fault: str) -> str:
    """Return the quality code that a fault should earn.

    >>> code_of("artefact.grid"), code_of("noise")
    ('artefact', 'noise')
    """
    return fault.partition(".")[0]


def in_beam(
    primary: Signal, faults: Iterable[str], inside_mm: Signal, pixel_mm: float, rng: np.random.Generator
) -> Signal:
    """Apply what happens between tube and detector to a signal free of noise; returns the image itself without any.

    `inside_mm` is the distance from the skin line, positive inside the breast. Shapes (rows, columns).
    """
    for fault in sorted(faults):
        if fault in _IN_BEAM:
            primary = _IN_BEAM[fault](primary, inside_mm, pixel_mm, rng)
    return primary


def in_detector(signal: Signal, faults: Iterable[str], rng: np.random.Generator) -> Signal:
    """Apply what goes wrong in the detector itself: one or a few dead columns that were not corrected."""
    return dead_column(signal, rng) if DEAD_COLUMN in faults else signal


def dose_factor(faults: Iterable[str]) -> float:
    """Return the factor on the exposure: 1, or `LOW_DOSE` where noise was asked for."""
    return LOW_DOSE if NOISE in faults else 1.0


def motion(
    primary: Signal, _inside_mm: Signal, pixel_mm: float, rng: np.random.Generator, length_mm: float | None = None
) -> Signal:
    """Average the image along a path of 1.5 to 3 mm: the breast slid while it was exposed, noise did not."""
    length = length_mm or float(rng.uniform(1.5, 3.0))
    angle = float(rng.normal(np.pi / 2, 0.35))  # mostly down, as a badly compressed breast slides
    steps = max(2, round(length / pixel_mm) + 1)
    along = np.linspace(-0.5, 0.5, steps) * length / pixel_mm
    reach = int(np.ceil(abs(along).max())) + 1
    rows, columns = primary.shape
    padded = np.pad(primary, reach, mode="edge")
    total = np.zeros(primary.shape, np.float32)
    for step in along:
        y, x = reach + round(step * np.sin(angle)), reach + round(step * np.cos(angle))
        total += padded[y : y + rows, x : x + columns]
    return np.asarray(total / steps, np.float32)


def dead_column(signal: Signal, rng: np.random.Generator) -> Signal:
    """Set one to three neighbouring columns through the breast to a constant, as an unread line of the detector."""
    tissue = (signal < 0.6).sum(0)
    through = np.nonzero(tissue >= 0.7 * tissue.max())[0]
    first, width = int(rng.choice(through)), int(rng.integers(1, 4))
    damaged = signal.copy()
    damaged[:, first : first + width] = float(rng.choice([0.02, 1.0]))
    return damaged


def hair(primary: Signal, inside_mm: Signal, pixel_mm: float, rng: np.random.Generator) -> Signal:
    """Lay a strand of hair over the upper breast: a thin, long, gently curved line that attenuates."""
    rows, columns = primary.shape
    t = np.linspace(0.0, 1.0, 4 * rows, dtype=np.float32)
    start, bend = rng.uniform(0.05, 0.25, 2), rng.uniform(-0.3, 0.3)
    x = (start[0] + rng.uniform(0.1, 0.3) * t + bend * t * (1 - t)) * columns
    y = (start[1] + rng.uniform(0.35, 0.6) * t) * rows
    line = np.zeros(primary.shape, np.float32)
    inside = (x >= 0) & (x < columns)
    line[y[inside].astype(int), x[inside].astype(int)] = 1.0
    line = scipy.ndimage.gaussian_filter(line, 0.12 / pixel_mm + 0.35)
    line *= np.float32(rng.uniform(0.25, 0.5)) / max(float(line.max()), 1e-6)
    return np.asarray(primary * np.exp(-line * (inside_mm > 0)), np.float32)


def grid(primary: Signal, _inside_mm: Signal, pixel_mm: float, rng: np.random.Generator) -> Signal:
    """Show the lamellae of a grid that stood still: a regular pattern of lines across the image."""
    period = float(rng.uniform(0.9, 1.6))
    x = np.arange(primary.shape[1], dtype=np.float32) * np.float32(pixel_mm)
    wave = 0.04 * np.sin(2 * np.pi * x / period + rng.uniform(0, 2 * np.pi))
    return np.asarray(primary * (1.0 + wave.astype(np.float32)), np.float32)


def deodorant(primary: Signal, inside_mm: Signal, pixel_mm: float, rng: np.random.Generator) -> Signal:
    """Dust the skin fold of the axilla with dense specks, brighter and rounder than calcifications use to be."""
    rows, columns = primary.shape
    fold = np.argwhere((inside_mm > 2.0) & (inside_mm < 14.0) & (np.arange(rows)[:, None] < 0.3 * rows))
    if not len(fold):
        return primary
    centre = fold[int(rng.integers(len(fold)))]
    specks = np.zeros(primary.shape, np.float32)
    for _ in range(int(rng.integers(30, 70))):
        y, x = (centre + rng.normal(0, 6.0 / pixel_mm, 2)).astype(int)
        if 0 <= y < rows and 0 <= x < columns:
            specks[y, x] = rng.uniform(0.6, 1.0)
    specks = scipy.ndimage.gaussian_filter(specks, max(0.22 / pixel_mm, 0.5))
    return np.asarray(primary * np.exp(-1.4 * specks / max(float(specks.max()), 1e-6)), np.float32)


_IN_BEAM: dict[str, Callable[[Signal, Signal, float, np.random.Generator], Signal]] = {
    MOTION: motion,
    HAIR: hair,
    GRID: grid,
    DEODORANT: deodorant,
}
