"""Free-response figures: how many cancers carry a mark, at how many false marks per image.

A mark hits a cancer when its centre lies in the cancer's box or within 2 mm of it. A mark on a benign finding is a
false mark. The frame of a mark in a volume is judged apart, because a right place in a wrong slice is still found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.evaluate.roc import Estimate, bootstrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from models.evaluate.cases import ExamCase, Finding, Mark, ViewCase

RATES = (0.25, 0.5, 1.0)
SLACK_MM = 2.0
FRAMES = 3.0
_NEVER = -1.0
_SEED = 20260402
_CURVE_POINTS = 40


@dataclass(frozen=True, slots=True)
class Froc:
    """Free-response figures of one frame.

    `sensitivity` per rate of `rates` (false marks per image), counted per cancer and view; `per_cancer` counts a
    cancer once when any view shows it marked; `curve` holds (false marks per image, sensitivity) points. `mark_from`
    is the lowest mark score that keeps false marks at or below 0.5 per image, from which on a reader is shown marks.
    `frame_hits` is the share of shown hits whose frame is within 3 slices, `frame_error` their median distance in
    slices; both nan in 2D. `by_type` and `by_density` hold (sensitivity at `mark_from`, cancers) per kind of cancer and
    per density of its breast.
    """

    rates: tuple[float, ...]
    sensitivity: tuple[Estimate, ...]
    per_cancer: tuple[float, ...]
    mark_from: float
    cancers: int
    images: int
    curve: tuple[tuple[float, float], ...]
    by_type: dict[str, tuple[float, int]]
    by_density: dict[str, tuple[float, int]]
    frame_hits: float
    frame_error: float


@dataclass(frozen=True, slots=True)
class _Tally:
    """Marks of one exam: per cancer and view best hit score, key, kind and density; and its false marks' scores.

    `frames` holds, per hit that has a frame, its score and the slices between it and the cancer's centre.
    """

    hits: NDArray[np.float64]
    keys: tuple[str, ...]
    kinds: tuple[str, ...]
    densities: tuple[str, ...]
    false: NDArray[np.float64]
    frames: tuple[tuple[float, float], ...]
    images: int


def froc(exams: Sequence[ExamCase], rates: tuple[float, ...] = RATES) -> Froc:
    """Return the free-response figures of a frame of exams; intervals redraw whole exams."""
    tallies = [_tally(exam) for exam in exams]
    hits, false, images = _pooled(tallies)
    thresholds = [threshold_at(false, images, rate) for rate in rates]
    mark_from = threshold_at(false, images, 0.5)
    frames = np.array([error for tally in tallies for score, error in tally.frames if score >= mark_from])
    return Froc(
        rates=rates,
        sensitivity=tuple(_interval(tallies, rate, _share(hits, t)) for rate, t in zip(rates, thresholds, strict=True)),
        per_cancer=tuple(_any_view(tallies, t) for t in thresholds),
        mark_from=mark_from,
        cancers=hits.size,
        images=images,
        curve=_curve(hits, false, images),
        by_type=_by((kind for tally in tallies for kind in tally.kinds), hits >= mark_from),
        by_density=_by((letter for tally in tallies for letter in tally.densities), hits >= mark_from),
        frame_hits=float((frames <= FRAMES).mean()) if frames.size else math.nan,
        frame_error=float(np.median(frames)) if frames.size else math.nan,
    )


def threshold_at(false: NDArray[np.float64], images: int, rate: float) -> float:
    """Return the lowest score at which marks that reach it hold at most `rate` false ones per image.

    >>> threshold_at(np.array([0.9, 0.8, 0.2]), 4, 0.5)
    0.2000001
    """
    allowed = math.floor(rate * images + 1e-9)
    if false.size <= allowed:
        return 0.0
    return round(float(np.sort(false)[::-1][allowed]) + 1e-7, 7)


def hit(mark: Mark, finding: Finding, pixel_mm: float) -> bool:
    """Whether the mark's centre lies in the finding's box or within 2 mm of it."""
    slack = SLACK_MM / pixel_mm
    x, y = (mark.box[0] + mark.box[2]) / 2, (mark.box[1] + mark.box[3]) / 2
    inside_x = finding.box[0] - slack <= x <= finding.box[2] + slack
    return inside_x and finding.box[1] - slack <= y <= finding.box[3] + slack


def _tally(exam: ExamCase) -> _Tally:
    """Compare the marks of one exam's views with its cancers."""
    hits, keys, kinds, densities, false, frames = [], [], [], [], [], []
    for view in exam.views:
        cancers = [finding for finding in view.findings if finding.malignant]
        for cancer in cancers:
            best = _best(view, cancer)
            hits.append(best.score if best else _NEVER)
            keys.append(f"{view.laterality}{cancer.key}")
            kinds.append(cancer.kind or cancer.lesion_type)
            densities.append(view.density)
            frames += _frame_error(best, cancer)
        false += [m.score for m in view.marks if not any(hit(m, c, view.pixel_mm) for c in cancers)]
    names = tuple(keys), tuple(kinds), tuple(densities)
    return _Tally(np.array(hits), *names, np.array(false), tuple(frames), len(exam.views))


