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


def test_cases_that_stand_alone_give_delong_s_interval_whatever_their_numbers() -> None:
    rng = np.random.default_rng(6)
    truth = rng.random(80) < 0.4
    scores = rng.normal(size=80) + truth
    assert auc_with_interval(scores, truth, rng.permutation(80)) == auc_with_interval(scores, truth)


def test_cases_counted_twice_do_not_make_the_interval_narrower() -> None:
    rng = np.random.default_rng(7)
    truth = np.arange(120) < 40
    scores = rng.normal(size=120) + truth
    once = auc_with_interval(scores, truth)
    twice = auc_with_interval(np.tile(scores, 2), np.tile(truth, 2), np.tile(np.arange(120), 2))
    assert (twice.auc, twice.low, twice.high) == pytest.approx((once.auc, once.low, once.high))
    assert auc_with_interval(np.tile(scores, 2), np.tile(truth, 2)).low > once.low + 0.01


def test_the_interval_of_breasts_of_one_woman_covers_the_true_auc() -> None:
    """Two breasts share half of what makes their scores; in every third woman one is sick."""
    rng = np.random.default_rng(8)
    woman, truth = np.repeat(np.arange(90), 2), np.arange(180) % 6 == 0
    hits = 0
    for _ in range(300):
        scores = 0.7 * np.repeat(rng.normal(size=90), 2) + 0.7 * rng.normal(size=180) + truth
        found = auc_with_interval(scores, truth, woman)
        hits += found.low <= 0.7625 <= found.high
    assert 0.90 <= hits / 300 <= 0.99


def test_two_positives_of_one_exam_are_too_few_for_an_interval() -> None:
    with pytest.raises(ValueError, match="two positives"):
        auc_with_interval(np.arange(6.0), np.arange(6) < 2, np.array([1, 1, 2, 3, 4, 5]))
