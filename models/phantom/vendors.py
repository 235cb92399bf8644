"""Manufacturers' looks: how a signal becomes a picture For Presentation, and the header strings that go with it.

The names say that they are phantoms: no real manufacturer's product is imitated or named. Style C is never used in
training; it stands for a device the model has not met.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from models.phantom.fields import BASE_MM, blur, resample
from models.phantom.physics import FAT_PER_MM
from models.phantom.spec import MAX_VALUE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.phantom.fields import Frame

MANUFACTURER = "Second Read Phantom"
SOFTWARE_VERSIONS = "2.0"
DETAIL_MM = 1.2
CONTRAST_MM = 14.0


@dataclass(frozen=True, slots=True)
class VendorStyle:
    """Header strings (Manufacturer, Manufacturer's Model Name, Software Versions), device and processing constants.

    `dose` is relative to the reference exposure, `sharpness_mm` the detector's blur. `equalisation` is the share of
    the thickness that is taken out, `detail` and `local` weigh two scales of contrast enhancement, `gamma` and
    `ceiling` bend the tone curve. Tomosynthesis: `projections` over `sweep_deg` degrees in all, `ramp` the weight of
    the reconstruction's ramp filter.
    """

    name: str
    model_name: str
    dose: float
    sharpness_mm: float
    equalisation: float
    detail: float
    gamma: float
    ceiling: float
    local: float = 0.3
    projections: int = 15
    sweep_deg: float = 15.0
    ramp: float = 0.6
    manufacturer: str = MANUFACTURER
    software_versions: str = SOFTWARE_VERSIONS

    def varied(self, rng: np.random.Generator) -> VendorStyle:
        """Return the style as another unit of the same device might be set: every constant a little different."""
        return replace(
            self,
            dose=self.dose * float(rng.uniform(0.6, 1.4)),
            sharpness_mm=self.sharpness_mm * float(rng.uniform(0.8, 1.25)),
            equalisation=float(np.clip(self.equalisation + rng.normal(0, 0.06), 0.45, 0.95)),
            detail=float(np.clip(self.detail + rng.normal(0, 0.18), 0.0, 0.9)),
            local=float(np.clip(self.local + rng.normal(0, 0.1), 0.0, 0.6)),
            gamma=self.gamma * float(rng.uniform(0.88, 1.14)),
            ceiling=float(np.clip(self.ceiling + rng.normal(0, 0.04), 0.72, 0.98)),
            ramp=float(np.clip(self.ramp + rng.normal(0, 0.12), 0.25, 1.0)),
        )


STYLE_A = VendorStyle(
    "style-a", "Style A", dose=1.0, sharpness_mm=0.08, equalisation=0.82, detail=0.55, gamma=1.15, ceiling=0.82
)
STYLE_B = VendorStyle(
    "style-b",
    "Style B",
    dose=0.6,
    sharpness_mm=0.13,
    equalisation=0.62,
    detail=0.15,
    gamma=1.35,
    ceiling=0.94,
    projections=9,
    sweep_deg=25.0,
    ramp=0.45,
)
STYLE_C = VendorStyle(
    "style-c",
    "Style C",
    dose=0.8,
    sharpness_mm=0.10,
    equalisation=0.72,
    detail=0.38,
    gamma=0.98,
    ceiling=0.88,
    local=0.45,
    projections=11,
    sweep_deg=20.0,
    ramp=0.75,
)
STYLES: dict[str, VendorStyle] = {style.name: style for style in (STYLE_A, STYLE_B, STYLE_C)}
TRAINING_STYLES = ("style-a", "style-b")
"""Styles a model may be trained on; what is left is for judging it."""


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """What the processing takes from the whole image: a smooth background on the base grid, and the grey window."""

    background: NDArray[np.float32]
    low: float
    span: float


def equalised(
    log_signal: NDArray[np.float32], thickness_mm: NDArray[np.float32], style: VendorStyle
) -> NDArray[np.float32]:
    """Take a share of the thickness out of a log signal."""
    return np.asarray(log_signal - np.float32(style.equalisation * FAT_PER_MM) * thickness_mm, np.float32)


def expose(flat: NDArray[np.float32], parenchyma: NDArray[np.bool_], style: VendorStyle) -> Exposure:
    """Measure background and window on an equalised base-grid image; `parenchyma` is breast without skin and muscle."""
    background = blur(flat, CONTRAST_MM, BASE_MM)
    sample = (flat + style.local * (flat - background))[parenchyma]
    low, high = np.quantile(sample, [0.01, 0.998]) if sample.size else (0.0, 1.0)
    return Exposure(background, float(low), max(1.06 * float(high - low), 0.6))


def present(
    flat: NDArray[np.float32], inside_mm: NDArray[np.float32], exposure: Exposure, style: VendorStyle, frame: Frame
) -> NDArray[np.uint16]:
    """Return uint16 (rows, cols) 0..4095, air 0: detail and local contrast enhancement, window, tone curve."""
    detail = flat + style.detail * (flat - blur(flat, DETAIL_MM, frame.pixel_mm))
    detail += style.local * (flat - resample(exposure.background, frame))
    tone = np.clip((detail - exposure.low) / exposure.span * 0.95 + 0.12, 0.0, None)
    tone = style.ceiling * (1.0 - np.exp(-((tone / 0.75) ** style.gamma)))
    edge = np.clip(inside_mm / (2.0 * frame.pixel_mm) + 0.5, 0.0, 1.0)
    return np.asarray(np.clip(tone * edge * MAX_VALUE, 0, MAX_VALUE) + 0.5, np.uint16)
