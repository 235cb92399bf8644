"""The breast on a coarse grid: a mask without markers, and the shapes of its skin line.

Everything about positioning is read off this one small picture, chest wall left, head (or lateral side) up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

GRID_MM = 0.5
AIR_TOLERANCE = 0.03
"""How far above the air's own level tissue begins; a low limit, because the nipple and the skin are faint."""


@dataclass(frozen=True)
class Outline:
    """`grey` 0..1 and `mask` on a grid of about `GRID_MM`, rows down, chest wall left; `cell_mm` is the exact pitch."""

    grey: NDArray[np.float32]
    mask: NDArray[np.bool_]
    cell_mm: float

    @property
    def width(self) -> NDArray[np.intp]:
        """Cells of breast in every row, from the chest wall to the skin line."""
        return np.where(self.mask.any(1), self.mask.shape[1] - np.argmax(self.mask[:, ::-1], axis=1), 0)

    @property
    def front(self) -> int:
        """Row of the most anterior point, about nipple level."""
        reach = self.width
        return int(np.median(np.nonzero(reach >= reach.max() - 1)[0]))


def outline(pixels: NDArray[np.float32], pixel_mm: float) -> Outline | None:
    """The breast of an image (rows, columns) of presentation values 0..1; None when there is none."""
    step = max(1, round(GRID_MM / pixel_mm))
    grey = shrink(pixels, step)
    air = float(np.quantile(grey[:, -max(2, grey.shape[1] // 20) :], 0.2))
    mask = scipy.ndimage.binary_opening(grey > min(air, 0.2) + AIR_TOLERANCE, iterations=2)
    labels, count = scipy.ndimage.label(mask)
    if not count:
        return None
    sizes = np.bincount(labels.ravel())[1:]
    mask = scipy.ndimage.binary_fill_holes(labels == 1 + int(sizes.argmax()))
    return Outline(grey, mask, step * pixel_mm) if mask.mean() > 0.01 else None


def shrink(pixels: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """Means of blocks of `step` x `step` pixels; what does not fill a block at the far edges is left out."""
    rows, columns = pixels.shape[0] // step, pixels.shape[1] // step
    tall = pixels[: rows * step].reshape(rows, step, -1).mean(axis=1)
    return np.asarray(tall[:, : columns * step].reshape(rows, columns, step).mean(axis=2), np.float32)


def bump_mm(found: Outline, radius_mm: float) -> NDArray[np.float32]:
    """How far each cell stands out of the mask opened by a disc, in mm; 0 where it does not.

    The chest wall and the ends of the image go on as they are, so only real corners of the skin line count.
    """
    radius = round(radius_mm / found.cell_mm)
    wide = np.pad(found.mask, radius + 1, mode="edge")
    core = scipy.ndimage.distance_transform_edt(wide) > radius
    outside = np.asarray(scipy.ndimage.distance_transform_edt(~core) - radius)
    inner = outside[radius + 1 : -radius - 1, radius + 1 : -radius - 1]
    return np.asarray(np.where(found.mask, np.clip(inner, 0, None), 0) * found.cell_mm, np.float32)


def notch_mm(found: Outline, radius_mm: float) -> NDArray[np.float32]:
    """How deep each cell of air lies in a notch of the mask that a disc cannot enter, in mm; 0 elsewhere.

    Below the image there is air: a skin line that the lower edge cuts makes no notch with what nobody sees.
    """
    radius = round(radius_mm / found.cell_mm)
    sides = np.pad(~found.mask, ((radius + 1, 0), (radius + 1, radius + 1)), mode="edge")
    air = np.pad(sides, ((0, radius + 1), (0, 0)), constant_values=True)
    core = scipy.ndimage.distance_transform_edt(air) > radius
    outside = np.asarray(scipy.ndimage.distance_transform_edt(~core) - radius)
    inner = outside[radius + 1 : -radius - 1, radius + 1 : -radius - 1]
    return np.asarray(np.where(found.mask, 0, np.clip(inner, 0, None)) * found.cell_mm, np.float32)