def _best(view: ViewCase, cancer: Finding) -> Mark | None:
    """The strongest mark on a cancer."""
    on_it = [mark for mark in view.marks if hit(mark, cancer, view.pixel_mm)]
    return max(on_it, key=lambda mark: mark.score, default=None)


def _frame_error(best: Mark | None, cancer: Finding) -> list[tuple[float, float]]:
    """Score of a hit, and slices between it and the cancer's centre; nothing in 2D."""
    if best is None or best.frame is None or cancer.frame is None:
        return []
    return [(best.score, abs(best.frame - cancer.frame))]


def _pooled(tallies: Sequence[_Tally]) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    empty = [np.zeros(0)]
    hits = np.concatenate([t.hits for t in tallies] or empty)
    return hits, np.concatenate([t.false for t in tallies] or empty), sum(t.images for t in tallies)


def _share(hits: NDArray[np.float64], threshold: float) -> float:
    return float((hits >= threshold).mean()) if hits.size else math.nan


def _any_view(tallies: Sequence[_Tally], threshold: float) -> float:
    """Share of cancers with a hit in at least one view."""
    best: dict[tuple[int, str], float] = {}
    for number, tally in enumerate(tallies):
        for score, key in zip(tally.hits.tolist(), tally.keys, strict=True):
            best[number, key] = max(score, best.get((number, key), _NEVER))
    return float(np.mean([score >= threshold for score in best.values()])) if best else math.nan


def _interval(tallies: Sequence[_Tally], rate: float, value: float) -> Estimate:
    """Bootstrap over exams; the threshold is found anew in each redraw."""
    rng = np.random.Generator(np.random.PCG64(_SEED))

    def draw() -> float:
        hits, false, images = _pooled([tallies[i] for i in rng.integers(len(tallies), size=len(tallies))])
        return _share(hits, threshold_at(false, images, rate))

    return bootstrap(value, draw, 300)


def _curve(hits: NDArray[np.float64], false: NDArray[np.float64], images: int) -> tuple[tuple[float, float], ...]:
    """Points of the curve from the strictest threshold to every mark."""
    if not images or not hits.size:
        return ()
    ordered = np.sort(false)[::-1]
    steps = np.unique(np.linspace(0, ordered.size, _CURVE_POINTS).astype(np.int64))
    limits = [ordered[step] + 1e-7 if step < ordered.size else 0.0 for step in steps]
    return tuple((round(step / images, 4), round(_share(hits, t), 4)) for step, t in zip(steps, limits, strict=True))


def _by(names: Iterable[str], marked: NDArray[np.bool_]) -> dict[str, tuple[float, int]]:
    """(share marked, cancers) per name; a cancer without a name is in no group."""
    found: dict[str, list[bool]] = {}
    for name, hit_it in zip(names, marked.tolist(), strict=True):
        found.setdefault(name, []).append(hit_it)
    return {name: (float(np.mean(of)), len(of)) for name, of in sorted(found.items()) if name}
