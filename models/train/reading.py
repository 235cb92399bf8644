"""Exams as the pipeline reads them: what the view head and the exam network are given, with the truth.

Both are small, so they are trained on these stored outputs of the finished global and local nets.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from models import phantom
from models.architectures.graphs import CROPS, LOGITS, SLABS
from models.labels import LESION_TYPES, SLOTS
from models.ood import OodReference, describe
from models.phantom.tomosynthesis import volume
from models.pipeline import ImagePipeline, read
from models.pipeline_volume import VolumePipeline
from models.preprocess import prepare
from models.slabs import prepare_volume
from models.train.networks import ANYTHING, Recorder, recorder
from models.train.planes import label, presentation, spots
from models.train.samples import style_for
from models.train.volumes import BLUR_MM, Frames, at_pitch
from models.train.windows import SceneCrops, label_at
from models.train.women import style_of, with_prior

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.phantom import Scene, VendorStyle
    from models.phantom.spec import ExamSpec
    from models.pipeline import Places, Whole
    from models.preprocess import PreparedView
    from models.regions import Candidate
    from models.train.plan import Family
    from models.train.planes import Spot

    Columns = dict[str, NDArray[np.generic]]
    View = Callable[[Scene, VendorStyle], Columns]
    Point = tuple[float, float]

_LABELS = 1 + len(LESION_TYPES)


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """N exams, T = 2 (current, prior), 4 slots in the order of `labels.SLOTS`, K regions.

    `regions` float32 (N, T, 4, K, 10 + G), `mask` (N, T, 4, K), `pooled` (N, T, 4, 5), `features` (N, T, 4, F): the
    view graph's inputs. `there` (N, T, 4): whether the view exists. `region_labels` (N, T, 4, K, 5), `view_labels`
    (N, T, 4, 5), `breast_labels` (N, 2): truth, UNKNOWN where a data set does not tell it; a prior's views are judged
    by what they show. `descriptors` (N, T, 4, D) of the out-of-distribution score, their first F numbers the features.
    `slabs` (N, T, 4, S, 5 + F) are the logits and features of a volume's slabs, `slab_mask` (N, T, 4, S); S is 0 in
    2D. `women` int64 (N,).
    """

    regions: NDArray[np.float32]
    mask: NDArray[np.float32]
    pooled: NDArray[np.float32]
    features: NDArray[np.float32]
    there: NDArray[np.float32]
    region_labels: NDArray[np.float32]
    view_labels: NDArray[np.float32]
    breast_labels: NDArray[np.float32]
    descriptors: NDArray[np.float64]
    slabs: NDArray[np.float32]
    slab_mask: NDArray[np.float32]
    women: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.women)

    def take(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> Readings:
        """Return some of the exams, by number or by mask."""
        return Readings(*(getattr(self, f.name)[index] for f in fields(Readings)))


def reading_columns(
    women: range, malignant_share: float, architecture: str, weights: Path, family: Family, priors: bool
) -> Columns:
    """Return the columns of the exams of these women."""
    engine = _engine(architecture, weights)
    view = partial(_image if family == "ffdm" else _volume, engine)
    exams = [_exam(seed, _asked(seed, malignant_share, family), view, priors) for seed in women]
    return {name: np.stack([exam[name] for exam in exams]) for name in exams[0]}


def from_columns(chunks: Sequence[Columns]) -> Readings:
    """Return the readings of chunks that `reading_columns` made."""
    names = [f.name for f in fields(Readings)]
    return Readings(*(np.concatenate([chunk[name] for chunk in chunks]) for name in names))


@dataclass(frozen=True, slots=True)
class Noted:
    """Places of a view or volume that note where the pipeline asked for a crop, and in which frame."""

    places: Places
    centres: list[Point]
    frames: list[int | None]

    def crops(self, centres: Sequence[Point], peaks: Sequence[Candidate]) -> NDArray[np.float32]:
        """Return the crops around centres."""
        self.centres.extend(centres)
        self.frames.extend(self.places.frame(peak) for peak in peaks)
        return self.places.crops(centres, peaks)

    def frame(self, peak: Candidate) -> int | None:
        """Return the frame of a candidate."""
        return self.places.frame(peak)


@lru_cache(maxsize=2)
def _engine(architecture: str, weights: Path) -> Recorder:
    return recorder(architecture, weights)


def _asked(seed: int, malignant_share: float, family: Family) -> ExamSpec:
    spec = phantom.screening_spec(seed, malignant_share, style_of(seed))
    return spec if family == "ffdm" else at_pitch(spec)


def _exam(seed: int, spec: ExamSpec, view: View, priors: bool) -> Columns:
    """Read the woman's exam and, where she has one, its prior."""
    prior = with_prior(seed, spec) if priors else None
    now = _visit(seed, spec, view)
    before = _visit(seed, prior, view) if prior else {name: np.zeros_like(value) for name, value in now.items()}
    columns: Columns = {name: np.stack([now[name], before[name]]) for name in now}
    sick = [any(found.malignant for found in spec.lesions if found.laterality == side) for side in ("L", "R")]
    return columns | {
        "there": np.repeat(np.array([[1.0], [float(prior is not None)]], np.float32), len(SLOTS), 1),
        "breast_labels": np.array(sick, np.float32),
        "women": np.array(seed, np.int64),
    }


