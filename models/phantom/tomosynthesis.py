"""Digital breast tomosynthesis: limited-angle projections of the layered breast, and filtered back-projection.

The tube swings in the plane parallel to the chest wall; a structure at height z over the support is shifted along the
detector's rows by z tan(angle). Slices are parallel to the support, from the support up, and show the out-of-plane
blur that so few angles leave.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.phantom.backends import CPU, shifted_rows
from models.phantom.exam import mirrored, noise_of
from models.phantom.faults import dose_factor
from models.phantom.fields import BASE, BASE_MM, Frame, resample
from models.phantom.physics import log_signal, noisy, scattered
from models.phantom.placing import box_of, pieces, truth
from models.phantom.scene import Breast
from models.phantom.spec import MAX_VALUE, PhantomVolume, VolumeTruth
from models.phantom.vendors import STYLES, Exposure, equalised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.phantom.backends import Backend, BackProjection
    from models.phantom.placing import Piece, Sited
    from models.phantom.scene import Scene
    from models.phantom.spec import ExamSpec, Laterality, View
    from models.phantom.vendors import VendorStyle

    Image = NDArray[np.float32]

SLICE_MM = 1.0
DOSE_OF_ALL = 1.4
"""Dose of all projections together, relative to a mammogram."""


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """Tangents of the projection angles of one exposure, and what each projection costs in dose."""

    tangents: NDArray[np.float64]
    dose: float

    @classmethod
    def of(cls, style: VendorStyle) -> Sweep:
        """Return the sweep of a device."""
        half = style.sweep_deg / 2
        angles = np.linspace(-half, half, style.projections)
        return cls(np.tan(np.radians(angles)), style.dose * DOSE_OF_ALL / style.projections)


def tomosynthesis(
    seed: int,
    spec: ExamSpec,
    laterality: Laterality,
    view: View,
    style: VendorStyle | None = None,
    backend: Backend = CPU,
) -> PhantomVolume:
    """Return the tomosynthesis volume of one view; the same arguments give the same voxels.

    `backend` says where to compute: `backends.TorchBackend("cuda")` uses a GPU. Raises KeyError when `spec.vendor`
    names no known style.
    """
    return volume(Breast(seed, spec, laterality).scene(view), style or STYLES[spec.vendor], backend)


def volume(scene: Scene, style: VendorStyle, backend: Backend = CPU) -> PhantomVolume:
    """Return the whole volume of a scene, slices every SLICE_MM."""
    spec, breast = scene.breast.spec, scene.breast
    heights = slice_heights(scene)
    used = _used_columns(scene, spec)
    frame = Frame(spec.rows, used, spec.pixel_mm)
    slices = np.zeros((len(heights), spec.rows, spec.cols), np.uint16)
    slices[:, :, :used] = reconstruction(scene, style, frame, heights, backend)
    mask = resample(scene.geometry.inside_mm, Frame.whole(spec)) > 0
    lesions = tuple(_volume_truth(scene, item, heights) for item in scene.sited)
    if breast.laterality == "R":
        slices, mask = mirrored(slices), mirrored(mask)
        lesions = tuple(_mirrored(lesion, spec.cols) for lesion in lesions)
    return PhantomVolume(
        slices=slices,
        laterality=breast.laterality,
        view=scene.view,
        pixel_mm=spec.pixel_mm,
        slice_mm=SLICE_MM,
        density=breast.woman.density,
        lesions=lesions,
        breast_mask=mask,
        gland_fraction=breast.tissue.gland_fraction,
        faults=spec.faults,
    )


def slice_heights(scene: Scene) -> NDArray[np.float64]:
    """Return the heights in mm over the support of a volume's slices."""
    count = max(8, round(scene.geometry.thickness_mm / SLICE_MM))
    return np.asarray((np.arange(count) + 0.5) * SLICE_MM, np.float64)


def reconstruction(
    scene: Scene,
    style: VendorStyle,
    frame: Frame,
    heights: Sequence[float] | NDArray[np.float64],
    backend: Backend = CPU,
) -> NDArray[np.uint16]:
    """Return slices of a frame at these heights: uint16 (n, rows, cols), 0..4095, chest wall LEFT."""
    sweep = Sweep.of(style)
    reach = float(np.abs(sweep.tangents).max()) * scene.geometry.thickness_mm
    margin = int(np.ceil(reach / frame.pixel_mm)) + 2
    tall = Frame(frame.rows + 2 * margin, frame.cols, frame.pixel_mm, frame.top - margin, frame.left)
    noise = noise_of(scene, style.name, "tomosynthesis")
    flats = _projections(scene, style, sweep, tall, noise, backend)
    filtered = backend.filtered(flats, style.ramp, frame.pixel_mm)
    window = tomosynthesis_window(scene, style, sweep, backend)
    inside = resample(scene.geometry.inside_mm, frame)
    edge = np.clip(inside / (2.0 * frame.pixel_mm) + 0.5, 0.0, 1.0)
    slices = np.empty((len(heights), frame.rows, frame.cols), np.uint16)
    for index, height in enumerate(heights):
        plain = _back_projected(filtered, sweep, float(height), margin, frame)
        slices[index] = _toned(plain, edge, window, style)
    return slices


