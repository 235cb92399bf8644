"""Skin folds: doubled skin at the edge of the breast, a long smooth band with one sharp side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLD = 0.28
"""Log attenuation of two more layers of skin."""


def fold_attenuation(inside_mm: NDArray[np.float32], pixel_mm: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the log attenuation a fold adds, float32 (rows, columns).

    `inside_mm` is the distance from the skin line, positive inside the breast. The fold runs beside the skin in the
    upper or lower outer part, where folds happen.
    """
    rows = inside_mm.shape[0]
    offset, width = float(rng.uniform(6.0, 14.0)), float(rng.uniform(1.2, 3.0))
    upper = rng.random() < 0.6
    centre, length = float(rng.uniform(0.16, 0.3)), float(rng.uniform(0.10, 0.2))
    y = (np.arange(rows, dtype=np.float32)[:, None] / rows) if upper else 1 - np.arange(rows)[:, None] / rows
    wander = scipy.ndimage.gaussian_filter1d(rng.standard_normal(rows), 14.0 / pixel_mm, mode="nearest")
    path = offset + 2.0 * wander[:, None] / max(float(np.abs(wander).max()), 1e-6)
    across = (inside_mm - path) / width
    band = np.where(across < 0, np.exp(-((across / 0.25) ** 2)), np.exp(-(np.clip(across, 0, None) ** 2)))
    along = np.exp(-(((y - centre) / length) ** 4))
    return np.asarray(FOLD * band * along * (inside_mm > 0), np.float32)
