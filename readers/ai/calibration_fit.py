"""Fit a calibration map from raw scores with known truth, and choose its form by cross-validated log loss.

Platt's line on the logit (two numbers), temperature (one), isotonic regression (as many as the data ask for): the
form with the lowest loss on exams that were left out wins, and is then moved from the sample's prevalence to the
stated one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression, minimize

from readers.ai.calibration_maps import (
    ISOTONIC,
    PLATT,
    TEMPERATURE,
    IsotonicMap,
    LogitMap,
    ProbabilityMap,
    logit,
    sigmoid,
)

FOLDS = 5
LEAST_FOR_ISOTONIC = 30
"""Cancers from which isotonic regression is tried: below, its steps follow single cases."""
PSEUDO_SCORES = 2.0

Floats = NDArray[np.float64]
Fitter = Callable[[Floats, Floats], ProbabilityMap]


@dataclass(frozen=True)
class Fit:
    """The chosen map at the stated prevalence; mean log loss on left-out exams by method, and of the bare prevalence.

    `sample_prevalence` is that of the scores it was fitted on. `left_out` are the probabilities that maps of the chosen
    form, fitted on other exams, give at that prevalence, with the truth.
    """

    mapping: ProbabilityMap
    losses: Mapping[str, float]
    null_loss: float
    sample_prevalence: float
    left_out: tuple[tuple[float, bool], ...] = ()

    @property
    def gain(self) -> float:
        """How much of the log loss of the bare prevalence the chosen map takes away, 0..1; below 0 it adds to it."""
        return 1.0 - self.losses[self.mapping.method] / self.null_loss


def fit(raw: Sequence[float], malignant: Sequence[bool], groups: Sequence[object], prevalence: float) -> Fit:
    """Choose and fit a map of raw scores 0..1; scores of one group (a woman) are never in two folds.

    Raises ValueError when one of the two classes is absent.
    """
    x, y = np.array(raw, np.float64), np.array(malignant, np.float64)
    positives = int(y.sum())
    if not 0 < positives < len(y):
        raise ValueError("a calibration needs cancers and normals")
    folds = _folds(groups, y)
    left_out = {name: _left_out(fitter, x, y, folds) for name, fitter in _fitters(positives).items()}
    losses = {name: _mean_loss(predicted) for name, predicted in left_out.items()}
    best = min(losses, key=lambda name: losses[name])
    share = positives / len(y)
    null = -(share * math.log(share) + (1 - share) * math.log(1 - share))
    mapping = shifted(_fitters(positives)[best](x, y), share, prevalence)
    return Fit(mapping, losses, null, share, tuple(left_out[best]))


def platt(raw: Floats, malignant: Floats) -> LogitMap:
    """Slope and intercept on the logit at the sample's prevalence, with Platt's (1999) smoothed targets."""
    start = np.array([0.0, 0.0])
    slope, intercept = minimize(_loss, start, (_logits(raw), _targets(malignant)), "L-BFGS-B", bounds=_BOUNDS).x
    return LogitMap(float(np.exp(slope)), float(intercept), PLATT)


def temperature(raw: Floats, malignant: Floats) -> LogitMap:
    """Slope alone: 1 / temperature (Guo 2017), at the sample's prevalence."""
    x, targets = _logits(raw), _targets(malignant)
    found = minimize(
        lambda s: _loss(np.array([s[0], 0.0]), x, targets), np.zeros(1), method="L-BFGS-B", bounds=_BOUNDS[:1]
    )
    return LogitMap(float(np.exp(found.x[0])), 0.0, TEMPERATURE)


