"""Ranking figures with their uncertainty: AUC after DeLong, sensitivity at a specificity by bootstrap.

DeLong, DeLong and Clarke-Pearson, Biometrics 1988; for cases that come in clusters, as the views of one exam do,
Obuchowski, Biometrics 1997. The bootstrap draws within each class.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    _Pair = tuple[NDArray[np.float64], NDArray[np.float64]]

DRAWS = 1000
_SEED = 20260401


@dataclass(frozen=True, slots=True)
class AucEstimate:
    """Area under the ROC curve with a 95 % DeLong interval and the counts behind it."""

    auc: float
    low: float
    high: float
    positives: int
    negatives: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share with a 95 % bootstrap interval; nan where it cannot be told."""

    value: float
    low: float
    high: float


def auc(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> float:
    """Return the chance that a positive scores above a negative, ties counting half; nan without both classes.

    >>> auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    0.75
    """
    if positive.all() or not positive.any():
        return math.nan
    return float(_placements(scores, positive)[0].mean())


def auc_with_interval(
    scores: NDArray[np.floating], positive: NDArray[np.bool_], clusters: NDArray[np.int64] | None = None
) -> AucEstimate:
    """Return the AUC and its DeLong interval, clipped to 0..1.

    `clusters` (N,) numbers what cases belong together, such as the views of one exam; None: every case stands alone.
    Raises ValueError unless each class has two cases, in two clusters.
    """
    counts = int(positive.sum()), int((~positive).sum())
    of = np.arange(len(scores)) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    if min(np.unique(of[positive]).size, np.unique(of[~positive]).size) < 2:
        raise ValueError("an interval needs at least two positives and two negatives")
    placements = _placements(scores, positive)
    centre = float(placements[0].mean())
    half = 1.959964 * math.sqrt(_variance(placements, (of[positive], of[~positive]), centre))
    return AucEstimate(centre, max(0.0, centre - half), min(1.0, centre + half), *counts)


def sensitivity_at(
    scores: NDArray[np.floating], positive: NDArray[np.bool_], specificity: float = 0.95
) -> tuple[Estimate, float]:
    """Return the sensitivity at that specificity and the threshold: a case above it is called positive.

    The interval redraws positives and negatives, and with the negatives the threshold.
    """
    above, below = scores[positive], scores[~positive]
    if above.size == 0 or below.size == 0:
        return Estimate(math.nan, math.nan, math.nan), math.nan
    threshold = float(np.quantile(below, specificity, method="higher"))
    rng = np.random.Generator(np.random.PCG64(_SEED))

    def draw() -> float:
        limit = np.quantile(rng.choice(below, below.size), specificity, method="higher")
        return float((rng.choice(above, above.size) > limit).mean())

    return bootstrap(float((above > threshold).mean()), draw), threshold


def bootstrap(value: float, draw: Callable[[], float], draws: int = DRAWS) -> Estimate:
    """Return `value` with the 2.5 % and 97.5 % quantiles of `draws` redraws of it."""
    sample = np.array([draw() for _ in range(draws)])
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return Estimate(value, math.nan, math.nan)
    low, high = np.quantile(sample, [0.025, 0.975])
    return Estimate(value, float(low), float(high))


def _variance(placements: _Pair, clusters: tuple[NDArray[np.int64], NDArray[np.int64]], centre: float) -> float:
    """Variance of the AUC from how sums of placements scatter between clusters; DeLong's where each holds one case."""
    count = 1 + max(int(of.max()) for of in clusters)
    sums = [np.bincount(of, part - centre, count) for of, part in zip(clusters, placements, strict=True)]
    filled = [np.unique(of).size for of in clusters]
    own = [n / (n - 1) * float(s @ s) / part.size**2 for n, s, part in zip(filled, sums, placements, strict=True)]
    shared = count / (count - 1) * float(sums[0] @ sums[1]) / (placements[0].size * placements[1].size)
    return max(0.0, sum(own) + 2 * shared)


def _placements(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> _Pair:
    """For each positive the share of negatives below it, for each negative the share of positives above."""
    high, low = scores[positive], scores[~positive]
    ordered_high, ordered_low = np.sort(high), np.sort(low)
    below = (np.searchsorted(ordered_low, high, "left") + np.searchsorted(ordered_low, high, "right")) / (2 * low.size)
    above = np.searchsorted(ordered_high, low, "left") + np.searchsorted(ordered_high, low, "right")
    return below, 1.0 - above / (2 * high.size)
