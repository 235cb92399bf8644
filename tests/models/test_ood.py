"""The out-of-distribution score: about one at the limit, growing with distance, blind to nothing obvious."""

from __future__ import annotations

import numpy as np
import pytest

from models.ood import describe, fit
from models.preprocess import prepare

RNG = np.random.default_rng(2)
TRAINING = RNG.normal(size=(2000, 5)) * [1, 2, 3, 4, 5]
REFERENCE = fit(TRAINING, RNG.normal(size=(500, 5)) * [1, 2, 3, 4, 5])


def test_almost_all_of_the_same_distribution_lies_inside() -> None:
    fresh = RNG.normal(size=(500, 5)) * [1, 2, 3, 4, 5]
    assert np.mean([REFERENCE.score(row) > 1 for row in fresh]) < 0.02


def test_the_score_counts_deviations_not_units() -> None:
    near, far = np.array([0, 0, 0, 0, 15.0]), np.array([15.0, 0, 0, 0, 0])
    assert REFERENCE.score(near) < 1 < REFERENCE.score(far)
    assert REFERENCE.score(2 * far) == pytest.approx(2 * REFERENCE.score(far), rel=0.05)


def test_a_view_without_tissue_is_still_describable() -> None:
    blank = prepare(np.zeros((64, 64), np.float32), 0.3)
    assert np.isfinite(describe(blank, np.zeros(4, np.float32))).all()


def test_held_out_images_that_are_all_alike_leave_a_limit_that_others_exceed() -> None:
    training = np.random.default_rng(3).normal(size=(50, 4))
    reference = fit(training, np.repeat(training.mean(0)[None], 5, axis=0))
    assert reference.score(training.mean(0)) == 0.0
    assert 1.0 < reference.score(training.mean(0) + 1.0) < np.inf
