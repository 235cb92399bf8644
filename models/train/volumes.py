"""Makes training data from tomosynthesis volumes: slabs with their targets, and windows of single frames.

A volume takes seconds, so one rendering feeds both nets. Slabs that a finding blurs into without lying in them are
neither an example of it nor of its absence: its cells there count as unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from models import phantom
from models.crops import crop
from models.phantom.tomosynthesis import volume
from models.slabs import plan as slab_plan
from models.slabs import prepare_volume, stream
from models.train.planes import UNKNOWN, joined, plane, quantise, spots
from models.train.samples import as_columns, drawn, scenes, style_for
from models.train.windows import label_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from models.phantom import PhantomVolume, Scene, VendorStyle
    from models.phantom.spec import ExamSpec, VolumeTruth
    from models.preprocess import PreparedView
    from models.train.planes import Planes, Spot
    from models.train.samples import Draw

PIXEL_MM = 0.2
"""Detector pitch of phantom volumes in training and in the held-out test."""
BLUR_MM = 8.0
"""A finding farther than this from a slab leaves nothing there that could be called its image."""
_DEPTH_MM = 160.0
_HEIGHT_MM = 230.0
_FREE_SLABS = 3
_TISSUE_WINDOWS = 6
_PER_LESION = 3


@dataclass(frozen=True, slots=True)
class Frames:
    """A phantom volume as the pipeline takes it (`models.predictions.FrameSource`)."""

    volume: PhantomVolume

    @property
    def count(self) -> int:
        """Number of frames."""
        return len(self.volume.slices)

    @property
    def pixel_mm(self) -> float:
        """Spacing in the plane of a frame."""
        return self.volume.pixel_mm

    @property
    def slice_mm(self) -> float:
        """Distance between neighbouring frames."""
        return self.volume.slice_mm

    def frame(self, index: int) -> NDArray[np.float32]:
        """Return a frame, float32 0..1, chest wall left."""
        pixels = self.volume.slices[index]
        left = pixels if self.volume.laterality == "L" else pixels[:, ::-1]
        return np.asarray(np.ascontiguousarray(left, np.float32) / phantom.MAX_VALUE, np.float32)


def at_pitch(spec: ExamSpec, pixel_mm: float = PIXEL_MM) -> ExamSpec:
    """Return the same exam on a detector of another pitch."""
    return replace(spec, pixel_mm=pixel_mm, rows=round(_HEIGHT_MM / pixel_mm), cols=round(_DEPTH_MM / pixel_mm))


def slab_columns(women: range, draw: Draw, malignant_share: float) -> dict[str, NDArray[np.generic]]:
    """Return slab planes of these women, and windows of frames: `windows`, `window_labels`, `window_women`."""
    found = [part for seed in women for part in _of_breast(seed, draw, malignant_share)]
    windows = [window for _, window, _ in found]
    counts = [len(labels) for _, _, labels in found]
    return {
        **as_columns(joined([planes for planes, _, _ in found])),
        "windows": np.concatenate(windows),
        "window_labels": np.concatenate([labels for _, _, labels in found]),
        "window_women": np.repeat(np.array([planes.women[0] for planes, _, _ in found]), counts),
    }


def _of_breast(
    seed: int, draw: Draw, malignant_share: float
) -> Iterator[tuple[Planes, NDArray[np.uint8], NDArray[np.uint8]]]:
    """Planes, windows and window labels of each view of a woman's breast."""
    spec, side = drawn(seed, draw, malignant_share)
    spec = at_pitch(spec)
    for number, scene in enumerate(scenes(phantom.Breast(seed, spec, side))):
        yield _of_view(scene, style_for(seed, spec), seed, np.random.Generator(np.random.PCG64([seed, 4, number])))


def _of_view(
    scene: Scene, style: VendorStyle, woman: int, rng: np.random.Generator
) -> tuple[Planes, NDArray[np.uint8], NDArray[np.uint8]]:
    taken = volume(scene, style)
    frames = Frames(taken)
    prepared = prepare_volume(frames)
    found = spots(taken.lesions, taken.laterality)
    windows, labels = _windows(frames, prepared, taken.lesions, found, rng)
    return joined(list(_slabs(frames, prepared, taken, found, woman, rng))), windows, labels


