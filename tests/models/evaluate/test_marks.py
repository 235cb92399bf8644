"""Free-response figures: what counts as a hit, a false mark, and the threshold readers take from them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.evaluate import BreastCase, ExamCase, Finding, Mark, ViewCase, froc
from models.evaluate.froc import hit, threshold_at

CANCER = Finding((100.0, 100.0, 150.0, 150.0), malignant=True, key="c", kind="spiculated_mass", frame=20.0)
BENIGN = Finding((300.0, 300.0, 340.0, 340.0), malignant=False, key="b", kind="circumscribed_mass")


def mark(x: float, y: float, score: float, frame: int | None = None) -> Mark:
    return Mark((x - 10, y - 10, x + 10, y + 10), score, "mass", frame)


def view(name: str, *marks: Mark, findings: tuple[Finding, ...] = (CANCER, BENIGN)) -> ViewCase:
    return ViewCase("L", name, 0.5, any(f.malignant for f in findings), 0.1, marks, findings)


def exam(*views: ViewCase) -> ExamCase:
    sick = any(v.malignant for v in views)
    return ExamCase("e", 0.5, sick, (BreastCase("L", 0.5, sick),), views)


def test_a_mark_hits_within_two_millimetres_of_the_box_and_no_farther() -> None:
    assert hit(mark(125, 125, 1.0), CANCER, 0.1)
    assert hit(mark(169, 125, 1.0), CANCER, 0.1)
    assert not hit(mark(171, 125, 1.0), CANCER, 0.1)


def test_a_mark_on_a_benign_finding_is_a_false_mark() -> None:
    found = froc([exam(view("CC", mark(320, 320, 0.9), mark(125, 125, 0.8)), view("MLO", findings=()))])
    assert found.cancers == 1
    assert found.images == 2
    assert dict(zip(found.rates, (s.value for s in found.sensitivity), strict=True)) == {0.25: 0.0, 0.5: 1.0, 1.0: 1.0}


def test_a_cancer_marked_in_one_of_two_views_counts_half_per_view_and_whole_per_cancer() -> None:
    found = froc([exam(view("CC", mark(125, 125, 0.8)), view("MLO"))])
    assert found.sensitivity[1].value == 0.5
    assert found.per_cancer[1] == 1.0
    assert found.by_type == {"spiculated_mass": (0.5, 2)}


def test_marked_cancers_are_counted_per_density_too() -> None:
    dense = replace(view("CC", mark(125, 125, 0.8)), density="d")
    missed, untold = replace(view("CC"), density="a"), view("CC", mark(125, 125, 0.8))
    found = froc([exam(dense), exam(missed), exam(untold)])
    assert found.by_density == {"a": (0.0, 1), "d": (1.0, 1)}
    assert found.by_type["spiculated_mass"] == pytest.approx((2 / 3, 3))


def test_the_frame_of_the_strongest_hit_is_compared_with_the_cancer_s() -> None:
    near = froc([exam(view("CC", mark(125, 125, 0.8, 22), mark(125, 125, 0.3, 60)))])
    far = froc([exam(view("CC", mark(125, 125, 0.8, 26)))])
    assert (near.frame_hits, near.frame_error) == (1.0, 2.0)
    assert (far.frame_hits, far.frame_error) == (0.0, 6.0)
    assert math.isnan(froc([exam(view("CC", mark(125, 125, 0.8)))]).frame_hits)


def test_the_frame_of_a_hit_that_no_reader_is_shown_counts_nothing() -> None:
    seen, unseen = view("CC", mark(125, 125, 0.8, 22)), view("MLO", mark(125, 125, 0.3, 60), mark(10, 10, 0.5))
    loud = view("CC", mark(10, 10, 0.4), findings=())
    found = froc([exam(seen, unseen), exam(loud)])
    assert found.mark_from > 0.3
    assert (found.frame_hits, found.frame_error) == (1.0, 2.0)


@given(st.lists(st.floats(0.0, 1.0), max_size=40), st.integers(1, 30), st.sampled_from([0.25, 0.5, 1.0]))
def test_marks_from_the_threshold_never_exceed_the_rate(scores: list[float], images: int, rate: float) -> None:
    import numpy as np

    threshold = threshold_at(np.array(scores), images, rate)
    assert sum(score >= threshold for score in scores) <= rate * images + 1e-9


def test_a_frame_without_cancers_has_no_sensitivity() -> None:
    found = froc([exam(view("CC", mark(10, 10, 0.4), findings=()))])
    assert math.isnan(found.sensitivity[0].value)
    assert found.mark_from == pytest.approx(0.4, abs=1e-3)
