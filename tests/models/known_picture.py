"""A picture of a breast with a known spot, made without torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def breast_picture(rows: int = 900, cols: int = 700, at: tuple[int, int] | None = None, radius: int = 14) -> Array:
    """A half ellipse of grainy tissue at the left edge, with a bright disc at (x, y)."""
    y, x = np.mgrid[0:rows, 0:cols].astype(np.float32)
    inside = (x / (0.8 * cols)) ** 2 + ((y - rows / 2) / (0.45 * rows)) ** 2 < 1
    grain = np.random.default_rng(1).normal(0.0, 0.03, (rows, cols))
    picture = np.where(inside, 0.4 + grain, 0.0)
    if at is not None:
        picture[np.hypot(x - at[0], y - at[1]) < radius] = 0.95
    return np.asarray(picture.clip(0, 1), np.float32)
