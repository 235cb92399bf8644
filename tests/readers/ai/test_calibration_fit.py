"""Fitting a calibration: monotone, at the stated prevalence, and of the form that left-out exams favour."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from readers.ai.calibration_fit import Fitter, fit, isotonic, platt, shifted, temperature
from readers.ai.calibration_maps import ISOTONIC, PLATT, IsotonicMap, LogitMap, ProbabilityMap

SCORES = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=4, max_size=60).filter(
    lambda rows: len({sick for _, sick in rows}) == 2
)


def sample(count: int, seed: int, separation: float = 2.0) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Raw scores whose true log-odds at 50 % prevalence are `separation` x their logit."""
    rng = np.random.default_rng(seed)
    malignant = rng.random(count) < 0.5
    logits = np.where(malignant, separation / 2, -separation / 2) + rng.standard_normal(count)
    return 1 / (1 + np.exp(-logits)), malignant


@settings(max_examples=30, deadline=None)
@given(rows=SCORES, one=st.floats(0, 1), other=st.floats(0, 1), fitter=st.sampled_from([platt, temperature, isotonic]))
def test_every_form_is_monotone_and_a_probability(
    rows: list[tuple[float, bool]], one: float, other: float, fitter: Fitter
) -> None:
    raw, sick = (np.array(column, float) for column in zip(*rows, strict=True))
    low, high = sorted((one, other))
    mapping = shifted(fitter(raw, sick), float(sick.mean()), 0.004)
    assert 0 <= mapping.probability(low) <= mapping.probability(high) <= 1


@given(st.floats(0.01, 0.99), st.floats(0.001, 0.5), st.floats(0.001, 0.5))
def test_a_shift_of_prevalence_moves_the_odds_and_comes_back(raw: float, sample_share: float, stated: float) -> None:
    maps: tuple[ProbabilityMap, ...] = (LogitMap(1.3, -0.4), IsotonicMap((0.1, 0.4, 0.8), (0.05, 0.05, 0.7)))
    for mapping in maps:
        there = shifted(mapping, sample_share, stated)
        back = shifted(there, stated, sample_share)
        assert back.probability(raw) == pytest.approx(mapping.probability(raw), abs=1e-6)
        assert (there.probability(raw) > mapping.probability(raw)) == (stated > sample_share) or sample_share == (
            pytest.approx(stated, rel=1e-6)
        )


def test_fitting_recovers_probabilities_at_the_stated_prevalence() -> None:
    """Raw scores that are true odds at 50 % prevalence must become the odds of the stated prevalence."""
    raw, malignant = sample(20_000, 3)
    mapping = shifted(platt(raw, malignant.astype(float)), float(malignant.mean()), 0.01)
    assert isinstance(mapping, LogitMap)
    assert mapping.slope == pytest.approx(2.0, abs=0.1)
    assert mapping.intercept == pytest.approx(np.log(0.01 / 0.99), abs=0.1)


def test_pooled_steps_by_hand() -> None:
    """0.1 and 0.2 normal, 0.3 cancer, 0.4 normal, 0.5 cancer: 0.3 and 0.4 pool to one half.

    Each block is drawn towards 2/5 as by two scores: (0 + 0.8) / 4, (1 + 0.8) / 4, (1 + 0.8) / 3.
    """
    mapping = isotonic(np.array([0.1, 0.2, 0.3, 0.4, 0.5]), np.array([0.0, 0.0, 1.0, 0.0, 1.0]))
    assert mapping.raw == (0.1, 0.2, 0.3, 0.4, 0.5)
    assert mapping.probabilities == pytest.approx((0.2, 0.2, 0.45, 0.45, 0.6))
    assert mapping.probability(0.25) == pytest.approx(0.325)


def test_the_form_with_the_smallest_loss_on_left_out_women_is_chosen() -> None:
    raw, malignant = sample(1000, 5)
    straight = fit(raw.tolist(), malignant.tolist(), range(1000), 0.004)
    assert straight.mapping.method == min(straight.losses, key=lambda name: straight.losses[name])
    assert straight.losses[PLATT] < straight.null_loss
    assert 0 < straight.gain < 1
    steps = np.where(raw > 0.5, 0.9, np.where(raw > 0.2, 0.1, 0.0))
    jump = np.random.default_rng(1).random(1000) < steps
    assert fit(raw.tolist(), jump.tolist(), range(1000), 0.004).mapping.method == ISOTONIC


def test_scores_that_say_nothing_gain_nothing() -> None:
    rng = np.random.default_rng(7)
    made = fit(rng.random(400).tolist(), (rng.random(400) < 0.3).tolist(), range(400), 0.004)
    assert made.gain < 0.02


def test_few_cancers_are_not_given_steps() -> None:
    raw, malignant = sample(50, 2)
    assert ISOTONIC not in fit(raw.tolist(), malignant.tolist(), range(50), 0.004).losses


def test_fitting_needs_both_classes() -> None:
    with pytest.raises(ValueError, match="cancers and normals"):
        fit([0.1, 0.2], [False, False], [1, 2], 0.004)