def _visit(seed: int, spec: ExamSpec, view: View) -> Columns:
    """Read the four views of one exam."""
    style = style_for(seed + (spec.prior_years > 0), spec)
    breasts = {side: phantom.Breast(seed, spec, side) for side in phantom.LATERALITIES}
    views = [view(breasts[side].scene(name), style) for side, name in SLOTS]
    return {name: np.stack([columns[name] for columns in views]) for name in views[0]}


def _image(engine: Recorder, scene: Scene, style: VendorStyle) -> Columns:
    """Read one image as the shipped pipeline does, with crops rendered on demand."""
    image = phantom.mammogram(scene, style)
    prepared = prepare(presentation(image), image.pixel_mm)
    whole = ImagePipeline(engine, ANYTHING).whole(prepared)
    noted = Noted(SceneCrops(scene, style, prepared), [], [])
    found = spots(image.lesions, image.laterality)
    return view_columns(engine, prepared, whole, noted, lambda index: found, found)


def _volume(engine: Recorder, scene: Scene, style: VendorStyle) -> Columns:
    """Read one volume as the shipped pipeline does; a region is true only near the finding's own frame."""
    taken = volume(scene, style)
    frames = Frames(taken)
    prepared = prepare_volume(frames)
    whole, places = VolumePipeline(engine, ANYTHING).whole(frames, prepared)
    noted = Noted(places, [], [])
    found = spots(taken.lesions, taken.laterality)

    def near(index: int) -> list[Spot]:
        frame = noted.frames[index] or 0
        return [s for s, lesion in zip(found, taken.lesions, strict=True) if abs(lesion.frame - frame) <= BLUR_MM]

    return view_columns(engine, prepared, whole, noted, near, found)


def _slabs(engine: Recorder, neck: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What the slab graph was given for the last volume, filled up to SLABS; nothing for an image."""
    if "slabs" not in engine.given:
        return np.zeros((0, LOGITS + neck), np.float32), np.zeros(0, np.float32)
    pooled, _, features = engine.given["slabs"]
    slabs, mask = np.zeros((SLABS, LOGITS + neck), np.float32), np.zeros(SLABS, np.float32)
    slabs[: len(pooled)], mask[: len(pooled)] = np.concatenate([pooled, features], 1), 1.0
    return slabs, mask


def view_columns(
    engine: Recorder,
    prepared: PreparedView,
    whole: Whole,
    noted: Noted,
    near: Callable[[int], Sequence[Spot]],
    found: Sequence[Spot],
) -> Columns:
    """Return what the view graph was given for one view, with the truth of its regions and of the view."""
    descriptor = describe(prepared, whole.features[0])
    nothing = OodReference(descriptor, np.zeros((len(descriptor), len(descriptor))), 1.0)
    read(engine, nothing, prepared, whole, noted)
    regions, mask, pooled, features = engine.given["view"]
    region_labels = np.zeros((CROPS, _LABELS), np.float32)
    for index, centre in enumerate(noted.centres):
        region_labels[index] = label_at(centre, prepared.pixel_mm, near(index))
    slabs, slab_mask = _slabs(engine, features.shape[1])
    return {
        "slabs": slabs,
        "slab_mask": slab_mask,
        "regions": regions[0],
        "mask": mask[0],
        "pooled": pooled[0],
        "features": features[0],
        "region_labels": region_labels,
        "view_labels": label(found).astype(np.float32),
        "descriptors": descriptor,
    }
