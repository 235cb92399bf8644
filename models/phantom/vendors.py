"""Two manufacturers' look: how a log signal becomes a picture For Presentation, and the header strings that go with it.

The names say that they are phantoms: no real manufacturer's product is imitated or named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.phantom.fields import blur
from models.phantom.physics import FAT_PER_MM
from models.phantom.spec import MAX_VALUE

if TYPE_CHECKING:
    from numpy.typing import NDArray

MANUFACTURER = "Second Read Phantom"
SOFTWARE_VERSIONS = "1.0"


@dataclass(frozen=True, slots=True)
class VendorStyle:
    """Header strings (Manufacturer, Manufacturer's Model Name, Software Versions) and processing constants."""

    name: str
    model_name: str
    dose: float
    sharpness_mm: float
    equalisation: float
    detail: float
    gamma: float
    ceiling: float
    manufacturer: str = MANUFACTURER
    software_versions: str = SOFTWARE_VERSIONS


STYLE_A = VendorStyle(
    "style-a", "Style A", dose=1.0, sharpness_mm=0.08, equalisation=0.82, detail=0.55, gamma=1.15, ceiling=0.82
)
STYLE_B = VendorStyle(
    "style-b", "Style B", dose=0.6, sharpness_mm=0.13, equalisation=0.62, detail=0.15, gamma=1.35, ceiling=0.94
)
STYLES: dict[str, VendorStyle] = {style.name: style for style in (STYLE_A, STYLE_B)}


def present(
    signal: NDArray[np.float32],
    thickness_mm: NDArray[np.float32],
    inside_mm: NDArray[np.float32],
    pectoral: NDArray[np.float32],
    style: VendorStyle,
    pixel_mm: float,
) -> NDArray[np.uint16]:
    """Return uint16 (rows, cols) 0..4095, air 0: thickness equalisation, detail enhancement, window, tone curve."""
    flat = signal - style.equalisation * FAT_PER_MM * thickness_mm
    detail = flat + style.detail * (flat - blur(flat, 1.2, pixel_mm)) + 0.3 * (flat - blur(flat, 14.0, pixel_mm))
    step = max(1, signal.shape[0] // 320)
    sample = detail[::step, ::step][((inside_mm > 4.0) & (pectoral < 0.1))[::step, ::step]]
    low, high = np.quantile(sample, [0.01, 0.998]) if sample.size else (0.0, 1.0)
    span = max(float(high - low), 0.6)
    tone = np.clip((detail - low) / span * 0.95 + 0.12, 0.0, None)
    tone = style.ceiling * (1.0 - np.exp(-((tone / 0.75) ** style.gamma)))
    edge = np.clip(inside_mm / (2.0 * pixel_mm) + 0.5, 0.0, 1.0)
    return np.asarray(np.clip(tone * edge * MAX_VALUE, 0, MAX_VALUE) + 0.5, np.uint16)
