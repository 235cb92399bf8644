"""How far raw scores can be read as probabilities: Brier score, expected calibration error, slope and intercept."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RIDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Bin:
    """Cases of similar score: how many, their mean score and the share that was positive."""

    cases: int
    mean_score: float
    positive_share: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """`slope` 1 and `intercept` 0 on the logit scale are perfect; nan where a class is missing."""

    brier: float
    expected_calibration_error: float
    slope: float
    intercept: float
    bins: tuple[Bin, ...]


def reliability(scores: NDArray[np.floating], positive: NDArray[np.bool_], bins: int = 10) -> Reliability:
    """Return the calibration figures of scores 0..1, in bins of equal count."""
    parts = [part for part in np.array_split(np.argsort(scores, kind="stable"), bins) if part.size]
    groups = tuple(Bin(part.size, float(scores[part].mean()), float(positive[part].mean())) for part in parts)
    error = sum(g.cases * abs(g.mean_score - g.positive_share) for g in groups) / max(1, scores.size)
    slope, intercept = logistic_line(scores, positive)
    return Reliability(float(np.mean((scores - positive) ** 2)), float(error), slope, intercept, groups)


def logistic_line(scores: NDArray[np.floating], positive: NDArray[np.bool_]) -> tuple[float, float]:
    """Return (slope, intercept) of a logistic regression of the truth on the score's logit, by Newton's method."""
    if positive.all() or not positive.any():
        return math.nan, math.nan
    clipped = np.clip(scores.astype(np.float64), 1e-6, 1 - 1e-6)
    design = np.stack([np.log(clipped / (1 - clipped)), np.ones(clipped.size)], 1)
    weights = np.zeros(2)
    for _ in range(30):
        chance = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (positive - chance) - _RIDGE * weights
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + _RIDGE * np.eye(2)
        step = np.clip(np.linalg.solve(curvature, gradient), -2.0, 2.0)
        weights += step
        if np.abs(step).max() < 1e-8:
            break
    return float(weights[0]), float(weights[1])