def isotonic(raw: Floats, malignant: Floats) -> IsotonicMap:
    """Pool-adjacent-violators (scipy) over distinct raw scores; each pooled block keeps its two ends as corners.

    A block is drawn towards the sample's prevalence as by PSEUDO_SCORES further scores: the last one often holds a
    single cancer, and one case is no certainty.
    """
    distinct, where, counts = np.unique(raw, return_inverse=True, return_counts=True)
    pooled = isotonic_regression(np.bincount(where, malignant) / counts, weights=counts.astype(np.float64))
    sizes = np.diff(pooled.blocks)
    members = np.add.reduceat(counts, pooled.blocks[:-1])
    drawn = (pooled.x[pooled.blocks[:-1]] * members + PSEUDO_SCORES * malignant.mean()) / (members + PSEUDO_SCORES)
    level = np.repeat(isotonic_regression(drawn, weights=members.astype(np.float64)).x, sizes)
    ends = np.ones(len(distinct), bool)
    ends[1:-1] = (level[1:-1] != level[:-2]) | (level[1:-1] != level[2:])
    return IsotonicMap(tuple(distinct[ends].tolist()), tuple(level[ends].tolist()))


def shifted(mapping: ProbabilityMap, sample: float, stated: float) -> ProbabilityMap:
    """The map moved from one prevalence to another: the same likelihood ratios, other prior odds.

    >>> shifted(LogitMap(1.0, 0.0), 0.5, 0.5)
    LogitMap(slope=1.0, intercept=0.0, method='platt')
    """
    step = logit(stated) - logit(sample)
    if isinstance(mapping, LogitMap):
        return LogitMap(mapping.slope, mapping.intercept + step, mapping.method)
    return IsotonicMap(mapping.raw, tuple(sigmoid(logit(value) + step) for value in mapping.probabilities))


_BOUNDS = ((-6.0, 4.0), (-50.0, 50.0))
"""Of the logarithm of the slope, which keeps it above 0, and of the intercept."""


def _fitters(positives: int) -> dict[str, Fitter]:
    lines: dict[str, Fitter] = {TEMPERATURE: temperature, PLATT: platt}
    return {**lines, ISOTONIC: isotonic} if positives >= LEAST_FOR_ISOTONIC else lines


def _logits(raw: Floats) -> Floats:
    clipped = np.clip(raw, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _targets(malignant: Floats) -> Floats:
    positives, total = malignant.sum(), len(malignant)
    return np.asarray(np.where(malignant > 0, (positives + 1) / (positives + 2), 1 / (total - positives + 2)))


def _loss(parameters: Floats, x: Floats, targets: Floats) -> float:
    z = np.exp(parameters[0]) * x + parameters[1]
    return float(np.mean(np.logaddexp(0, z) - targets * z))


def _folds(groups: Sequence[object], malignant: Floats) -> NDArray[np.int64]:
    """Fold of every score, int64 (N,): groups with a cancer and groups without are dealt out in turn."""
    number = {group: index for index, group in enumerate(dict.fromkeys(groups))}
    of = np.array([number[group] for group in groups])
    sick = np.bincount(of, malignant, len(number)) > 0
    dealt = np.empty(len(number), np.int64)
    for kind in (True, False):
        members = np.flatnonzero(sick == kind)
        dealt[members] = np.arange(len(members)) % FOLDS
    return np.asarray(dealt[of])


def _left_out(fitter: Fitter, x: Floats, y: Floats, folds: NDArray[np.int64]) -> list[tuple[float, bool]]:
    """Probability and truth of every score of a fold whose remainder holds both classes, by the map of the others."""
    predicted: list[tuple[float, bool]] = []
    for fold in range(FOLDS):
        out = folds == fold
        rest = y[~out]
        if not out.any() or not 0 < rest.sum() < len(rest):
            continue
        mapping = fitter(x[~out], rest)
        predicted += [(mapping.probability(raw), bool(sick)) for raw, sick in zip(x[out].tolist(), y[out], strict=True)]
    return predicted


def _mean_loss(predicted: Sequence[tuple[float, bool]]) -> float:
    """Mean log loss; infinite of nothing."""
    if not predicted:
        return math.inf
    p = np.clip([probability for probability, _ in predicted], 1e-9, 1 - 1e-9)
    sick = np.array([truth for _, truth in predicted])
    return float(np.mean(-np.log(np.where(sick, p, 1 - p))))
