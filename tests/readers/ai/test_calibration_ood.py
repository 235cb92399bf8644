"""A local reference knows its own images, whoever they are, and nothing else."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from models.ood import OodReference
from readers.ai import calibration_ood
from readers.ai.calibration_ood import left_out_distances, to_bytes

FEATURES = 24


def exams(count: int, seed: int, centre: float = 0.0) -> list[NDArray[np.float64]]:
    """Descriptors of exams of four views around a centre; views of one exam resemble each other."""
    rng = np.random.default_rng(seed)
    women = centre + rng.normal(size=(count, 1, FEATURES))
    return list(women + 0.5 * rng.normal(size=(count, 4, FEATURES)))


@pytest.mark.parametrize("count", [20, 60])
def test_new_exams_of_the_unit_are_inside_and_others_outside(count: int) -> None:
    reference = calibration_ood.fit(exams(count, 1))
    same = [reference.score(view) for exam in exams(20, 2) for view in exam]
    other = [reference.score(view) for exam in exams(20, 3, centre=8.0) for view in exam]
    assert np.mean(np.array(same) <= 1) > 0.9
    assert min(other) > 1.0
    assert (reference.exams, reference.views) == (count, 4 * count)


def test_the_distance_of_an_exam_is_measured_without_it() -> None:
    usual = exams(30, 5)
    stranger = [usual[0] + 20.0, *usual[1:]]
    assert left_out_distances(stranger)[:4].min() > 3 * left_out_distances(usual)[:4].max()


def test_few_exams_are_no_reference() -> None:
    with pytest.raises(ValueError, match="needs 20 exams"):
        calibration_ood.fit(exams(19, 1))


def test_what_cannot_be_compared_is_outside() -> None:
    reference = calibration_ood.fit(exams(20, 1))
    assert reference.score(np.zeros(FEATURES + 1)) == math.inf
    assert reference.score(np.full(FEATURES, np.nan)) == math.inf


def test_the_same_numbers_give_the_same_bytes() -> None:
    one, other = (to_bytes(OodReference(np.zeros(3), np.eye(3), 2.0)) for _ in range(2))
    assert one == other
    assert calibration_ood.fit(exams(20, 1)).sha256 == calibration_ood.fit(exams(20, 1)).sha256
