"""AUC against its definition, and its interval against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models.evaluate import auc, auc_with_interval

cases = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=4, max_size=40)


@given(cases)
def test_auc_is_the_share_of_ordered_pairs(rows: list[tuple[int, bool]]) -> None:
    scores, truth = np.array([r[0] for r in rows], float), np.array([r[1] for r in rows])
    assume(truth.any() and not truth.all())
    pairs = [(p > n) + 0.5 * (p == n) for p in scores[truth] for n in scores[~truth]]
    assert auc(scores, truth) == pytest.approx(np.mean(pairs))


def test_without_both_classes_there_is_no_auc() -> None:
    assert np.isnan(auc(np.array([0.1, 0.2]), np.array([True, True])))


def test_an_interval_needs_two_of_each() -> None:
    with pytest.raises(ValueError, match="two positives"):
        auc_with_interval(np.array([0.1, 0.2, 0.3]), np.array([True, False, False]))


def test_the_interval_covers_the_true_auc_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    truth = np.arange(120) < 40
    hits = 0
    for _ in range(300):
        found = auc_with_interval(rng.normal(size=120) + truth * 1.0, truth)
        hits += found.low <= 0.7602 <= found.high
    assert 0.90 <= hits / 300 <= 0.99
