"""From the predictions of single views to breasts and the exam: the exam network where a model has one.

A model without one, such as an imported single-image network, is fused by the plain rule of `_plain`.
"""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from models.errors import InputInvalid
from models.labels import SLOTS
from models.predictions import BreastPrediction, ExamPrediction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from models.engines.protocol import Engine
    from models.labels import Laterality, ViewName
    from models.predictions import ViewPrediction

    Views = Mapping[tuple[Laterality, ViewName], ViewPrediction]

FUSION = "fusion"
SIDES: tuple[Laterality, ...] = ("L", "R")


def predict_exam(engine: Engine, views: Views, priors: Views) -> ExamPrediction:
    """Return the exam's prediction. Raises InputInvalid without a single view."""
    if not views:
        raise InputInvalid("an exam has at least one view")
    if not all(view.embedding.size for view in views.values()):
        return _plain(views)
    breasts, exam = _fused(engine, views, priors)
    before, _ = _fused(engine, priors, {}) if priors else (breasts, 0.0)
    changes = {side: breasts[i] - before[i] if _seen(priors, side) else None for i, side in enumerate(SIDES)}
    answers: dict[Laterality, BreastPrediction] = {
        side: BreastPrediction(probability(breasts[index]), agreement(views, side), changes[side])
        for index, side in enumerate(SIDES)
        if _seen(views, side)
    }
    return ExamPrediction(probability(exam), answers, any(answer.change is not None for answer in answers.values()))


def agreement(views: Views, side: Laterality) -> float:
    """Return 1 less the difference of the CC's and the MLO's score of a breast; 0 where one is missing.

    The two views are of the same breast seen from two sides: what only one of them shows is more often overlap of
    normal tissue than a lesion.
    """
    scores = [view.malignancy for (of, _), view in views.items() if of == side]
    return 1.0 - abs(scores[0] - scores[1]) if len(scores) == 2 else 0.0


def probability(logit: float) -> float:
    """Return the logistic function of a logit."""
    return float(1.0 / (1.0 + np.exp(-np.clip(logit, -60.0, 60.0))))


def _fused(engine: Engine, views: Views, priors: Views) -> tuple[tuple[float, float], float]:
    """Breast logits (left, right) and the exam's logit from the exam network."""
    breasts, exam = engine.run(FUSION, *_slots(views), *_slots(priors, like=views))
    return (float(breasts[0, 0]), float(breasts[0, 1])), float(exam[0])


def _slots(views: Views, like: Views | None = None) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Embeddings float32 (1, 4, E) and mask (1, 4) in the order of SLOTS; an absent view is zeros and mask 0."""
    size = next(iter((views or like or {}).values())).embedding.size
    values, mask = np.zeros((1, len(SLOTS), size), np.float32), np.zeros((1, len(SLOTS)), np.float32)
    for index, slot in enumerate(SLOTS):
        if slot in views:
            values[0, index], mask[0, index] = views[slot].embedding, 1.0
    return values, mask


def _seen(views: Views, side: Laterality) -> bool:
    return any(of == side for of, _ in views)


def _plain(views: Views) -> ExamPrediction:
    """Breast = mean of its views, exam = larger of its breasts; priors are not used."""
    breasts: dict[Laterality, BreastPrediction] = {}
    for side in SIDES:
        scores = [view.malignancy for (of, _), view in views.items() if of == side]
        if scores:
            breasts[side] = BreastPrediction(fmean(scores), agreement(views, side), None)
    return ExamPrediction(max(breast.malignancy for breast in breasts.values()), breasts, prior_used=False)