def _slabs(
    frames: Frames,
    prepared: PreparedView,
    taken: PhantomVolume,
    found: Sequence[Spot],
    woman: int,
    rng: np.random.Generator,
) -> Iterator[Planes]:
    """Slabs through findings, and a few through none."""
    ranges = slab_plan(frames.count, frames.slice_mm)
    depth = [[_distance(lesion, first, last) for lesion in taken.lesions] for first, last in ranges]
    through = [i for i, row in enumerate(depth) if min(row, default=np.inf) == 0]
    free = [i for i, row in enumerate(depth) if min(row, default=np.inf) > 0]
    wanted = {*through, *rng.permutation(np.array(free, np.int64))[:_FREE_SLABS].tolist()}
    for index, slab in enumerate(stream(frames, prepared)):
        if index in wanted:
            inside = [s for s, mm in zip(found, depth[index], strict=True) if mm == 0]
            near = [s for s, mm in zip(found, depth[index], strict=True) if 0 < mm < BLUR_MM]
            yield _with_unknown(slab.array, prepared, inside, near, taken.density, woman)


def _distance(lesion: VolumeTruth, first: int, last: int) -> float:
    """Slices between a finding's centre and a slab's inner frames; 0 inside."""
    return max(0.0, first + 0.5 - lesion.frame, lesion.frame - (last - 0.5))


def _with_unknown(
    array: NDArray[np.float32],
    prepared: PreparedView,
    inside: Sequence[Spot],
    near: Sequence[Spot],
    density: str,
    woman: int,
) -> Planes:
    """One slab; cells and labels of findings that lie near but not in it are unknown."""
    known = plane(array, prepared, inside, density, woman)
    if near:
        blurred = plane(array, prepared, near, density, woman)
        known.targets[(blurred.targets > 0) & (known.targets == 0)] = UNKNOWN
        kinds = known.labels[:, :-1]
        kinds[(blurred.labels[:, :-1] > 0) & (kinds == 0)] = UNKNOWN
    return known


def _windows(
    frames: Frames,
    prepared: PreparedView,
    lesions: Sequence[VolumeTruth],
    found: Sequence[Spot],
    rng: np.random.Generator,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Windows of frames at findings, and at bright places of other frames, with their labels."""
    pairs = [pair for pair in zip(lesions, found, strict=True) for _ in range(_PER_LESION)]
    places = [_near(lesion, spot, frames, rng) for lesion, spot in pairs]
    places += [_bright(frames, prepared, rng) for _ in range(_TISSUE_WINDOWS)]
    crops, labels = [], []
    for index, centre in places:
        crops.append(crop(frames.frame(index), frames.pixel_mm, centre, prepared.mean, prepared.deviation))
        at_depth = [s for s, lesion in zip(found, lesions, strict=True) if abs(lesion.frame - index) < BLUR_MM]
        labels.append(label_at(centre, frames.pixel_mm, at_depth))
    return quantise(np.stack(crops)), np.stack(labels)


def _near(lesion: VolumeTruth, spot: Spot, frames: Frames, rng: np.random.Generator) -> tuple[int, tuple[float, float]]:
    """A frame and centre at a finding, up to 2 frames and 5 mm off."""
    rows, cols = np.nonzero(spot.mask)
    index = int(np.clip(round(lesion.frame + rng.uniform(-2.0, 2.0)), 0, frames.count - 1))
    shift = rng.uniform(-5.0, 5.0, 2) / frames.pixel_mm
    return index, (float(cols.mean() + 0.5 + shift[0]), float(rows.mean() + 0.5 + shift[1]))


def _bright(frames: Frames, prepared: PreparedView, rng: np.random.Generator) -> tuple[int, tuple[float, float]]:
    """A frame and the brightest of six places in the breast."""
    rows, cols = np.nonzero(prepared.breast)
    index = int(rng.integers(frames.count))
    if not rows.size:
        return index, (0.0, 0.0)
    chosen = rng.integers(rows.size, size=6)
    best = chosen[int(np.argmax(prepared.array[0][rows[chosen], cols[chosen]]))]
    return index, prepared.transform.point_to_source(cols[best] + 0.5, rows[best] + 0.5)
