"""The figures of one commissioning, with their intervals; how they are judged is in `verdict`."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from models.evaluate import AucEstimate, auc_with_interval
from readers.ai.calibration import Rate
from readers.ai.commissioning.drift import Drift, compare
from readers.ai.commissioning.evidence import ExamEvidence

if TYPE_CHECKING:
    from readers.ai.commissioning.reliability import Reliability

FOLDS = 5
LEAST_FOR_DECILES = 20


@dataclass(frozen=True)
class Figures:
    """What a model showed on one stratum. `auc` and `drift` are None where there is nothing to measure them on.

    `refused` counts exams that got no read, `unlike` those with a view outside what the model was trained on.
    `sensitivity` and `specificity` are of the flag, with deciles taken from exams of other folds (`flagged_apart`).
    `positive_rate` is the share of exams flagged when cancers are as frequent as the limits state. `reliability` is of
    the calibration, None where none could be fitted; no limit is about it.
    """

    exams: int
    cancers: int
    refused: Rate
    unlike: int
    auc: AucEstimate | None
    sensitivity: Rate
    specificity: Rate
    positive_rate: float
    drift: Drift | None
    log_loss_gain: float | None
    reliability: Reliability | None = None

    def value(self, name: str) -> float | None:
        """The figure a limit of this name is about (`limits.FIGURES`), or None where it was not measured."""
        known: dict[str, float | None] = {
            "refusal_rate": self.refused.share if self.refused.total else None,
            "score_ks": self.drift.ks if self.drift else None,
            "score_psi": self.drift.psi if self.drift else None,
            "auc_low": self.auc.low if self.auc else None,
            "sensitivity_low": self.sensitivity.low if self.sensitivity.total else None,
            "specificity_low": self.specificity.low if self.specificity.total else None,
            "positive_rate": self.positive_rate if self.sensitivity.total and self.specificity.total else None,
            "log_loss_gain": self.log_loss_gain,
        }
        return known[name]


def measure(
    exams: Sequence[ExamEvidence],
    flag_from: int,
    exam_prevalence: float,
    reference: Sequence[float],
    gain: float | None,
) -> Figures:
    """The figures of these exams; `reference` are raw exam scores of the model's own exams without a cancer."""
    scored = [(exam.score, exam.cancer) for exam in exams if exam.score is not None]
    raw, cancer = np.array([score for score, _ in scored], np.float64), np.array([sick for _, sick in scored], bool)
    flagged = flagged_apart(raw, cancer, flag_from)
    sensitivity = rate(int(flagged[cancer].sum()), int(cancer.sum()))
    specificity = rate(int((~flagged)[~cancer].sum()), int((~cancer).sum()))
    positive = exam_prevalence * sensitivity.share + (1 - exam_prevalence) * (1 - specificity.share)
    normals = raw[~cancer].tolist()
    return Figures(
        exams=len(exams),
        cancers=int(cancer.sum()),
        refused=rate(sum(exam.score is None for exam in exams), len(exams)),
        unlike=sum(exam.unlike for exam in exams),
        auc=auc_with_interval(raw, cancer) if 2 <= cancer.sum() <= len(cancer) - 2 else None,
        sensitivity=sensitivity,
        specificity=specificity,
        positive_rate=positive,
        drift=compare(reference, normals) if len(reference) and normals else None,
        log_loss_gain=gain,
    )


def rate(hits: int, total: int) -> Rate:
    """A share with its exact 95 % interval (Clopper and Pearson, 1934).

    >>> made = rate(8, 10)
    >>> round(made.low, 4), round(made.high, 4)
    (0.4439, 0.9748)
    """
    low = float(beta.ppf(0.025, hits, total - hits + 1)) if hits else 0.0
    high = float(beta.ppf(0.975, hits + 1, total - hits)) if hits < total else 1.0
    return Rate(hits, total, low, high)


def deciles(normals: Sequence[float]) -> tuple[float, ...]:
    """The nine inner deciles of raw exam scores, rounded to six digits so that a file holds them exactly.

    Raises ValueError with fewer than LEAST_FOR_DECILES scores.
    """
    if len(normals) < LEAST_FOR_DECILES:
        raise ValueError(f"deciles need {LEAST_FOR_DECILES} exams without a cancer")
    return tuple(round(float(value), 6) for value in np.quantile(np.asarray(normals), np.linspace(0.1, 0.9, 9)))


def flagged_apart(raw: NDArray[np.float64], cancer: NDArray[np.bool_], flag_from: int) -> NDArray[np.bool_]:
    """Whether each exam reaches `flag_from` by the deciles of normals of the other folds; bool (N,).

    Deciles of the very exams that are judged would give the specificity by construction. Without enough normals in the
    other folds nothing is flagged.
    """
    flagged = np.zeros(len(raw), bool)
    dealt = np.empty(len(raw), np.int64)
    for kind in (True, False):
        members = np.flatnonzero(cancer == kind)
        dealt[members] = np.arange(len(members)) % FOLDS
    for fold in range(FOLDS):
        normals = raw[(dealt != fold) & ~cancer]
        if len(normals) < LEAST_FOR_DECILES:
            continue
        edges = deciles(normals.tolist())
        flagged[dealt == fold] = [bisect_left(edges, value) + 1 >= flag_from for value in raw[dealt == fold].tolist()]
    return flagged
