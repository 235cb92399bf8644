"""Gland, fat and connective sheets of one uncompressed breast, and the layers a compressed view cuts through them.

The tissue is laid out once per breast in material coordinates: across (lateral -1 to medial +1), height (superior -1
to inferior +1) and depth (0 chest wall, 1 nipple). CC presses along height, MLO along a line turned by 45 degrees; both
views therefore show the same tissue, and a structure has the same depth in both.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.phantom.fields import BASE_COLS, BASE_MM, BASE_ROWS, interpolation, power_law_field, power_law_volume
from models.phantom.streams import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.phantom.anatomy import Geometry, Woman
    from models.phantom.spec import Laterality, Mode, View

WOMEN_PER_LIBRARY = 500_000
TEXTURE_EXPONENT = 3.0
"""Fall of the parenchyma's power spectrum with frequency, as measured on mammograms (near 3)."""
REACH = 1.75
"""Material coordinates run from -REACH to REACH across and in height: the axillary tail goes beyond 1."""
DEPTH_REACH = 1.2
SQUEEZE = 0.75
"""Share of the uncompressed height that fills the compressed thickness."""
SOURCE_MM = 650.0
SUPPORT_MM = 20.0
"""Height of the focal spot and of the breast support over the detector."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Voxels across, in height and in depth, layers of a view, and whether fine texture is drawn anew per woman."""

    across: int
    depth: int
    layer_mm: float
    own_texture: bool


SAMPLING: dict[Mode, Sampling] = {"fast": Sampling(96, 64, 4.0, False), "full": Sampling(192, 128, 1.0, True)}


@dataclass(frozen=True, slots=True, eq=False)
class Tissue:
    """Smooth material fields float32 (across, height, depth) from which gland and sheets are made at any resolution.

    `gland` > 0 is glandular; the zero surfaces of `wide` and `narrow` are Cooper's ligaments. `gland_fraction` is the
    share of the breast's volume that is gland.
    """

    gland: NDArray[np.float32]
    wide: NDArray[np.float32]
    narrow: NDArray[np.float32]
    gland_fraction: float


def lay_tissue(seed: int, woman: Woman, laterality: Laterality, mode: Mode) -> Tissue:
    """Return the tissue of one breast."""
    rng = stream(seed, "tissue", laterality)
    size = SAMPLING[mode]
    shape = (size.across, size.across, size.depth)
    wide_mm = 2 * REACH * woman.half_width_mm / size.across
    spacing = (wide_mm, wide_mm, DEPTH_REACH * woman.depth_mm / size.depth)
    score = power_law_volume(rng, shape, spacing, TEXTURE_EXPONENT, 45.0, 3.5) + np.float32(2.2) * _likelihood(shape)
    inside = _inside(shape)
    threshold = np.float32(np.quantile(score[inside][::7], 1.0 - woman.gland_fraction))
    return Tissue(
        gland=score - threshold,
        wide=power_law_volume(rng, shape, spacing, 2.5, 80.0, 9.0),
        narrow=power_law_volume(rng, shape, spacing, 2.5, 32.0, 5.0),
        gland_fraction=float((score[inside] > threshold).mean()),
    )


def layer_heights(geometry: Geometry, mode: Mode) -> NDArray[np.float32]:
    """Return the height in mm over the breast support of each layer's middle, from the support up."""
    count = max(6, round(geometry.thickness_mm / SAMPLING[mode].layer_mm))
    return ((np.arange(count) + 0.5) * (geometry.thickness_mm / count)).astype(np.float32)


def magnification(height_mm: float, thickness_mm: float) -> float:
    """Return how much larger a layer is projected than the breast's middle, where pixel spacing is stated."""
    middle = SOURCE_MM - SUPPORT_MM - thickness_mm / 2
    return middle / (SOURCE_MM - SUPPORT_MM - height_mm)


def gland_layers(
    seed: int, woman: Woman, tissue: Tissue, geometry: Geometry, laterality: Laterality, mode: Mode
) -> NDArray[np.float32]:
    """Return the gland-equivalent path in mm within each layer, float32 (layers, BASE_ROWS, BASE_COLS), 0 in air.

    Each layer is as the central ray's cone meets it: magnified about the chest-wall point below the focal spot.
    """
    heights = layer_heights(geometry, mode)
    step = geometry.thickness_mm / len(heights)
    textures = _textures(seed, laterality, geometry.view, len(heights), SAMPLING[mode].own_texture)
    under_skin = np.clip((geometry.inside_mm - 2.0) / 6.0, 0.0, 1.0)
    layers = np.empty((len(heights), BASE_ROWS, BASE_COLS), np.float32)
    for index, height in enumerate(heights):
        cut = _Cut(geometry, float(height))
        share = _share(cut, tissue, textures[index], woman)
        filled = np.clip((geometry.profile - abs(cut.pressed)) * (0.5 * len(heights)) + 0.5, 0.0, 1.0)
        layers[index] = share * (under_skin * filled * np.float32(step))
    return layers


def _share(cut: _Cut, tissue: Tissue, texture: NDArray[np.float32], woman: Woman) -> NDArray[np.float32]:
    """Gland equivalent per mm of path in one layer: lobules of gland in fat, and thin sheets of connective tissue."""
    gland = cut.through(tissue.gland)
    wide, narrow = cut.through(tissue.wide), cut.through(tissue.narrow)
    walls = np.exp(-((narrow * np.float32(1 / 0.45)) ** 2))
    solid = 1.0 / (1.0 + np.exp(np.clip(gland * np.float32(-5.0), -30, 30)))
    patchy = np.clip(0.30 + 0.95 * walls + np.float32(0.30 * woman.texture) * texture, 0.03, 1.8)
    sheets = np.exp(-((wide * np.float32(1 / 0.06)) ** 2)) + 0.3 * np.exp(-((narrow * np.float32(1 / 0.05)) ** 2))
    strands = np.float32(0.85 * woman.ligaments) * sheets * (1.0 - 0.5 * solid) * (0.55 + 0.45 * cut.central)
    return np.asarray(solid * patchy + strands, np.float32)


