"""From tissue to a linear detector signal: attenuation, scatter, detector blur and quantum noise."""

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


def log_attenuation(
    thickness: NDArray[np.float32],
    gland: NDArray[np.float32],
    pectoral: NDArray[np.float32],
    inside_mm: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return the line integral of attenuation along each ray; inputs in mm, same shape, 0 thickness in air."""
    skin = SKIN_MM * np.exp(-np.clip(inside_mm, 0.0, None) / 0.9)
    tissue = gland * (1.0 - 0.6 * pectoral) + PECTORAL_MM * pectoral * np.clip(inside_mm / 20.0, 0.0, 1.0) + skin
    total = FAT_PER_MM * thickness + GLAND_OVER_FAT_PER_MM * tissue
    return np.asarray(np.where(inside_mm > 0, total, 0.0), np.float32)


def detect(
    attenuation: NDArray[np.float32], pixel_mm: float, dose: float, sharpness_mm: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return the detector's log signal (higher = more attenuation) with scatter, blur and quantum noise.

    `dose` scales the reference exposure; `sharpness_mm` is the sigma of the detector's own blur.
    """
    primary = np.exp(-attenuation)
    scatter = 0.12 * blur(primary, 9.0, pixel_mm)
    signal = blur((primary + scatter) / 1.12, sharpness_mm, pixel_mm)
    quanta = QUANTA_PER_MM2 * pixel_mm**2 * dose
    noise = rng.standard_normal(signal.shape, dtype=np.float32) * np.sqrt(signal / quanta)
    return np.asarray(-np.log(np.clip(signal + noise, 1e-5, None)), np.float32)
