"""Exams as the pipeline reads them: what the view head and the exam network are given, with the truth.

Both are small, so they are trained on these stored outputs of the finished global and local nets.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from models import phantom
from models.labels import LESION_TYPES, SLOTS
from models.ood import describe
from models.pipeline import CROPS, ImagePipeline, Whole, read
from models.preprocess import prepare
from models.train.networks import ANYTHING, Recorder, recorder
from models.train.planes import presentation, spots
from models.train.samples import style_for
from models.train.windows import SceneCrops, label_at
from models.train.women import style_of, with_prior

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from models.phantom import VendorStyle
    from models.phantom.spec import ExamSpec
    from models.predictions import ViewPrediction
    from models.preprocess import PreparedView
    from models.train.planes import Spot

TIMES = 2
"""Current and prior exam."""
_LABELS = 1 + len(LESION_TYPES)


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """N exams, T = 2 (current, prior), 4 slots in the order of `labels.SLOTS`, K regions.

    `regions` float32 (N, T, 4, K, 10 + G), `mask` (N, T, 4, K), `pooled` (N, T, 4, 5), `features` (N, T, 4, F): the
    view graph's inputs. `there` (N, T): whether the exam exists. `region_labels` (N, T, 4, K, 5), `view_labels`
    (N, T, 4, 5), `breast_labels` (N, 2): truth; a prior's views are judged by what they show. `descriptors` (N, 4, D)
    of the current views, `women` int64 (N,).
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
    women: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.women)

    def take(self, index: NDArray[np.int64]) -> Readings:
        """Return some of the exams."""
        return Readings(*(getattr(self, f.name)[index] for f in fields(Readings)))


def reading_columns(
    women: range, malignant_share: float, architecture: str, weights: Path
) -> dict[str, NDArray[np.generic]]:
    """Return the columns of the exams of these women."""
    engine = _engine(architecture, weights)
    exams = [_exam(seed, malignant_share, engine) for seed in women]
    return {name: np.stack([exam[name] for exam in exams]) for name in exams[0]}


def from_columns(chunks: Sequence[dict[str, NDArray[np.generic]]]) -> Readings:
    """Return the readings of chunks that `reading_columns` made."""
    names = [f.name for f in fields(Readings)]
    return Readings(*(np.concatenate([chunk[name] for chunk in chunks]) for name in names))  # type: ignore[arg-type]


@lru_cache(maxsize=2)
def _engine(architecture: str, weights: Path) -> Recorder:
    return recorder(architecture, weights)


def _exam(seed: int, malignant_share: float, engine: Recorder) -> dict[str, NDArray[np.generic]]:
    """Read the woman's exam and, where she has one, its prior."""
    spec = phantom.screening_spec(seed, malignant_share, style_of(seed))
    prior = with_prior(seed, spec)
    now = _visit(seed, spec, engine)
    before = _visit(seed, prior, engine) if prior else {name: np.zeros_like(value) for name, value in now.items()}
    columns = {name: np.stack([now[name], before[name]]) for name in now if name != "descriptors"}
    sick = [any(found.malignant for found in spec.lesions if found.laterality == side) for side in ("L", "R")]
    return columns | {
        "there": np.array([1.0, float(prior is not None)], np.float32),
        "breast_labels": np.array(sick, np.float32),
        "descriptors": now["descriptors"],
        "women": np.array(seed, np.int64),
    }


def _visit(seed: int, spec: ExamSpec, engine: Recorder) -> dict[str, NDArray[np.generic]]:
    """Read the four views of one exam."""
    style = style_for(seed + (spec.prior_years > 0), spec)
    breasts = {side: phantom.Breast(seed, spec, side) for side in phantom.LATERALITIES}
    views = [_view(breasts[side].scene(view), style, engine) for side, view in SLOTS]
    return {name: np.stack([view[name] for view in views]) for name in views[0]}


def _view(scene: phantom.Scene, style: VendorStyle, engine: Recorder) -> dict[str, NDArray[np.generic]]:
    """Read one view as the shipped pipeline does, with crops rendered on demand."""
    image = phantom.mammogram(scene, style)
    prepared = prepare(presentation(image), image.pixel_mm)
    whole = ImagePipeline(engine, ANYTHING).whole(prepared)
    found = spots(image.lesions, image.laterality)
    peaks: list[tuple[float, float]] = []
    read_view(engine, prepared, whole, _Noted(SceneCrops(scene, style, prepared), peaks))
    return recorded(engine, whole, prepared, peaks, found, image.pixel_mm)


def read_view(engine: Recorder, prepared: PreparedView, whole: Whole, places: _Noted) -> ViewPrediction:
    """Run the pipeline's second half without judging how unusual the view is."""
    size = 1 + len(describe(prepared, whole.features[0]))
    anything = type(ANYTHING)(np.zeros(size - 1), np.zeros((size - 1, size - 1)), 1.0)
    return read(engine, anything, prepared, whole, places)


@dataclass(frozen=True, slots=True)
class _Noted:
    """Crops of a scene, noting where they were asked for."""

    crops_of: SceneCrops
    centres: list[tuple[float, float]]

    def crops(self, centres: Sequence[tuple[float, float]], peaks: Sequence[object]) -> NDArray[np.float32]:
        """Return the crops around centres."""
        self.centres.extend(centres)
        return self.crops_of.crops(centres, peaks)

    def frame(self, peak: object) -> int | None:
        """Return None: a single image has no frames."""
        return self.crops_of.frame(peak)


def recorded(
    engine: Recorder,
    whole: Whole,
    prepared: PreparedView,
    centres: Sequence[tuple[float, float]],
    found: Sequence[Spot],
    pixel_mm: float,
) -> dict[str, NDArray[np.generic]]:
    """Return what the view graph was given for one view, with the truth at its regions."""
    regions, mask, pooled, features = engine.given["view"]
    region_labels = np.zeros((CROPS, _LABELS), np.float32)
    for index, centre in enumerate(centres):
        region_labels[index] = label_at(centre, pixel_mm, found)
    labels = np.zeros(_LABELS, np.float32)
    for spot in found:
        labels[[1 + spot.kind] + [0] * spot.malignant] = 1.0
    return {
        "regions": regions[0],
        "mask": mask[0],
        "pooled": pooled[0],
        "features": features[0],
        "region_labels": region_labels,
        "view_labels": labels,
        "descriptors": describe(prepared, whole.features[0]),
    }
