"""Assembles an exam: geometry, tissue, findings, detector and processing of each view. The package's front door."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from models.phantom.anatomy import Geometry, Woman, draw_woman, lay_out
from models.phantom.fields import to_detector
from models.phantom.physics import detect, log_attenuation
from models.phantom.placing import Placed, insert, settle
from models.phantom.spec import LATERALITIES, VIEWS, ExamSpec, LesionTruth, PhantomExam, PhantomView
from models.phantom.streams import stream
from models.phantom.tissue import gland_mm
from models.phantom.vendors import STYLES, present

_Pixel = TypeVar("_Pixel", bound=np.generic)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.phantom.spec import Laterality, View


def exam(seed: int, spec: ExamSpec | None = None) -> PhantomExam:
    """Return the four views of the woman who belongs to `seed`; the same arguments give the same pixels.

    Raises KeyError when `spec.vendor` names no known style.
    """
    spec = spec or ExamSpec()
    views = tuple(view for laterality in LATERALITIES for view in breast(seed, spec, laterality))
    return PhantomExam(seed, spec, views[0].density, views)


def breast(seed: int, spec: ExamSpec, laterality: Laterality) -> tuple[PhantomView, ...]:
    """Return the CC and MLO views of one breast, as `exam` would contain them."""
    woman = draw_woman(seed, spec.density)
    settled = [
        settle(seed, index, lesion, spec.prior_years)
        for index, lesion in enumerate(spec.lesions)
        if lesion.laterality == laterality
    ]
    placed = [item for item in settled if item is not None]
    return tuple(_view(seed, spec, woman, laterality, view, placed) for view in VIEWS)


def _view(
    seed: int, spec: ExamSpec, woman: Woman, laterality: Laterality, view: View, placed: Sequence[Placed]
) -> PhantomView:
    """Form one image, chest wall left, and mirror it for a right breast."""
    visit = f"prior-{spec.prior_years:g}"
    jitter = 0.0 if spec.prior_years == 0 else float(stream(seed, visit, laterality, view).normal(0, 1.5))
    geometry = lay_out(seed, woman, laterality, view, jitter)
    gland = to_detector(gland_mm(seed, woman, geometry, laterality, view), spec)
    grid = _on_detector(geometry, spec)
    attenuation = log_attenuation(grid.thickness_mm, gland, grid.pectoral, grid.inside_mm)
    lesions = tuple(
        insert(attenuation, seed, item, geometry, view, spec) for item in placed if item.spec.only_view in (None, view)
    )
    style = STYLES[spec.vendor]
    noise = stream(seed, "noise", visit, spec.vendor, laterality, view)
    signal = detect(attenuation, spec.pixel_mm, style.dose, style.sharpness_mm, noise)
    pixels = present(signal, grid.thickness_mm, grid.inside_mm, grid.pectoral, style, spec.pixel_mm)
    breast_mask = grid.inside_mm > 0
    if laterality == "R":
        pixels, breast_mask = _mirrored(pixels), _mirrored(breast_mask)
        lesions = tuple(_mirrored_truth(lesion, spec.cols) for lesion in lesions)
    return PhantomView(pixels, laterality, view, spec.pixel_mm, woman.density, lesions, breast_mask)


def _on_detector(geometry: Geometry, spec: ExamSpec) -> Geometry:
    """Resample the geometry to the detector's grid."""
    return Geometry(
        inside_mm=to_detector(geometry.inside_mm, spec),
        thickness_mm=to_detector(geometry.thickness_mm, spec),
        pectoral=to_detector(geometry.pectoral, spec),
        nipple_mm=geometry.nipple_mm,
        half_height_mm=geometry.half_height_mm,
    )


def _mirrored(image: NDArray[_Pixel]) -> NDArray[_Pixel]:
    return np.ascontiguousarray(image[:, ::-1])


def _mirrored_truth(lesion: LesionTruth, cols: int) -> LesionTruth:
    x0, y0, x1, y1 = lesion.box
    return LesionTruth(
        lesion.kind, lesion.malignant, lesion.size_mm, (cols - x1, y0, cols - x0, y1), _mirrored(lesion.mask)
    )
