"""How far recent scores have moved from the scores of commissioning: plain numbers for an audit to judge.

The record of a commissioning keeps its scores (`record.Record.scores`); compare like with like, exams of the same kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import kolmogorov
from scipy.stats import ks_2samp

BINS = 10
MOST_EXACT = 1000
_HALF = 0.5


@dataclass(frozen=True)
class Drift:
    """Distances between two sets of scores.

    `ks` is the largest difference of their cumulative shares 0..1 and `ks_p` its two-sided p-value, exact where all
    scores differ and are not too many, else asymptotic. `psi` is the population stability index over the deciles of the
    reference (below 0.1 is read as stable, above 0.25 as moved).
    """

    reference: int
    recent: int
    ks: float
    ks_p: float
    psi: float


def compare(reference: Sequence[float], recent: Sequence[float]) -> Drift:
    """Compare recent scores with those of the reference. Raises ValueError when either is empty or not finite."""
    one, other = np.asarray(reference, np.float64), np.asarray(recent, np.float64)
    if not one.size or not other.size or not np.isfinite(one).all() or not np.isfinite(other).all():
        raise ValueError("scores to compare are finite, and there are some on both sides")
    statistic = _ks(one, other)
    return Drift(one.size, other.size, statistic, _p_value(one, other, statistic), psi(one, other))


def psi(reference: NDArray[np.float64], recent: NDArray[np.float64], bins: int = BINS) -> float:
    """Sum over the quantile bins of the reference of (a - b) ln(a / b), shares a recent and b of the reference.

    Half a score is added to every bin, so that an empty one costs much and not everything.
    """
    edges = np.unique(np.quantile(reference, np.linspace(0, 1, bins + 1)[1:-1]))
    b, a = _shares(reference, edges), _shares(recent, edges)
    return float(np.sum((a - b) * np.log(a / b)))


def _ks(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    at = np.concatenate([one, other])
    below = [np.searchsorted(np.sort(part), at, side="right") / part.size for part in (one, other)]
    return float(np.abs(below[0] - below[1]).max())


def _p_value(one: NDArray[np.float64], other: NDArray[np.float64], statistic: float) -> float:
    distinct = np.unique(np.concatenate([one, other])).size == one.size + other.size
    if distinct and max(one.size, other.size) <= MOST_EXACT:
        return float(ks_2samp(one, other, method="exact").pvalue)
    return float(kolmogorov(statistic * np.sqrt(one.size * other.size / (one.size + other.size))))


def _shares(scores: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    counts = np.bincount(np.searchsorted(edges, scores, side="right"), minlength=len(edges) + 1) + _HALF
    return np.asarray(counts / counts.sum(), np.float64)
