"""Makes what the local net learns from: full-resolution windows of findings, of tissue, and of what misled the map.

A window is rendered alone at 0.1 mm, which takes a twentieth of the time of a whole image, and then goes through the
same crop function as a read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from models import phantom
from models.crops import crop
from models.phantom.exam import scene_windows
from models.pipeline import CANDIDATES, breast_cells, cell_transform, sigmoid
from models.preprocess import SETTINGS, prepare
from models.regions import candidates
from models.train.networks import Recorder, recorder
from models.train.planes import label, presentation, quantise, spots
from models.train.samples import breast_of, scenes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.phantom import Scene, VendorStyle
    from models.preprocess import PreparedView
    from models.train.planes import Spot
    from models.train.samples import Draw

    Point = tuple[float, float]

CENTRE_MM = 8.0
"""A finding whose centre is farther from the window's centre than this, on one axis, is not what the window shows."""
_MARGIN_PX = 6
_PER_LESION = 2


@dataclass(frozen=True, slots=True)
class SceneCrops:
    """Crops of a scene for the pipeline, rendered where it asks for them (`models.pipeline.Places`)."""

    scene: Scene
    style: VendorStyle
    prepared: PreparedView

    def crops(self, centres: Sequence[Point], peaks: Sequence[object] = ()) -> NDArray[np.float32]:
        """Return crops (K, 1, 192, 192) around centres in the pixels of the prepared view."""
        del peaks
        pitch, size = SETTINGS.crop_mm, SETTINGS.crop_px + 2 * _MARGIN_PX
        wanted = [(x * self.prepared.pixel_mm, y * self.prepared.pixel_mm) for x, y in centres]
        found = scene_windows(self.scene, self.style, wanted, size, pitch)
        return np.stack([self._cut(window, at, size) for window, at in zip(found, wanted, strict=True)])

    def frame(self, peak: object) -> int | None:
        """Return None: a single image has no frames."""
        del peak
        return None

    def _cut(self, window: NDArray[np.float32], wanted: Point, size: int) -> NDArray[np.float32]:
        """Cut at the exact centre; the window was rendered on whole pixels."""
        pitch = SETTINGS.crop_mm
        inside = [mm / pitch - round(mm / pitch - size / 2) for mm in wanted]
        return crop(window, pitch, (inside[0], inside[1]), self.prepared.mean, self.prepared.deviation)


def window_columns(
    women: range, draw: Draw, malignant_share: float, architecture: str, weights: Path, most: int
) -> dict[str, NDArray[np.generic]]:
    """Return windows uint8 (N, 1, 192, 192), labels uint8 (N, 5) and women (N,) of these women's views."""
    engine = _engine(architecture, weights)
    parts = []
    for seed in women:
        breast, style = breast_of(seed, draw, malignant_share)
        rng = np.random.Generator(np.random.PCG64([seed, 3]))
        parts += [(seed, *_of_view(scene, style, engine, rng, most)) for scene in scenes(breast)]
    counts = [len(labels) for _, _, labels in parts]
    return {
        "windows": np.concatenate([windows for _, windows, _ in parts]),
        "labels": np.concatenate([labels for _, _, labels in parts]),
        "women": np.repeat(np.array([seed for seed, _, _ in parts], np.int64), counts),
    }


def label_at(centre: Point, pixel_mm: float, found: Sequence[Spot]) -> NDArray[np.uint8]:
    """Return the labels uint8 (5,) of a place: findings whose centre is near, or whose extent covers it."""
    shown = []
    x, y = centre
    for spot in found:
        rows, cols = np.nonzero(spot.mask)
        near = max(abs(cols.mean() + 0.5 - x), abs(rows.mean() + 0.5 - y)) * pixel_mm <= CENTRE_MM
        row, col = int(np.clip(y, 0, spot.mask.shape[0] - 1)), int(np.clip(x, 0, spot.mask.shape[1] - 1))
        if near or spot.mask[row, col]:
            shown.append(spot)
    return label(shown)


@lru_cache(maxsize=2)
def _engine(architecture: str, weights: Path) -> Recorder:
    return recorder(architecture, weights)


def _of_view(
    scene: Scene, style: VendorStyle, engine: Recorder, rng: np.random.Generator, most: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Windows and labels of one view."""
    view = phantom.mammogram(scene, style)
    prepared = prepare(presentation(view), view.pixel_mm)
    found = spots(view.lesions, view.laterality)
    centres = (_at_findings(found, view.pixel_mm, rng) + suspicious(engine, prepared) + _in_tissue(prepared, rng))[
        :most
    ]
    crops = SceneCrops(scene, style, prepared).crops(centres)
    labels = np.stack([label_at(centre, view.pixel_mm, found) for centre in centres])
    return quantise(crops), labels


def suspicious(engine: Recorder, prepared: PreparedView) -> list[Point]:
    """Return the centres, in the caller's pixels, of the places the pipeline would read again."""
    cells = engine.run("global", prepared.array[None])[0][0]
    saliency = np.where(breast_cells(prepared, cells.shape[1:]), sigmoid(cells[0]), np.float32(0.0))
    to_cells = cell_transform(prepared, cells.shape[1])
    boxes = [to_cells.box_to_source(peak.box) for peak in candidates(saliency, CANDIDATES)]
    return [((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) for box in boxes]


def _at_findings(found: Sequence[Spot], pixel_mm: float, rng: np.random.Generator) -> list[Point]:
    """Centres on findings, up to 5 mm off."""
    places = []
    for spot in found:
        rows, cols = np.nonzero(spot.mask)
        for _ in range(_PER_LESION):
            shift = rng.uniform(-5.0, 5.0, 2) / pixel_mm
            places.append((float(cols.mean() + 0.5 + shift[0]), float(rows.mean() + 0.5 + shift[1])))
    return places


def _in_tissue(prepared: PreparedView, rng: np.random.Generator) -> list[Point]:
    """One place anywhere in the breast."""
    rows, cols = np.nonzero(prepared.breast)
    if not rows.size:
        return []
    index = int(rng.integers(rows.size))
    return [prepared.transform.point_to_source(cols[index] + 0.5, rows[index] + 0.5)]
