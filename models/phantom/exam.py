"""Assembles mammograms: the four views of an exam, the two of a breast, or full-resolution windows of one view."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from models.phantom.backends import CPU
from models.phantom.fields import Frame, resample
from models.phantom.markers import burned_in
from models.phantom.scene import Breast
from models.phantom.spec import LATERALITIES, MAX_VALUE, VIEWS, ExamSpec, LesionTruth, PhantomExam, PhantomView
from models.phantom.streams import stream
from models.phantom.vendors import STYLES

_Pixel = TypeVar("_Pixel", bound=np.generic)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.phantom.backends import Backend
    from models.phantom.scene import Scene
    from models.phantom.spec import Laterality, View
    from models.phantom.vendors import VendorStyle

RAW_OPEN_FIELD = 12000
"""Stored value of the open field in a For Processing image (14 bits, linear, not inverted)."""


def exam(seed: int, spec: ExamSpec | None = None, backend: Backend = CPU) -> PhantomExam:
    """Return the four views of the woman who belongs to `seed`; the same arguments give the same pixels.

    `backend` says where to compute: `backends.TorchBackend("cuda")` uses a GPU. Raises KeyError when `spec.vendor`
    names no known style.
    """
    spec = spec or ExamSpec()
    views = tuple(view for laterality in LATERALITIES for view in breast(seed, spec, laterality, backend=backend))
    return PhantomExam(seed, spec, views[0].density, views)


def breast(
    seed: int, spec: ExamSpec, laterality: Laterality, style: VendorStyle | None = None, backend: Backend = CPU
) -> tuple[PhantomView, ...]:
    """Return the CC and MLO views of one breast, as `exam` would contain them; `style` overrides the vendor's."""
    compressed = Breast(seed, spec, laterality)
    return tuple(mammogram(compressed.scene(view), style or STYLES[spec.vendor], backend) for view in VIEWS)


def mammogram(scene: Scene, style: VendorStyle, backend: Backend = CPU) -> PhantomView:
    """Return the whole image of a scene For Presentation."""
    breast_, spec = scene.breast, scene.breast.spec
    frame = Frame.whole(spec)
    pixels, lesions = scene.mammogram(style, frame, scene.exposure(style), noise_of(scene, style.name), backend)
    mask = resample(scene.geometry.inside_mm, frame) > 0
    if breast_.laterality == "R":
        pixels, mask = mirrored(pixels), mirrored(mask)
        lesions = tuple(mirrored_truth(lesion, spec.cols) for lesion in lesions)
    if spec.markers:
        pixels = burned_in(pixels, mask, f"{breast_.laterality}{scene.view}", spec.pixel_mm, MAX_VALUE)
    return PhantomView(
        pixels=pixels,
        laterality=breast_.laterality,
        view=scene.view,
        pixel_mm=spec.pixel_mm,
        density=breast_.woman.density,
        lesions=lesions,
        breast_mask=mask,
        gland_fraction=breast_.tissue.gland_fraction,
        faults=spec.faults,
    )


def for_processing(seed: int, spec: ExamSpec, laterality: Laterality, view: View) -> NDArray[np.uint16]:
    """Return the raw image of a view: uint16 (rows, cols), linear in exposure, open field at RAW_OPEN_FIELD."""
    scene = Breast(seed, spec, laterality).scene(view)
    style = STYLES[spec.vendor]
    signal, _ = scene.signal(style, Frame.whole(spec), noise_of(scene, style.name))
    raw = np.clip(signal * RAW_OPEN_FIELD, 0, 2**14 - 1).astype(np.uint16)
    return mirrored(raw) if laterality == "R" else raw


def windows(
    seed: int,
    spec: ExamSpec,
    laterality: Laterality,
    view: View,
    centres_mm: Sequence[tuple[float, float]],
    size: int,
    pixel_mm: float,
    style: VendorStyle | None = None,
) -> NDArray[np.float32]:
    """Return square windows of one view at another resolution: float32 (n, size, size), 0..1, chest wall LEFT.

    `centres_mm` are (x, y) from the top left corner with the chest wall left. A window shows what the whole image of
    that resolution would show, except that its noise is drawn anew; beyond the detector it is 0.
    """
    scene = Breast(seed, spec, laterality).scene(view)
    look = style or STYLES[spec.vendor]
    return scene_windows(scene, look, centres_mm, size, pixel_mm)


def scene_windows(
    scene: Scene, style: VendorStyle, centres_mm: Sequence[tuple[float, float]], size: int, pixel_mm: float
) -> NDArray[np.float32]:
    """Return the windows of a scene; see `windows`."""
    exposure, noise = scene.exposure(style), noise_of(scene, style.name, "windows")
    margin = int(np.ceil(3.6 / pixel_mm))
    found = np.empty((len(centres_mm), size, size), np.float32)
    for index, (x, y) in enumerate(centres_mm):
        frame = Frame(size, size, pixel_mm, round(y / pixel_mm - size / 2), round(x / pixel_mm - size / 2))
        pixels, _ = scene.mammogram(style, frame.grown(margin), exposure, noise)
        found[index] = pixels[margin:-margin, margin:-margin] / np.float32(MAX_VALUE) * _on_detector(frame, scene)
    return found


def _on_detector(frame: Frame, scene: Scene) -> NDArray[np.bool_]:
    """Pixels of a frame (rows, cols) whose centres lie on the detector."""
    spec = scene.breast.spec
    y = (np.arange(frame.rows) + frame.top + 0.5) * frame.pixel_mm
    x = (np.arange(frame.cols) + frame.left + 0.5) * frame.pixel_mm
    high, wide = spec.rows * spec.pixel_mm, spec.cols * spec.pixel_mm
    return np.asarray(((y > 0) & (y < high))[:, None] & ((x > 0) & (x < wide))[None, :])


def noise_of(scene: Scene, *purpose: str) -> np.random.Generator:
    """Return the stream of an image's noise."""
    b = scene.breast
    return stream(b.seed, "noise", b.visit, b.laterality, scene.view, *purpose)


def mirrored(image: NDArray[_Pixel]) -> NDArray[_Pixel]:
    """Return an image or stack of images mirrored left to right."""
    return np.ascontiguousarray(image[..., ::-1])


def mirrored_truth(lesion: LesionTruth, cols: int) -> LesionTruth:
    """Return a truth as the mirrored image of that many columns shows it."""
    x0, y0, x1, y1 = lesion.box
    box = (cols - x1, y0, cols - x0, y1)
    return LesionTruth(lesion.kind, lesion.malignant, lesion.size_mm, box, mirrored(lesion.mask), lesion.height_mm)
