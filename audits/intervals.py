"""Intervals for proportions, vectorised over NumPy arrays; counts in, shares out, no percent here.

Functions take `k` successes of `n` trials (arrays or scalars that broadcast) and return float64 arrays of shape
broadcast(k, n). Where n is 0 the bounds are NaN: nothing is known, so nothing is claimed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]


def wilson(k: ArrayLike, n: ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Wilson score interval of k / n (Wilson 1927), two-sided.

    >>> low, high = wilson(204, 5000)
    >>> f"{100 * low:.2f}-{100 * high:.2f}"
    '3.57-4.66'
    """
    successes, trials = _counts(k, n)
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = successes / trials
        shrink = 1 + z**2 / trials
        centre = (share + z**2 / (2 * trials)) / shrink
        half = z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2)) / shrink
    low = np.where(successes == 0, 0.0, np.clip(centre - half, 0, 1))
    high = np.where(successes == trials, 1.0, np.clip(centre + half, 0, 1))
    return _known(low, trials), _known(high, trials)


def clopper_pearson(k: ArrayLike, n: ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Exact interval of k / n (Clopper and Pearson 1934): never too narrow, for safety bounds.

    >>> low, high = clopper_pearson(0, 300)
    >>> round(float(high), 4)
    0.0122
    """
    successes, trials = _counts(k, n)
    tail = (1 - confidence) / 2
    low = np.where(successes == 0, 0.0, stats.beta.ppf(tail, successes, trials - successes + 1))
    high = np.where(successes == trials, 1.0, stats.beta.ppf(1 - tail, successes + 1, trials - successes))
    return _known(low, trials), _known(high, trials)


def funnel_limits(centre: float, n: ArrayLike, coverage: float = 0.998) -> tuple[Floats, Floats]:
    """Limits within which the share of a unit with n exams lies when its true share is `centre`, exact binomial.

    Binomial quantiles interpolated between counts, so that the funnel is smooth (Spiegelhalter 2005). `n` are whole
    numbers.

    >>> low, high = funnel_limits(0.0408, 5000)
    >>> f"{100 * low:.2f}-{100 * high:.2f}"
    '3.23-4.96'
    """
    _, trials = _counts(0, n)
    tail = (1 - coverage) / 2
    low, high = (_smooth_quantile(probability, trials, centre) for probability in (tail, 1 - tail))
    return _known(np.clip(low, 0, 1), trials), _known(np.clip(high, 0, 1), trials)


def funnel_limits_normal(centre: float, n: ArrayLike, coverage: float = 0.998) -> tuple[Floats, Floats]:
    """The same limits by the normal approximation, as most published funnel plots draw them; too low for small n.

    >>> low, high = funnel_limits_normal(0.0408, 5000)
    >>> f"{100 * low:.2f}-{100 * high:.2f}"
    '3.22-4.94'
    """
    _, trials = _counts(0, n)
    z = float(stats.norm.ppf(0.5 + coverage / 2))
    with np.errstate(divide="ignore"):
        half = z * np.sqrt(centre * (1 - centre) / trials)
    return _known(np.clip(centre - half, 0, 1), trials), _known(np.clip(centre + half, 0, 1), trials)


def _smooth_quantile(probability: float, trials: Floats, centre: float) -> Floats:
    """Binomial quantile as a share, with linear interpolation of the distribution function between counts."""
    count = stats.binom.ppf(probability, trials, centre)
    at, weight = stats.binom.cdf(count, trials, centre), stats.binom.pmf(count, trials, centre)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((count - (at - probability) / weight) / trials, dtype=np.float64)


def _counts(k: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    successes, trials = np.broadcast_arrays(np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64))
    if np.any(successes < 0) or np.any(successes > trials):
        raise ValueError("successes lie between 0 and the number of trials")
    return successes, trials


def _known(bound: ArrayLike, trials: Floats) -> Floats:
    return np.where(trials > 0, bound, np.nan)
