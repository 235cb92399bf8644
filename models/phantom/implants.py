"""Breast implants: a dense, smooth body at the chest wall, in its full size or pushed back behind the breast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SILICONE_OVER_FAT_PER_MM = 0.075
"""What a mm of silicone gel adds over a mm of fat, 1/mm."""
SHELL = 0.22
"""Log attenuation of the shell and its capsule where the ray grazes it."""


def implant_attenuation(
    shape: tuple[int, int],
    pixel_mm: float,
    nipple_mm: tuple[float, float],
    thickness_mm: float,
    displaced: bool,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Return the log attenuation an implant adds, float32 (rows, columns), chest wall left.

    `nipple_mm` is (x, y), `thickness_mm` that of the compressed breast. Displaced (Eklund): the implant is pushed
    against the chest wall and only its front rim is in the image.
    """
    rows, columns = shape
    depth = nipple_mm[0] * (0.16 if displaced else float(rng.uniform(0.55, 0.72)))
    height = nipple_mm[0] * float(rng.uniform(0.55, 0.68))
    x = ((np.arange(columns) + 0.5) * pixel_mm).astype(np.float32)[None, :]
    y = ((np.arange(rows) + 0.5) * pixel_mm - nipple_mm[1] - rng.normal(0, 3)).astype(np.float32)[:, None]
    radius = np.sqrt((x / depth) ** 2 + (y / height) ** 2)
    body = np.sqrt(np.clip(1.0 - radius**2, 0.0, 1.0)) * (0.62 * thickness_mm)
    rim = SHELL * np.exp(-(((radius - 1.0) * depth / 0.7) ** 2))
    return np.asarray(SILICONE_OVER_FAT_PER_MM * body + rim, np.float32)
