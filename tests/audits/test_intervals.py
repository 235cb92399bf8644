"""Intervals against published and independently computed figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from audits.intervals import clopper_pearson, funnel_limits, funnel_limits_normal, wilson


def _percent(bounds: tuple[np.ndarray, np.ndarray]) -> tuple[float, float]:
    return round(100 * float(bounds[0]), 2), round(100 * float(bounds[1]), 2)


def test_one_reader_year_of_recall() -> None:
    """Recall 4.08 % of 5,000 reads (reference/reading-and-kpis 4.3)."""
    assert _percent(wilson(204, 5000)) == (3.57, 4.66)


def test_one_reader_year_of_detection() -> None:
    """Detection 8.8 per 1000 of 5,000 reads: 6.6 to 11.8 (reference/reading-and-kpis 4.3)."""
    low, high = wilson(44, 5000)
    assert (round(1000 * float(low), 1), round(1000 * float(high), 1)) == (6.6, 11.8)


@pytest.mark.parametrize(("n", "limits"), [(1000, (2.15, 6.01)), (5000, (3.22, 4.94)), (30000, (3.73, 4.43))])
def test_published_funnel_limits_are_the_normal_ones(n: int, limits: tuple[float, float]) -> None:
    assert _percent(funnel_limits_normal(0.0408, n)) == limits


def test_exact_funnel_limits_hold_their_coverage() -> None:
    for n in (200, 1000, 5000):
        low, high = funnel_limits(0.0408, n)
        outside = stats.binom.cdf(np.ceil(low * n) - 1, n, 0.0408) + stats.binom.sf(np.floor(high * n), n, 0.0408)
        assert 0.0005 < outside <= 0.0035


def test_wilson_agrees_with_scipy() -> None:
    for k, n in ((0, 7), (3, 7), (7, 7), (13, 1000)):
        expected = stats.binomtest(k, n).proportion_ci(method="wilson")
        low, high = wilson(k, n)
        assert (float(low), float(high)) == pytest.approx((expected.low, expected.high))


def test_the_rule_of_three_for_rule_out() -> None:
    """No cancer among 3,000 dismissed leaves at most about 3 / n (one-sided 95 %: two-sided 90 %)."""
    _, high = clopper_pearson(0, 3000, confidence=0.90)
    assert float(high) == pytest.approx(3 / 3000, rel=0.01)


def test_nothing_is_claimed_of_no_exams() -> None:
    for bounds in (wilson(0, 0), clopper_pearson(0, 0)):
        assert np.isnan(bounds).all()


def test_bounds_are_vectorised() -> None:
    low, high = wilson([1, 2, 3], [10, 10, 10])
    assert low.shape == high.shape == (3,)
    assert (np.diff(low) > 0).all()


def test_more_successes_than_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="between 0"):
        wilson(3, 2)


@given(st.integers(0, 3000), st.integers(1, 3000), st.sampled_from([0.8, 0.95, 0.99]))
def test_intervals_contain_the_share(k: int, n: int, confidence: float) -> None:
    k = min(k, n)
    for low, high in (wilson(k, n, confidence), clopper_pearson(k, n, confidence)):
        assert 0 <= low <= k / n + 1e-12
        assert k / n - 1e-12 <= high <= 1


@given(st.integers(0, 400), st.integers(1, 400))
def test_exact_is_never_narrower_in_its_coverage_than_stated(k: int, n: int) -> None:
    k = min(k, n)
    low, high = (float(bound) for bound in clopper_pearson(k, n))
    if k > 0:
        assert stats.binom.sf(k - 1, n, low) == pytest.approx(0.025, abs=1e-6)
    if k < n:
        assert stats.binom.cdf(k, n, high) == pytest.approx(0.025, abs=1e-6)
