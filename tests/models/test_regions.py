"""Marks: found at peaks, apart from each other, strongest first, with the extent the map shows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from models.regions import RULES, candidates, intersection_over_union

GRID = (20, 14)
maps = arrays(np.float32, GRID, elements=st.floats(0, 1, width=32))
box = st.tuples(st.floats(0, 10), st.floats(0, 10), st.floats(0.5, 10), st.floats(0.5, 10)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)


def bump(row: int, col: int, score: float) -> NDArray[np.float32]:
    y, x = np.mgrid[0 : GRID[0], 0 : GRID[1]]
    return np.asarray(score * np.exp(-((y - row) ** 2 + (x - col) ** 2) / 3.0), np.float32)


def test_two_peaks_give_two_marks_strongest_first() -> None:
    first, second = candidates(bump(5, 4, 0.6) + bump(14, 9, 0.9))
    assert (first.row, first.col) == (14, 9)
    assert (second.row, second.col) == (5, 4)
    assert first.box[0] <= 9.5 <= first.box[2]
    assert first.box[1] <= 14.5 <= first.box[3]


def test_a_quiet_map_has_no_marks() -> None:
    assert candidates(bump(5, 4, RULES.floor * 0.9)) == ()


@given(maps)
def test_marks_obey_the_rules_on_any_map(saliency: NDArray[np.float32]) -> None:
    marks = candidates(saliency)
    scores = [saliency[m.row, m.col] for m in marks]
    assert len(marks) <= RULES.most
    assert scores == sorted(scores, reverse=True)
    for index, mark in enumerate(marks):
        assert scores[index] >= RULES.floor
        assert 0 <= mark.box[0] < mark.box[2] <= GRID[1]
        assert 0 <= mark.box[1] < mark.box[3] <= GRID[0]
        assert all(intersection_over_union(mark.box, other.box) < RULES.overlap for other in marks[:index])


@given(box, box)
def test_overlap_is_symmetric_and_bounded(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> None:
    shared = intersection_over_union(one, other)
    assert 0.0 <= shared <= 1.0 + 1e-9
    assert shared == pytest.approx(intersection_over_union(other, one))
    assert intersection_over_union(one, one) == pytest.approx(1.0)
