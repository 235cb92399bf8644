"""Turns phantom views and volumes into training planes: prepared inputs in bytes, target maps, and where findings lie.

A plane is what the global network sees at once: one view in 2D (1 channel), one slab of a volume (2 channels).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from models import phantom
from models.labels import DENSITIES, LESION_TYPES, TYPE_OF_KIND
from models.preprocess import SETTINGS, prepare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.phantom import LesionTruth, PhantomView
    from models.phantom.spec import VolumeTruth
    from models.preprocess import PreparedView

STRIDE = 8
GRID = (SETTINGS.rows // STRIDE, SETTINGS.cols // STRIDE)
LESION = np.dtype(
    [("plane", "<i4"), ("x", "<f4"), ("y", "<f4"), ("malignant", "u1"), ("type", "u1"), ("size_mm", "<f4")]
)
"""One finding on one plane; x, y its centre in input pixels."""
UNKNOWN = 255
"""Target of a cell, label or type that must teach nothing."""
_LEVELS = 255.0 / (SETTINGS.clip_high - SETTINGS.clip_low)


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """P planes.

    `images` uint8 (P, C, H, W): 255 levels between the clips, air 0. `targets` uint8 (P, 1 + types, h, w): malignant
    cells, then cells of any finding of each type, 1, 0 or UNKNOWN. `labels` uint8 (P, 1 + types + 1): malignant, types,
    density. `women` int64 (P,): the woman's seed. `lesions`: records of `LESION`, `plane` an index into the P planes.
    """

    images: NDArray[np.uint8]
    targets: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    women: NDArray[np.int64]
    lesions: NDArray[np.void]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class Spot:
    """A finding as training needs it, in the caller's pixels, chest wall left; `kind` None is one of unknown type."""

    mask: NDArray[np.bool_]
    malignant: bool
    kind: int | None
    size_mm: float

    @property
    def channels(self) -> list[int]:
        """The labels that it sets: its type where that is known, and malignant."""
        typed = [] if self.kind is None else [1 + self.kind]
        return typed + [0] * self.malignant


def presentation(view: PhantomView) -> NDArray[np.float32]:
    """Return a phantom view as the input contract wants it: float32 0..1, chest wall left."""
    pixels = view.pixels if view.laterality == "L" else view.pixels[:, ::-1]
    return np.asarray(np.ascontiguousarray(pixels, np.float32) / phantom.MAX_VALUE, np.float32)


def spots(lesions: Sequence[LesionTruth | VolumeTruth], laterality: str) -> list[Spot]:
    """Return the findings of a view or volume, mirrored to chest wall left."""
    return [
        Spot(
            lesion.mask if laterality == "L" else lesion.mask[:, ::-1],
            lesion.malignant,
            LESION_TYPES.index(TYPE_OF_KIND[lesion.kind]),
            lesion.size_mm,
        )
        for lesion in lesions
    ]


def view_planes(view: PhantomView, woman: int) -> Planes:
    """Return the one plane of a 2D view."""
    prepared = prepare(presentation(view), view.pixel_mm)
    return plane(prepared.array, prepared, spots(view.lesions, view.laterality), view.density, woman)


def plane(
    array: NDArray[np.float32], prepared: PreparedView, found: Sequence[Spot], density: str | None, woman: int
) -> Planes:
    """Lay findings on the saliency grid of one prepared input `array` (C, H, W)."""
    target = np.zeros((1 + len(LESION_TYPES), *GRID), np.uint8)
    labels = np.zeros(2 + len(LESION_TYPES), np.uint8)
    lesions, untyped = np.zeros(len(found), LESION), np.zeros(GRID, np.uint8)
    for index, spot in enumerate(found):
        cells, centre = _cells(spot.mask, prepared)
        target[spot.channels] |= cells
        if spot.kind is None:
            untyped |= cells
        lesions[index] = (0, *centre, spot.malignant, UNKNOWN if spot.kind is None else spot.kind, spot.size_mm)
    target[1:][(target[1:] == 0) & (untyped > 0)] = UNKNOWN
    labels[:-1] = label(found)
    labels[-1] = DENSITIES.index(density) if density in DENSITIES else UNKNOWN
    return Planes(quantise(array)[None], target[None], labels[None], np.array([woman], np.int64), lesions)


def label(found: Sequence[Spot]) -> NDArray[np.uint8]:
    """Return the labels uint8 (5,) of what shows these findings; beside one of unknown type, no type is ruled out."""
    labels = np.zeros(1 + len(LESION_TYPES), np.uint8)
    for spot in found:
        labels[spot.channels] = 1
    if any(spot.kind is None for spot in found):
        labels[1:][labels[1:] == 0] = UNKNOWN
    return labels


def joined(parts: Sequence[Planes]) -> Planes:
    """Put planes one behind the other. Raises ValueError for none."""
    if not parts:
        raise ValueError("nothing to join")
    offset, lesions = 0, []
    for part in parts:
        moved = part.lesions.copy()
        moved["plane"] += offset
        lesions.append(moved)
        offset += len(part)
    columns = {f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Planes)[:-1]}
    return Planes(**columns, lesions=np.concatenate(lesions))


def subset(planes: Planes, keep: NDArray[np.bool_]) -> Planes:
    """Return the planes where `keep` (P,) is true."""
    place = np.cumsum(keep) - 1
    lesions = planes.lesions[keep[planes.lesions["plane"]]].copy()
    lesions["plane"] = place[lesions["plane"]]
    columns = {f.name: getattr(planes, f.name)[keep] for f in fields(Planes)[:-1]}
    return Planes(**columns, lesions=lesions)


def quantise(array: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Store a normalised input in one byte per pixel; a level is a thirtieth of the breast's deviation."""
    return np.asarray(np.rint((array - SETTINGS.clip_low) * _LEVELS), np.uint8)


def restore(levels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Undo `quantise` up to rounding."""
    return levels.astype(np.float32) / np.float32(_LEVELS) + np.float32(SETTINGS.clip_low)


def _cells(mask: NDArray[np.bool_], prepared: PreparedView) -> tuple[NDArray[np.uint8], tuple[float, float]]:
    """Cells of which the finding covers at least a third, always the one at its centre; and that centre (x, y)."""
    rows, cols = np.nonzero(mask)
    transform = prepared.transform
    x = (cols + 0.5 - transform.offset_x) * transform.scale
    y = (rows + 0.5 - transform.offset_y) * transform.scale
    column = np.clip(x / STRIDE, 0, GRID[1] - 1).astype(np.int64)
    row = np.clip(y / STRIDE, 0, GRID[0] - 1).astype(np.int64)
    hits = np.zeros(GRID)
    np.add.at(hits, (row, column), transform.scale**2 / STRIDE**2)
    middle = [int(np.clip(place.mean() / STRIDE, 0, last - 1)) for place, last in zip((y, x), GRID, strict=True)]
    hits[middle[0], middle[1]] = 1.0
    return (hits >= 1 / 3).astype(np.uint8), (float(x.mean()), float(y.mean()))
