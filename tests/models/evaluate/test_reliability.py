"""Calibration figures: perfect scores look perfect, distorted ones show how."""

from __future__ import annotations

import numpy as np
import pytest

from models.evaluate import reliability


def drawn(count: int = 20000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    chance = rng.beta(1.2, 3.0, count)
    return chance, rng.random(count) < chance


def test_scores_that_are_chances_have_slope_one_and_no_error() -> None:
    chance, truth = drawn()
    found = reliability(chance, truth)
    assert found.slope == pytest.approx(1.0, abs=0.06)
    assert found.intercept == pytest.approx(0.0, abs=0.06)
    assert found.expected_calibration_error < 0.015
    assert sum(b.cases for b in found.bins) == len(chance)


def test_scores_twice_too_sure_have_slope_one_half() -> None:
    chance, truth = drawn()
    logit = 2 * np.log(chance / (1 - chance))
    found = reliability(1 / (1 + np.exp(-logit)), truth)
    assert found.slope == pytest.approx(0.5, abs=0.04)
    assert found.expected_calibration_error > 0.05


def test_a_single_class_has_no_slope() -> None:
    found = reliability(np.array([0.1, 0.2]), np.array([False, False]))
    assert np.isnan(found.slope)
    assert found.brier == pytest.approx(0.025)
