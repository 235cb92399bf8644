"""One breast as it stands in front of the detector: positioned in both views, with tissue and findings settled.

A scene renders any part of the detector at any resolution; what belongs to the whole image (scatter, background, grey
window) comes from the base grid, so a window shows what the whole image would show there, apart from its noise.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from models.phantom.anatomy import draw_woman, lay_out
from models.phantom.backends import CPU
from models.phantom.faults import POSITIONS, dose_factor, in_beam, in_detector
from models.phantom.fields import BASE, BASE_COLS, BASE_MM, BASE_ROWS, resample
from models.phantom.folds import fold_attenuation
from models.phantom.implants import implant_attenuation
from models.phantom.physics import GLAND_OVER_FAT_PER_MM, detect, log_attenuation, log_signal, noisy, scattered
from models.phantom.placing import fit, insert, settle, site
from models.phantom.spec import VIEWS
from models.phantom.streams import stream
from models.phantom.tissue import gland_layers, lay_tissue, layer_heights
from models.phantom.vendors import Exposure, VendorStyle, equalised, expose

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.phantom.anatomy import Geometry
    from models.phantom.backends import Backend
    from models.phantom.fields import Frame
    from models.phantom.placing import Placed, Sited
    from models.phantom.spec import ExamSpec, Laterality, LesionTruth, View
    from models.phantom.tissue import Tissue


class Breast:
    """One breast of the woman who belongs to `seed`, as requested; what is costly is made when first needed."""

    def __init__(self, seed: int, spec: ExamSpec, laterality: Laterality) -> None:
        self.seed, self.spec, self.laterality = seed, spec, laterality
        self.woman = draw_woman(seed, spec.density)
        changes: dict[str, Any] = {
            name: value for fault in spec.faults for name, value in POSITIONS.get(fault, {}).items()
        }
        self.positioning = replace(spec.positioning, **changes)
        self.visit = f"prior-{spec.prior_years:g}"
        self.geometries = {view: self._geometry(view) for view in VIEWS}

    def _geometry(self, view: View) -> Geometry:
        moved = stream(self.seed, self.visit, self.laterality, view).normal(0, 1.5) if self.spec.prior_years else 0.0
        wide = self.spec.cols * self.spec.pixel_mm
        return lay_out(self.seed, self.woman, self.laterality, view, float(moved), self.positioning, wide)

    @cached_property
    def tissue(self) -> Tissue:
        """What both views look at."""
        return lay_tissue(self.seed, self.woman, self.laterality, self.spec.mode)

    @cached_property
    def findings(self) -> tuple[Placed, ...]:
        """Findings that are there at this exam, inside the breast in both views."""
        mine = [(i, lesion) for i, lesion in enumerate(self.spec.lesions) if lesion.laterality == self.laterality]
        settled = (settle(self.seed, i, lesion, self.spec.prior_years) for i, lesion in mine)
        return tuple(fit(item, tuple(self.geometries.values())) for item in settled if item is not None)

    def scene(self, view: View) -> Scene:
        """Return the breast compressed for a view."""
        return Scene(self, view)


class Scene:
    """One compressed breast on the base grid."""

    def __init__(self, breast: Breast, view: View) -> None:
        self.breast, self.view = breast, view
        self.geometry = breast.geometries[view]
        seen = [item for item in breast.findings if item.spec.only_view in (None, view)]
        self.sited: tuple[Sited, ...] = tuple(site(item, self.geometry) for item in seen)

    @property
    def thickness_mm(self) -> NDArray[np.float32]:
        """Compressed thickness on the base grid."""
        return self.geometry.profile * np.float32(self.geometry.thickness_mm)

    @property
    def parenchyma(self) -> NDArray[np.bool_]:
        """Base-grid mask of the breast without skin and muscle."""
        return (self.geometry.inside_mm > 4.0) & (self.geometry.pectoral < 0.1)

    @cached_property
    def heights(self) -> NDArray[np.float32]:
        """Heights of the tissue layers over the support, mm."""
        return layer_heights(self.geometry, self.breast.spec.mode)

    @cached_property
    def gland(self) -> NDArray[np.float32]:
        """Gland-equivalent mm within each layer, float32 (layers, base rows, base cols)."""
        b = self.breast
        return gland_layers(b.seed, b.woman, b.tissue, self.geometry, b.laterality, b.spec.mode)

    @cached_property
    def attenuation(self) -> NDArray[np.float32]:
        """Log attenuation of the breast without its findings, straight through, on the base grid."""
        g = self.geometry
        plain = log_attenuation(self.thickness_mm, self.gland.sum(0), g.pectoral, g.inside_mm)
        return plain + self._additions() if self._extra else plain

    @property
    def _extra(self) -> bool:
        return self.breast.spec.implants is not None or self.breast.spec.folds

    def _additions(self) -> NDArray[np.float32]:
        """Implant and skin fold, as the request wants them."""
        spec, g = self.breast.spec, self.geometry
        total = np.zeros((BASE_ROWS, BASE_COLS), np.float32)
        rng = stream(self.breast.seed, "additions", self.breast.laterality, self.view)
        if spec.implants is not None:
            displaced = spec.implants == "displaced"
            total += implant_attenuation((BASE_ROWS, BASE_COLS), BASE_MM, g.nipple_mm, g.thickness_mm, displaced, rng)
        if spec.folds:
            total += fold_attenuation(g.inside_mm, BASE_MM, rng)
        return np.asarray(np.where(g.inside_mm > 0, total, 0.0), np.float32)

    def layer_attenuation(self) -> NDArray[np.float32]:
        """Return the same by layers; muscle and skin are spread over the layers that hold any breast."""
        g, count = self.geometry, len(self.heights)
        pressed = (2.0 * self.heights / g.thickness_mm - 1.0)[:, None, None]
        filled = np.clip((g.profile[None] - np.abs(pressed)) * (0.5 * count) + 0.5, 0.0, 1.0).astype(np.float32)
        filled /= np.maximum(filled.sum(0), 1e-3)
        even = self.attenuation - np.float32(GLAND_OVER_FAT_PER_MM) * self.gland.sum(0) * (1.0 - 0.6 * g.pectoral)
        soft = np.float32(GLAND_OVER_FAT_PER_MM) * self.gland * (1.0 - 0.6 * g.pectoral)
        return np.asarray(filled * even + soft, np.float32)

    @cached_property
    def scatter(self) -> NDArray[np.float32]:
        """Scatter on the base grid."""
        return scattered(np.exp(-self.attenuation), BASE_MM)

    def exposure(self, style: VendorStyle) -> Exposure:
        """Return what the processing measures on the whole image."""
        attenuation = self.attenuation.copy()
        for item in self.sited:
            insert(attenuation, item, self.geometry, BASE)
        signal = detect(attenuation, self.scatter, BASE_MM, style.sharpness_mm)
        return expose(equalised(log_signal(signal), self.thickness_mm, style), self.parenchyma, style)

    def mammogram(
        self,
        style: VendorStyle,
        frame: Frame,
        exposure: Exposure,
        noise: np.random.Generator,
        backend: Backend = CPU,
    ) -> tuple[NDArray[np.uint16], tuple[LesionTruth, ...]]:
        """Return the processed pixels of a frame, chest wall left, and the truth within it."""
        signal, truth = self.signal(style, frame, noise, backend)
        inside = self.geometry.inside_mm
        return backend.present(signal, self.thickness_mm, inside, exposure, style, frame), truth

    def signal(
        self, style: VendorStyle, frame: Frame, noise: np.random.Generator, backend: Backend = CPU
    ) -> tuple[NDArray[np.float32], tuple[LesionTruth, ...]]:
        """Return the detector's linear signal of a frame (1 = open field), chest wall left, and the truth within it."""
        attenuation = backend.resample(self.attenuation, frame)
        truth = tuple(insert(attenuation, item, self.geometry, frame) for item in self.sited)
        faults, mm = self.breast.spec.faults, frame.pixel_mm
        signal = backend.detect(attenuation, self.scatter, frame, style.sharpness_mm)
        if faults:
            signal = in_beam(signal, faults, resample(self.geometry.inside_mm, frame), mm, noise)
        signal = noisy(signal, mm, style.dose * dose_factor(faults), noise)
        return in_detector(signal, faults, noise), truth
