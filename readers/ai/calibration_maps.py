"""From a raw score to a probability of cancer: monotone maps, so that a calibration never changes who ranks first.

Two forms: a straight line on the logit (Platt, and temperature as the line through the origin of the study sample), and
the steps of isotonic regression. Both are moved to a stated prevalence when they are fitted, not when they are used.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass

PLATT, TEMPERATURE, ISOTONIC = "platt", "temperature", "isotonic"
_FINEST = 1e-6


@dataclass(frozen=True)
class LogitMap:
    """`slope` (> 0) and `intercept` on the logit of the raw score; `method` is `platt` or `temperature`."""

    slope: float
    intercept: float
    method: str = PLATT

    def __post_init__(self) -> None:
        if self.method not in (PLATT, TEMPERATURE):
            raise ValueError("a map on the logit is platt or temperature")
        if not (math.isfinite(self.slope) and math.isfinite(self.intercept) and self.slope > 0):
            raise ValueError("slope and intercept are finite, and the slope is above 0")

    def probability(self, raw: float) -> float:
        """Probability 0..1 at the stated prevalence, from a raw score 0..1."""
        return sigmoid(self.slope * logit(raw) + self.intercept)


@dataclass(frozen=True)
class IsotonicMap:
    """Corners of isotonic regression, straight lines between them.

    `raw` rises strictly, `probabilities` never falls; below the first and above the last corner the map is flat.
    """

    raw: tuple[float, ...]
    probabilities: tuple[float, ...]
    method: str = ISOTONIC

    def __post_init__(self) -> None:
        if not self.raw or len(self.raw) != len(self.probabilities):
            raise ValueError("a corner has a raw score and a probability")
        if any(not 0 <= value <= 1 for value in (*self.raw, *self.probabilities)):
            raise ValueError("raw scores and probabilities lie between 0 and 1")
        if any(a >= b for a, b in zip(self.raw, self.raw[1:], strict=False)):
            raise ValueError("raw scores of the corners rise")
        if any(a > b for a, b in zip(self.probabilities, self.probabilities[1:], strict=False)):
            raise ValueError("probabilities of the corners never fall")

    def probability(self, raw: float) -> float:
        """Probability 0..1 at the stated prevalence, from a raw score 0..1."""
        above = bisect_left(self.raw, raw)
        if above == 0:
            return self.probabilities[0]
        if above == len(self.raw):
            return self.probabilities[-1]
        low, high = self.probabilities[above - 1], self.probabilities[above]
        share = (raw - self.raw[above - 1]) / (self.raw[above] - self.raw[above - 1])
        return min(high, low + share * (high - low))


ProbabilityMap = LogitMap | IsotonicMap


def logit(raw: float) -> float:
    """Log-odds of a raw score, kept finite at 0 and 1."""
    clipped = min(max(raw, _FINEST), 1 - _FINEST)
    return math.log(clipped / (1 - clipped))


def sigmoid(log_odds: float) -> float:
    """Probability of these log-odds, without overflow.

    >>> sigmoid(0.0), sigmoid(-1000.0)
    (0.5, 0.0)
    """
    if log_odds >= 0:
        return 1.0 / (1.0 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1.0 + odds)