def tomosynthesis_window(scene: Scene, style: VendorStyle, sweep: Sweep, backend: Backend = CPU) -> Exposure:
    """Return the grey window of a volume, measured on three noise-free slices of the base grid."""
    filtered = backend.filtered(_projections(scene, style, sweep, BASE, None, backend), style.ramp, BASE_MM)
    middle = scene.geometry.thickness_mm * np.array([0.3, 0.5, 0.7])
    kept = [_back_projected(filtered, sweep, float(height), 0, BASE)[scene.parenchyma] for height in middle]
    low, high = np.quantile(np.concatenate(kept), [0.01, 0.998])
    return Exposure(np.zeros((1, 1), np.float32), float(low), max(1.06 * float(high - low), 0.3))


def _projections(
    scene: Scene,
    style: VendorStyle,
    sweep: Sweep,
    frame: Frame,
    noise: np.random.Generator | None,
    backend: Backend,
) -> list[Image]:
    """Equalised log signal of each projection on a frame."""
    layers = scene.layer_attenuation()
    found = [(item, list(pieces(item, scene.geometry, frame))) for item in scene.sited]
    thickness = scene.thickness_mm
    flats = []
    for tangent in sweep.tangents:
        shifts = [float(height) * float(tangent) / BASE_MM for height in scene.heights]
        base = backend.sheared(layers, shifts) * np.float32(np.hypot(1.0, tangent))
        attenuation = backend.resample(base, frame)
        for _, sheets in found:
            for piece in sheets:
                _add_shifted(attenuation, piece, piece.height * float(tangent) / frame.pixel_mm)
        signal = backend.detect(attenuation, scattered(np.exp(-base), BASE_MM), frame, style.sharpness_mm)
        if noise is not None:
            signal = noisy(signal, frame.pixel_mm, sweep.dose * dose_factor(scene.breast.spec.faults), noise)
        middle = shifted_rows(thickness, float(tangent) * scene.geometry.thickness_mm / 2 / BASE_MM)
        flats.append(equalised(log_signal(signal), resample(middle, frame), style))
    return flats


def _add_shifted(image: NDArray[np.float32], piece: Piece, shift: float) -> None:
    """Add a sheet's patch moved down by a fractional number of rows; what leaves the image is lost."""
    whole = int(np.floor(shift))
    part = np.float32(shift - whole)
    for offset, weight in ((whole, 1.0 - part), (whole + 1, part)):
        start, stop = piece.rows.start + offset, piece.rows.stop + offset
        low, high = max(start, 0), min(stop, image.shape[0])
        if low < high:
            image[low:high, piece.cols] += weight * piece.added[low - start : high - start]


def _back_projected(filtered: BackProjection, sweep: Sweep, height: float, margin: int, frame: Frame) -> Image:
    """Mean of the projections, each moved back by what a structure at this height was moved."""
    return filtered.at([height * float(t) / frame.pixel_mm + margin for t in sweep.tangents], frame.rows)


def _toned(
    plain: NDArray[np.float32], edge: NDArray[np.float32], window: Exposure, style: VendorStyle
) -> NDArray[np.uint16]:
    """Window and tone curve of a slice; air is 0."""
    tone = np.clip((plain - np.float32(window.low)) * np.float32(0.95 / window.span) + np.float32(0.12), 0.0, None)
    tone = style.ceiling * (1.0 - np.exp(-((tone / np.float32(0.75)) ** np.float32(style.gamma))))
    return np.asarray(np.clip(tone * edge * MAX_VALUE, 0, MAX_VALUE) + 0.5, np.uint16)


def _volume_truth(scene: Scene, item: Sited, heights: NDArray[np.float64]) -> VolumeTruth:
    """Truth of a finding: its outline straight through, and the slices its sheets reach."""
    frame = Frame.whole(scene.breast.spec)
    added = np.zeros((frame.rows, frame.cols), np.float32)
    levels = []
    for piece in pieces(item, scene.geometry, frame):
        added[piece.rows, piece.cols] += piece.added
        levels.append(piece.height)
    flat = truth(item, added, frame)
    centre = float(np.clip(item.height / SLICE_MM - 0.5, 0, len(heights) - 1))
    spread = [*levels, item.height]
    ends = (min(spread), max(spread))
    first, last = (int(np.clip(round(end / SLICE_MM - 0.5), 0, len(heights) - 1)) for end in ends)
    return VolumeTruth(flat.kind, flat.malignant, flat.size_mm, flat.box, flat.mask, centre, first, last)


def _mirrored(lesion: VolumeTruth, cols: int) -> VolumeTruth:
    mask = mirrored(lesion.mask)
    box = box_of(mask)
    return VolumeTruth(
        lesion.kind, lesion.malignant, lesion.size_mm, box, mask, lesion.frame, lesion.first, lesion.last
    )


def _used_columns(scene: Scene, spec: ExamSpec) -> int:
    """Columns up to the breast's anterior edge and a little air; the rest of the detector is air."""
    return min(spec.cols, int(np.ceil((scene.geometry.nipple_mm[0] + 6.0) / spec.pixel_mm)))
