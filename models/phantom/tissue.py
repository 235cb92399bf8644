"""Glandular tissue and connective strands of one breast in one view: how many mm of gland each ray crosses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.phantom.fields import BASE_COLS, BASE_MM, BASE_ROWS, power_law_field, ridges
from models.phantom.streams import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.phantom.anatomy import Geometry, Woman
    from models.phantom.spec import Laterality, View

TEXTURE_EXPONENT = 3.0
"""Fall of the parenchyma's power spectrum with frequency, as measured on mammograms (near 3)."""


def gland_mm(seed: int, woman: Woman, geometry: Geometry, laterality: Laterality, view: View) -> NDArray[np.float32]:
    """Return the gland-equivalent path length in mm, float32 (BASE_ROWS, BASE_COLS), 0 in air."""
    rng = stream(seed, "tissue", laterality, view)
    coarse = power_law_field(rng, TEXTURE_EXPONENT, longest_mm=35.0, shortest_mm=2.2)
    fine = power_law_field(rng, TEXTURE_EXPONENT, longest_mm=10.0)
    web = ridges(rng, spacing_mm=11.0, width=0.30) + 0.7 * ridges(rng, spacing_mm=6.0, width=0.35)
    likely = _likelihood(geometry)
    score = coarse + 2.4 * likely
    breast = geometry.inside_mm > 0
    threshold = float(np.quantile(score[breast], 1.0 - woman.gland_fraction))
    share = 1.0 / (1.0 + np.exp(-(score - threshold) / 0.6))
    share = share * np.clip(0.42 + 0.42 * web + 0.17 * woman.texture * fine, 0.12, 1.4)
    strands = _strands(rng, woman, share)
    under_skin = np.clip((geometry.inside_mm - 3.0) / 7.0, 0.0, 1.0)
    tissue = 0.42 * geometry.thickness_mm * share * under_skin + strands * np.clip(geometry.inside_mm / 3.0, 0.0, 1.0)
    return np.asarray(np.where(breast, tissue, 0.0), np.float32)


def _likelihood(geometry: Geometry) -> NDArray[np.float32]:
    """0..1: gland is likely in the cone behind the nipple, unlikely at the chest wall and in the axillary tail."""
    nipple_x, nipple_y = geometry.nipple_mm
    x = (np.arange(BASE_COLS) + 0.5)[None, :] * BASE_MM
    y = (np.arange(BASE_ROWS) + 0.5)[:, None] * BASE_MM
    depth = (nipple_x - x) / nipple_x
    height = (y - nipple_y) / geometry.half_height_mm
    return np.asarray(np.exp(-(((depth - 0.4) / 0.33) ** 2) - (height / 0.5) ** 2), np.float32)


def _strands(rng: np.random.Generator, woman: Woman, share: NDArray[np.floating]) -> NDArray[np.floating]:
    """Cooper's ligaments and ducts: three webs of curved lines, in mm of gland equivalent, fainter inside gland."""
    wide = ridges(rng, spacing_mm=26.0, width=0.08) * np.clip(power_law_field(rng, 2.0, 40.0) + 1.0, 0.1, 2.2)
    middle = ridges(rng, spacing_mm=15.0, width=0.11) * np.clip(power_law_field(rng, 2.0, 30.0) + 1.0, 0.1, 2.2)
    narrow = ridges(rng, spacing_mm=8.0, width=0.14) * np.clip(power_law_field(rng, 2.0, 20.0) + 0.8, 0.0, 2.0)
    strands = woman.ligaments * (3.6 * wide + 3.0 * middle + 2.0 * narrow) * (1.15 - 0.6 * np.clip(share, 0.0, 1.0))
    return np.asarray(strands)
