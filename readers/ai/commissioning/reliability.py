"""Reliability of a calibration: cancers expected against cancers found, on exams that were left out of the fit.

Of the very exams that a map was fitted on it would look reliable by construction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from readers.ai.calibration import Rate
from readers.ai.commissioning.figures import rate

GROUPS = 8

Unit = Literal["breast", "exam"]


@dataclass(frozen=True)
class Group:
    """Scores of similar probability: the mean probability 0..1, and the share of cancers found among them."""

    expected: float
    found: Rate


@dataclass(frozen=True)
class Reliability:
    """Groups of equal size in order of probability, at the prevalence of the sample.

    `unit` is what the calibration was fitted on: breasts, or exams where a cancer has no side.
    """

    unit: Unit
    groups: tuple[Group, ...]


def reliability(unit: Unit, predicted: Sequence[tuple[float, bool]]) -> Reliability | None:
    """Group probabilities of left-out scores with their truth; None without any."""
    if not predicted:
        return None
    ordered = sorted(predicted)
    parts = [ordered[part[0] : part[-1] + 1] for part in np.array_split(np.arange(len(ordered)), GROUPS) if part.size]
    return Reliability(unit, tuple(map(_group, parts)))


def _group(part: Sequence[tuple[float, bool]]) -> Group:
    mean = sum(probability for probability, _ in part) / len(part)
    return Group(round(mean, 6), rate(sum(cancer for _, cancer in part), len(part)))
