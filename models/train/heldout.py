"""Judges the published file, not the network in memory: held-out women through the same front door a reader uses."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from models import phantom
from models.cards import ReferenceScore
from models.evaluate import auc_with_interval
from models.preprocess import prepare
from models.train.samples import presentation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from models.engines.torch_engine import TorchEngine
    from models.evaluate import AucEstimate
    from models.preprocess import PreparedView


@dataclass(frozen=True, slots=True, eq=False)
class HeldOutView:
    """One view: who and what it shows, and its raw score. `hit`: the strongest mark's centre lies in a cancer."""

    exam: int
    vendor: str
    laterality: str
    malignant: bool
    breast_malignant: bool
    kinds: tuple[str, ...]
    score: float
    hit: bool
    ood_score: float
    density_right: bool


@dataclass(frozen=True, slots=True, eq=False)
class PreparedExam:
    """A phantom exam on its way through the model."""

    exam: phantom.PhantomExam
    prepared: tuple[PreparedView, ...]


def prepared_exam(seed: int, vendor: str, malignant_share: float) -> PreparedExam:
    """Generate and prepare the four views of one woman."""
    exam = phantom.exam(seed, phantom.screening_spec(seed, malignant_share, vendor))
    return PreparedExam(exam, tuple(prepare(presentation(view), view.pixel_mm) for view in exam.views))


def score_exams(
    engine: TorchEngine,
    seeds: Sequence[int],
    vendor: str,
    malignant_share: float,
    workers: int,
    report: Callable[[str], None],
) -> list[HeldOutView]:
    """Score every view of the exams of these women as one vendor's device would have taken them."""
    make = partial(prepared_exam, vendor=vendor, malignant_share=malignant_share)
    views: list[HeldOutView] = []
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        for index, item in enumerate(pool.map(make, seeds, chunksize=2)):
            views.extend(_score(engine, item))
            if (index + 1) % 20 == 0 or index + 1 == len(seeds):
                report(f"held-out exams {vendor} {index + 1}/{len(seeds)}")
    return views


def descriptors(engine: TorchEngine, seeds: Sequence[int], malignant_share: float) -> NDArray[np.float64]:
    """Return the out-of-distribution descriptors (N, F) of one breast per woman, both views."""
    rows = []
    for seed in seeds:
        spec = phantom.screening_spec(seed, malignant_share)
        views = phantom.breast(seed, spec, phantom.LATERALITIES[seed % 2])
        rows += [engine.descriptor(prepare(presentation(view), view.pixel_mm)) for view in views]
    return np.stack(rows)


def breast_scores(views: Sequence[HeldOutView]) -> list[ReferenceScore]:
    """Fuse views into breasts: the mean of a breast's view scores."""
    return [
        ReferenceScore("breast", group[0].vendor, fmean(v.score for v in group), group[0].breast_malignant)
        for group in _grouped(views, by_side=True)
    ]


def exam_scores(views: Sequence[HeldOutView]) -> list[ReferenceScore]:
    """Fuse breasts into exams: the larger of the two breast scores."""
    fused = []
    for group in _grouped(views, by_side=False):
        breasts = breast_scores(group)
        worst = max(breast.score for breast in breasts)
        fused.append(ReferenceScore("exam", group[0].vendor, worst, any(b.malignant for b in breasts)))
    return fused


def estimate(scores: Sequence[ReferenceScore]) -> AucEstimate:
    """Return the AUC of fused scores with its interval."""
    return auc_with_interval(np.array([s.score for s in scores]), np.array([s.malignant for s in scores]))


def _grouped(views: Sequence[HeldOutView], *, by_side: bool) -> list[list[HeldOutView]]:
    """Views of one exam, or of one breast of it, in order of appearance."""
    groups: dict[tuple[str, int, str], list[HeldOutView]] = {}
    for view in views:
        groups.setdefault((view.vendor, view.exam, view.laterality if by_side else ""), []).append(view)
    return list(groups.values())


def _score(engine: TorchEngine, item: PreparedExam) -> list[HeldOutView]:
    """Predict the views of one exam and compare with its truth."""
    sick = {lesion.laterality for lesion in item.exam.spec.lesions if lesion.malignant}
    scored = []
    for view, prepared in zip(item.exam.views, item.prepared, strict=True):
        answer = engine.predict(prepared)
        guess = max(answer.densities, key=lambda letter: answer.densities[letter])
        scored.append(
            HeldOutView(
                exam=item.exam.seed,
                vendor=item.exam.spec.vendor,
                laterality=view.laterality,
                malignant=view.malignant,
                breast_malignant=view.laterality in sick,
                kinds=tuple(lesion.kind for lesion in view.lesions if lesion.malignant),
                score=answer.malignancy,
                hit=bool(answer.regions) and _inside(view, answer.regions[0].box),
                ood_score=answer.ood_score,
                density_right=guess == view.density,
            )
        )
    return scored


def _inside(view: phantom.PhantomView, box: tuple[float, float, float, float]) -> bool:
    """Whether the centre of a mark (chest wall left) lies in the box of a cancer, or within 2 mm of it."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    if view.laterality == "R":
        x = view.pixels.shape[1] - x
    slack = 2.0 / view.pixel_mm
    return any(
        lesion.malignant
        and lesion.box[0] - slack <= x <= lesion.box[2] + slack
        and lesion.box[1] - slack <= y <= lesion.box[3] + slack
        for lesion in view.lesions
    )