class _Cut:
    """One layer's path through the material grid; `pressed` is its place in the compression: -1 support, +1 paddle."""

    def __init__(self, geometry: Geometry, height_mm: float) -> None:
        grows = magnification(height_mm, geometry.thickness_mm)
        nipple_x, nipple_y = geometry.nipple_mm
        y = (np.arange(BASE_ROWS, dtype=np.float32) + 0.5) * BASE_MM
        x = (np.arange(BASE_COLS, dtype=np.float32) + 0.5) * BASE_MM
        self.pressed = 2.0 * height_mm / geometry.thickness_mm - 1.0
        along = (y - nipple_y) / (grows * geometry.half_height_mm)
        self._across, self._height = to_material(along, -self.pressed, geometry.view)
        self._depth = x / np.float32(grows * nipple_x)

    @property
    def central(self) -> NDArray[np.float32]:
        """0..1: how far towards the nipple, where ducts and ligaments gather; float32 (1, BASE_COLS)."""
        return np.asarray(np.clip(self._depth / 0.8, 0.0, 1.0)[None, :], np.float32)

    def through(self, field: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return a material field on the base grid, linear interpolation."""
        a, h = _cells(self._across, field.shape[0]), _cells(self._height, field.shape[1])
        i, j = a.astype(np.int64), h.astype(np.int64)
        u, v = (a - i)[:, None], (h - j)[:, None]
        rows = (field[i, j] * (1 - v) + field[i, j + 1] * v) * (1 - u)
        rows += (field[i + 1, j] * (1 - v) + field[i + 1, j + 1] * v) * u
        depth = np.clip(self._depth * (field.shape[2] / DEPTH_REACH) - 0.5, 0.0, field.shape[2] - 1.001)
        return np.asarray(rows.astype(np.float32) @ interpolation(depth.astype(np.float32), field.shape[2]))


def to_material(
    along: NDArray[np.float32], pressed: float, view: View
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return (across, height) of points `along` the view's vertical axis at a place in the compression.

    `pressed` runs from -1 (paddle) to +1 (support).
    """
    deep = np.full_like(along, SQUEEZE * pressed)
    if view == "CC":
        return along, deep
    turn = np.float32(math.sqrt(0.5))
    return (along + deep) * turn, (along - deep) * turn


def to_view(across: float, height: float, view: View) -> tuple[float, float]:
    """Undo `to_material` for one point: (along, pressed).

    >>> [round(float(v), 6) for v in to_view(*(float(c[0]) for c in to_material(np.array([0.3]), 0.2, "MLO")), "MLO")]
    [0.3, 0.2]
    """
    if view == "CC":
        return across, height / SQUEEZE
    turn = math.sqrt(0.5)
    return (across + height) * turn, (across - height) * turn / SQUEEZE


def _cells(coordinate: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    return np.asarray(np.clip((coordinate + REACH) * (count / (2 * REACH)) - 0.5, 0.0, count - 1.001), np.float32)


@functools.cache
def _centres(shape: tuple[int, int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Material coordinates of the voxels, broadcastable."""
    wide = ((np.arange(shape[0]) + 0.5) * (2 * REACH / shape[0]) - REACH).astype(np.float32)
    deep = ((np.arange(shape[2]) + 0.5) * (DEPTH_REACH / shape[2])).astype(np.float32)
    return wide[:, None, None], wide[None, :, None], deep[None, None, :]


@functools.cache
def _likelihood(shape: tuple[int, int, int]) -> NDArray[np.float32]:
    """0..1: gland is likely in the cone behind the nipple and towards the axilla, unlikely at the chest wall."""
    across, height, depth = _centres(shape)
    centre_a, centre_h = -0.12 * (1 - depth), -0.12 * (1 - depth)
    ring = (across - centre_a) ** 2 + (height - centre_h) ** 2
    return np.asarray(np.exp(-(((depth - 0.6) / 0.34) ** 2) - ring / 0.5**2), np.float32)


@functools.cache
def _inside(shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Voxels of the breast proper: under a paraboloid from the chest wall to the nipple."""
    across, height, depth = _centres(shape)
    return np.asarray(across**2 + height**2 < np.clip(1.0 - depth, 0.0, None))


def _textures(seed: int, laterality: Laterality, view: View, count: int, own: bool) -> list[NDArray[np.float32]]:
    """Fine texture of each layer; from a library of fields, shifted and mirrored, unless drawn anew.

    Women who are far apart in seed, as the splits of a training are, share no field.
    """
    rng = stream(seed, "texture", laterality, view)
    if own:
        return [power_law_field(rng, TEXTURE_EXPONENT, longest_mm=9.0) for _ in range(count)]
    library = _library(seed // WOMEN_PER_LIBRARY)
    return [_shuffled(library[int(rng.integers(len(library)))], rng) for _ in range(count)]


def _shuffled(field: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    down, right = int(rng.integers(BASE_ROWS)), int(rng.integers(BASE_COLS))
    turned = field[:: int(rng.choice([-1, 1])), :: int(rng.choice([-1, 1]))]
    return np.roll(turned, (down, right), (0, 1))


@functools.lru_cache(maxsize=4)
def _library(number: int) -> tuple[NDArray[np.float32], ...]:
    rng = stream(number, "texture library")
    return tuple(power_law_field(rng, TEXTURE_EXPONENT, longest_mm=9.0) for _ in range(32))
