"""The evidence of a mark: which view agrees by its distance from the nipple, and what the prior showed there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.predictions import ViewPrediction
from models.preprocess import ViewTransform, prepare
from models.regions import Region
from readers.ai.compose import Mark, Scored, marks_of
from readers.ai.evidence import SAME_DEPTH_MM, agreeing, explain, nipple_distance_mm, prior_score
from readers.ai.views import nipple_of
from screening.domain.geometry import Flip
from screening.domain.study import Slot
from tests.readers.ai.studies import Pictures, image

MM = 0.5
NIPPLE = (300.0, 400.0)


def view(slot: Slot, *depths_mm: float, score: float = 0.9, frame: int | None = None) -> Scored:
    """A view with a mark straight behind the nipple at each depth, and saliency 0.3 around (100 mm, 200 mm)."""
    saliency = np.zeros((80, 64), np.float32)
    saliency[38:43, 18:23] = 0.3
    regions = tuple(
        Region((x - 5, 395.0, x + 5, 405.0), score, "mass", frame, 0.6, 0.8, 0.5)
        for x in (NIPPLE[0] - depth / MM for depth in depths_mm)
    )
    prediction = ViewPrediction(
        malignancy=0.5,
        saliency=saliency,
        saliency_transform=ViewTransform(0.0, 0.0, 0.1),
        lesion_types={"mass": 1.0, "calcification": 0.0, "distortion": 0.0, "asymmetry": 0.0},
        densities={"a": 1.0, "b": 0.0, "c": 0.0, "d": 0.0},
        regions=regions,
        ood_score=0.1,
        breast_fraction=0.4,
        notes=(),
    )
    return Scored(slot, image(slot), Flip(800, 640, horizontal=False, vertical=False), prediction, MM, NIPPLE)


def marks(*views: Scored) -> list[Mark]:
    return marks_of(views, 0.25)


def agreed(*views: Scored) -> list[tuple[Slot, ...]]:
    found = marks(*views)
    return [agreeing(mark, found) for mark in found]


def test_views_agree_on_marks_as_far_from_the_nipple() -> None:
    assert agreed(view(Slot.RCC, 40.0), view(Slot.RMLO, 50.0)) == [(Slot.RMLO,), (Slot.RCC,)]


def test_views_do_not_agree_on_marks_at_other_depths_or_in_the_other_breast() -> None:
    assert agreed(view(Slot.RCC, 40.0), view(Slot.RMLO, 70.0)) == [(), ()]
    assert agreed(view(Slot.RCC, 40.0), view(Slot.LMLO, 40.0)) == [(), ()]
    assert agreed(view(Slot.RCC, 40.0, 41.0)) == [(), ()]


@given(st.floats(5, 140), st.floats(5, 140))
def test_agreement_is_mutual_and_goes_by_the_difference_of_depths(one: float, other: float) -> None:
    first, second = agreed(view(Slot.LCC, one), view(Slot.LMLO, other))
    assert bool(first) is bool(second)
    if abs(abs(one - other) - SAME_DEPTH_MM) > 1e-3:
        assert bool(first) is (abs(one - other) < SAME_DEPTH_MM)


def test_distances_are_in_millimetres_of_the_breast() -> None:
    (mark,) = marks(view(Slot.LCC, 37.5))
    assert nipple_distance_mm(mark) == pytest.approx(37.5)
    finer = replace(mark[0], pixel_mm=MM / 2)
    assert nipple_distance_mm((finer, mark[1])) == pytest.approx(37.5 / 2)


def test_without_a_nipple_no_view_agrees_and_no_change_is_told() -> None:
    blind = [replace(view(Slot.LCC, 40.0), nipple=None), view(Slot.LMLO, 40.0)]
    found = marks(*blind)
    assert [item.agrees for item in explain(found, {Slot.LCC: view(Slot.LCC)})] == [(), ()]
    assert explain(found, {Slot.LCC: view(Slot.LCC)})[0].change is None


def test_the_change_is_against_the_same_place_of_the_prior() -> None:
    """Saliency 0.3 lies 50 mm behind the nipple of the prior: a mark there was seen before, one at 100 mm was not."""
    new, seen = explain(marks(view(Slot.LCC, 50.0, 100.0)), {Slot.LCC: view(Slot.LCC)})
    assert seen.change == pytest.approx(0.3)
    assert new.change == pytest.approx(0.6)


def test_what_only_the_close_look_is_surer_of_has_not_grown() -> None:
    """The whole view says of both exams 0.3; the close look, which the prior did not get, 0.9."""
    now = view(Slot.LCC, 50.0)
    (region,) = now.prediction.regions
    looked = replace(now, prediction=replace(now.prediction, regions=(replace(region, global_score=0.3),)))
    (told,) = explain(marks(looked), {Slot.LCC: view(Slot.LCC)})
    assert told.change == pytest.approx(0.0, abs=1e-6)


def test_a_prior_that_was_positioned_otherwise_is_compared_by_its_nipple() -> None:
    shifted = replace(view(Slot.LCC), nipple=(NIPPLE[0] + 100.0, NIPPLE[1]))
    (mark,) = marks(view(Slot.LCC, 100.0))
    assert prior_score(mark, shifted) == pytest.approx(0.3)


def test_a_place_that_the_prior_does_not_show_tells_nothing() -> None:
    (mark,) = marks(view(Slot.LCC, 40.0))
    assert prior_score(mark, replace(view(Slot.LCC), nipple=(5000.0, 5000.0))) is None


def test_evidence_stands_in_the_order_of_the_marks_with_their_frames() -> None:
    found = marks(view(Slot.LCC, 40.0, score=0.4), view(Slot.RCC, 40.0, score=0.8, frame=11))
    told = explain(found, {})
    assert [item.location.sop_instance_uid for item in told] == [found[0][0].image.sop_instance_uid, "1.2.3.2"]
    assert [item.location.frame for item in told] == [12, None]
    assert [(item.global_score, item.local_score, item.attention) for item in told] == [(0.6, 0.8, 0.5)] * 2


def test_the_nipple_is_the_most_anterior_point_of_the_breast() -> None:
    """The picture is half an ellipse of 0.7 of the width, its tip in the middle of the height."""
    picture = Pictures().load(image(Slot.LCC))
    found = nipple_of(prepare(picture.pixels, 0.3))
    assert found is not None
    assert found[0] == pytest.approx(0.7 * 512, abs=8)
    assert found[1] == pytest.approx(320, abs=12)
    assert nipple_of(prepare(np.zeros((640, 512), np.float32), 0.3)) is None
