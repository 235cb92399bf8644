"""Opinions: what cannot be said incompletely, so that discordance never fails open."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.domain.errors import IncompleteOpinion
from screening.domain.opinion import (
    NORMAL,
    RECALL_CATEGORIES,
    SEVERITY,
    BiRads,
    BreastOpinion,
    Finding,
    FindingType,
    Opinion,
    OpinionKind,
    TechnicalFault,
    TechnicalReason,
    worst,
)
from screening.domain.study import Slot
from tests.domain.story import L, R, opinion

FAULT = TechnicalFault(Slot.RCC, TechnicalReason.MOTION)
SUSPICIOUS = BreastOpinion(R, BiRads.SUSPICIOUS)
BENIGN = BreastOpinion(L, BiRads.BENIGN)
MASS = FindingType.MASS

INCOMPLETE: dict[str, Callable[[], object]] = {
    "a recall without a breast": lambda: Opinion(OpinionKind.RECALL),
    "a recall of a benign breast only": lambda: Opinion(OpinionKind.RECALL, (BENIGN,)),
    "a technical recall without a view": lambda: Opinion(OpinionKind.TECHNICAL_RECALL),
    "a normal opinion with a view to repeat": lambda: Opinion(OpinionKind.NORMAL, technical=(FAULT,)),
    "a normal opinion with a category that recalls": lambda: Opinion(OpinionKind.NORMAL, (SUSPICIOUS,)),
    "a breast listed twice": lambda: Opinion(OpinionKind.RECALL, (SUSPICIOUS, BreastOpinion(R, BiRads.BENIGN))),
    "a finding under the other breast": lambda: BreastOpinion(R, BiRads.SUSPICIOUS, (Finding(MASS, L),)),
    "a clock position of 13": lambda: Finding(MASS, R, clock=13),
    "a clock position of 0": lambda: Finding(MASS, R, clock=0),
    "a size of nothing": lambda: Finding(MASS, R, size_mm=0.0),
    "a size that is no number": lambda: Finding(MASS, R, size_mm=float("nan")),
    "a size larger than a breast": lambda: Finding(MASS, R, size_mm=301.0),
}


@pytest.mark.parametrize("what", INCOMPLETE)
def test_what_is_incomplete_cannot_be_built(what: str) -> None:
    with pytest.raises(IncompleteOpinion):
        INCOMPLETE[what]()


def test_a_complete_opinion_of_each_kind_can_be_built() -> None:
    assert NORMAL.worst_category is None
    assert Opinion(OpinionKind.NORMAL, (BENIGN,)).worst_category is BiRads.BENIGN
    assert Opinion(OpinionKind.RECALL, (SUSPICIOUS, BENIGN)).recalled == (SUSPICIOUS,)
    assert Opinion(OpinionKind.TECHNICAL_RECALL, technical=(FAULT,)).views_to_repeat == {Slot.RCC}


def test_a_technical_recall_may_leave_a_suspicion_standing() -> None:
    assert Opinion(OpinionKind.TECHNICAL_RECALL, (SUSPICIOUS,), (FAULT,)).recalled == (SUSPICIOUS,)


def test_words_of_the_stories_mean_what_they_say() -> None:
    assert opinion("N") is NORMAL
    assert [(b.laterality, b.category) for b in opinion("R4+L0").breasts] == [(R, 4), (L, 0)]
    assert opinion("T:RCC+LMLO").views_to_repeat == {Slot.RCC, Slot.LMLO}


@pytest.mark.parametrize(
    ("categories", "expected"),
    [((1, 2), 2), ((0, 2), 0), ((0, 3), 0), ((0, 4), 4), ((4, 5), 5), ((5, 6), 6), ((3, 1), 3)],
)
def test_the_worst_category_puts_0_between_3_and_4(categories: tuple[int, ...], expected: int) -> None:
    assert worst(tuple(BiRads(category) for category in categories)) is BiRads(expected)


@given(st.lists(st.sampled_from(BiRads), min_size=1))
def test_the_worst_category_is_given_and_does_not_depend_on_order(categories: list[BiRads]) -> None:
    found = worst(tuple(categories))
    assert found in categories
    assert found is worst(tuple(reversed(categories)))


def test_every_category_has_its_place_and_only_1_and_2_never_recall() -> None:
    assert sorted(SEVERITY) == sorted(BiRads)
    assert set(BiRads) - RECALL_CATEGORIES == {BiRads.NEGATIVE, BiRads.BENIGN}
