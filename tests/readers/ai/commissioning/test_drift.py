"""Distances between score distributions, against numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.ai.commissioning.drift import compare, psi

SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=40)


def test_population_stability_by_hand() -> None:
    """Reference 0..3 in two bins at its median 1.5: 2 and 2; recent 1 and 3. With half a score in every bin.

    Shares of the reference 2.5/5 and 2.5/5, recent 1.5/5 and 3.5/5: 0.2 ln(0.6) x -1 + 0.2 ln(1.4).
    """
    found = psi(np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, 2.0, 2.0, 2.5]), bins=2)
    assert found == pytest.approx(-0.2 * math.log(0.6) + 0.2 * math.log(1.4))


def test_kolmogorov_smirnov_by_hand() -> None:
    """Of 1, 2, 3, 4 three quarters lie below 3.5 where none of 3.5 to 6.5 does;."""
    found = compare([1.0, 2.0, 3.0, 4.0], [3.5, 4.5, 5.5, 6.5])
    assert found.ks == pytest.approx(0.75)
    assert (found.reference, found.recent) == (4, 4)


def test_apart_is_certain_and_rare() -> None:
    """Four scores all below four others: D = 1, which 2 of the 70 orders of eight scores reach."""
    found = compare([1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0])
    assert found.ks == 1.0
    assert found.ks_p == pytest.approx(2 / 70)


@given(SCORES)
def test_nothing_has_moved_between_a_set_and_itself(scores: list[float]) -> None:
    found = compare(scores, scores)
    assert found.ks == 0.0
    assert found.psi == pytest.approx(0.0, abs=1e-12)


@given(SCORES, SCORES)
def test_distances_are_never_negative(one: list[float], other: list[float]) -> None:
    found = compare(one, other)
    assert found.psi >= -1e-12
    assert 0 <= found.ks <= 1
    assert 0 <= found.ks_p <= 1


@pytest.mark.parametrize(("one", "other"), [([], [0.1]), ([0.1], []), ([math.nan], [0.1])])
def test_there_must_be_scores_to_compare(one: list[float], other: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        compare(one, other)
