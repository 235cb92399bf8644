"""A simulated AI exam score: deciles of a stated population with a stated area under the curve; no pixels, no model."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from math import sqrt
from statistics import NormalDist

from readers.simulated.behaviour import Behaviour
from readers.simulated.population import Woman
from readers.simulated.programme import Programme

_NORMAL = NormalDist()


@lru_cache(maxsize=16)
def separation(auc: float) -> float:
    """Distance between two unit-variance normal classes with this area under the curve.

    >>> separation(0.5)
    0.0
    """
    return sqrt(2) * _NORMAL.inv_cdf(auc)


def latent_score(behaviour: Behaviour, woman: Woman, noise: float) -> float:
    """Suspicion of the AI reader on an unbounded scale: standard normal for women without cancer."""
    shared = behaviour.dependence_ai
    mean = 0.0
    if woman.cancer is not None:
        mean = separation(behaviour.auc_visible)
    elif woman.later_cancer:
        mean = separation(behaviour.auc_later)
    return mean + sqrt(shared) * woman.evidence + sqrt(1 - shared) * noise


@lru_cache(maxsize=16)
def decile_cuts(behaviour: Behaviour, programme: Programme) -> tuple[float, ...]:
    """The nine cut points that divide the exams of the programme's reference population into ten equal parts."""
    return tuple(_quantile(behaviour, programme, tenth / 10) for tenth in range(1, 10))


def exam_score(behaviour: Behaviour, programme: Programme, latent: float) -> int:
    """Exam score 1-10 of a latent score."""
    return 1 + bisect_right(decile_cuts(behaviour, programme), latent)


def _quantile(behaviour: Behaviour, programme: Programme, share: float) -> float:
    """Latent score below which this share of exams lies, by bisection of the mixture of the three classes."""
    classes = (
        (programme.reference_visible, separation(behaviour.auc_visible)),
        (programme.reference_new_interval, separation(behaviour.auc_later)),
        (1 - programme.reference_visible - programme.reference_new_interval, 0.0),
    )
    low, high = -8.0, 8.0
    for _ in range(60):
        middle = (low + high) / 2
        below = sum(weight * _NORMAL.cdf(middle - mean) for weight, mean in classes)
        low, high = (middle, high) if below < share else (low, middle)
    return (low + high) / 2
