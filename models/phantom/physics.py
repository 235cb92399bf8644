"""From tissue to a linear detector signal: attenuation, scatter, detector blur, quantum and electronic noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.phantom.fields import blur

if TYPE_CHECKING:
    from numpy.typing import NDArray

FAT_PER_MM = 0.048
"""Linear attenuation of fat at a typical effective energy, 1/mm."""
GLAND_OVER_FAT_PER_MM = 0.032
"""What a mm of gland adds over a mm of fat, 1/mm."""
PECTORAL_MM = 19.0
"""Gland-equivalent thickness of the pectoral muscle where it is fully in the beam."""
SKIN_MM = 9.0
"""Gland-equivalent path through the skin where the ray grazes it; real skin is 1.5 mm thick."""
QUANTA_PER_MM2 = 1.6e6
"""Detected quanta per mm2 in the open field at the reference dose."""
ELECTRONIC_QUANTA = 160.0
"""Deviation of the detector's own noise per mm2, in quanta of the open field at the reference dose."""
LEAST_SIGNAL = 1e-5
"""Signal that no logarithm is taken below."""
SCATTER_SHARE = 0.12
SCATTER_MM = 9.0
"""Scatter as a share of the primary signal (a grid is used), and how far it spreads."""


def log_attenuation(
    thickness: NDArray[np.float32],
    gland: NDArray[np.float32],
    pectoral: NDArray[np.float32],
    inside_mm: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return the line integral of attenuation along each ray; inputs in mm, same shape, 0 thickness in air."""
    tissue = gland * (1.0 - 0.6 * pectoral) + solid_mm(pectoral, inside_mm)
    total = FAT_PER_MM * thickness + GLAND_OVER_FAT_PER_MM * tissue
    return np.asarray(np.where(inside_mm > 0, total, 0.0), np.float32)


def solid_mm(pectoral: NDArray[np.float32], inside_mm: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the gland-equivalent path through muscle and skin in mm."""
    skin = SKIN_MM * np.exp(-np.clip(inside_mm, 0.0, None) / 0.9)
    return np.asarray(PECTORAL_MM * pectoral * np.clip(inside_mm / 20.0, 0.0, 1.0) + skin, np.float32)


def scattered(primary: NDArray[np.float32], pixel_mm: float) -> NDArray[np.float32]:
    """Return the scatter that reaches the detector beside a primary signal, both 0..1 of the open field."""
    return np.asarray(SCATTER_SHARE * blur(primary, SCATTER_MM, pixel_mm), np.float32)


def detect(
    attenuation: NDArray[np.float32], scatter: NDArray[np.float32], pixel_mm: float, sharpness_mm: float
) -> NDArray[np.float32]:
    """Return the detector's linear signal, 1 = open field, with scatter and blur but free of noise.

    `sharpness_mm` is the sigma of the detector's own blur.
    """
    return blur((np.exp(-attenuation) + scatter) / np.float32(1.0 + SCATTER_SHARE), sharpness_mm, pixel_mm)


def noisy(signal: NDArray[np.float32], pixel_mm: float, dose: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a linear signal with quantum and electronic noise; `dose` scales the reference exposure."""
    area = pixel_mm**2
    variance = signal / np.float32(QUANTA_PER_MM2 * area * dose)
    variance += np.float32((ELECTRONIC_QUANTA / (QUANTA_PER_MM2 * dose)) ** 2 / area)
    return np.asarray(signal + rng.standard_normal(signal.shape, dtype=np.float32) * np.sqrt(variance), np.float32)


def log_signal(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return -log of a linear signal: higher = more attenuation."""
    return np.asarray(-np.log(np.clip(signal, LEAST_SIGNAL, None)), np.float32)
