"""Discordance and the third decision, as tables."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.domain.arbitration import (
    ArbitrationReason,
    Discordance,
    arbitration_reason,
    combined_breasts,
    combined_kind,
    discordance,
    discordant,
)
from screening.domain.opinion import BiRads, Finding, FindingType, Opinion
from screening.domain.outcome import OutcomeKind
from screening.domain.policy import ArbitrateWhen
from screening.workflow.policies import shipped_policies
from tests.domain.story import L, R, opinion

PAIRS = [
    ("N", "N", None),
    ("N", "R4", Discordance.OPINION),
    ("N", "T:RCC", Discordance.OPINION),
    ("R4", "T:RCC", Discordance.OPINION),
    ("R4", "R4", None),
    ("R0", "R5", None),
    ("R4", "L4", Discordance.BREAST),
    ("R4", "R4+L4", Discordance.BREAST),
    ("R4+L0", "L5+R0", None),
    ("T:RCC", "T:RCC", None),
    ("T:RCC", "T:LCC", Discordance.VIEWS),
    ("T:RCC", "T:RCC+LCC", Discordance.VIEWS),
]
words = st.sampled_from(("N", "R4", "R0", "L0", "L5", "R4+L0", "T:RCC", "T:LCC"))
opinions = st.lists(words.map(opinion), min_size=1, max_size=4)


@pytest.mark.parametrize(("one", "other", "expected"), PAIRS)
def test_how_two_reads_differ(one: str, other: str, expected: Discordance | None) -> None:
    assert discordance(opinion(one), opinion(other)) is expected
    assert discordance(opinion(other), opinion(one)) is expected


def test_comments_and_findings_make_no_discordance() -> None:
    with_finding = replace(opinion("R4").breasts[0], findings=(Finding(FindingType.MASS, R, size_mm=9.0),))
    wordy = replace(opinion("R4"), breasts=(with_finding,), comment="spiculated, 9 mm")
    assert discordance(wordy, opinion("R4")) is None


REASONS = [
    # when, reads, reason
    ("never", "N R4", None),
    ("discordant", "N N", None),
    ("discordant", "N R4", "discordant"),
    ("discordant", "R4 R4 N", "discordant"),
    ("discordant_category_0", "N R0", "discordant"),
    ("discordant_category_0", "N R4", None),
    ("discordant_category_0", "R0 L0", "discordant"),
    ("discordant_category_0", "R0 R0", None),
    ("discordant_category_0", "R0 L4", None),
    ("discordant_category_0", "N T:RCC", None),
    ("discordant_category_0", "R0 T:RCC", "discordant"),
    ("all_recalls", "R4 R4", "recall"),
    ("all_recalls", "N R4", "recall"),
    ("all_recalls", "N T:RCC", "discordant"),
    ("all_recalls", "T:RCC T:RCC", None),
    ("all_recalls", "N N", None),
    ("all_non_normal", "T:RCC T:RCC", "non_normal"),
    ("all_non_normal", "R4 R4", "non_normal"),
    ("all_non_normal", "N N", None),
]


@pytest.mark.parametrize(("when", "reads", "reason"), REASONS)
def test_why_a_third_decision_is_owed(when: str, reads: str, reason: str | None) -> None:
    policy = replace(shipped_policies()["double-human"], arbitrate=ArbitrateWhen(when))
    given_reads = [opinion(word) for word in reads.split()]
    expected = ArbitrationReason(reason) if reason else None
    assert arbitration_reason(policy, given_reads) is expected
    assert arbitration_reason(policy, given_reads[::-1]) is expected


@given(opinions)
def test_reads_are_discordant_when_any_two_differ(given_reads: list[Opinion]) -> None:
    assert discordant(given_reads) is any(discordance(a, b) for a in given_reads for b in given_reads)


@given(opinions)
def test_the_most_cautious_opinion_stands_in_any_order(given_reads: list[Opinion]) -> None:
    kind = combined_kind(given_reads)
    assert kind is combined_kind(given_reads[::-1])
    assert (kind is OutcomeKind.ROUTINE_RECALL) is all(o.kind.value == "normal" for o in given_reads)
    assert combined_breasts(given_reads) == combined_breasts(given_reads[::-1])


@given(opinions)
def test_no_recalled_breast_is_lost_and_none_is_added(given_reads: list[Opinion]) -> None:
    recalled = {breast.laterality for o in given_reads for breast in o.recalled}
    assert {breast.laterality for breast in combined_breasts(given_reads)} == recalled


def test_findings_of_all_reads_are_kept_under_the_worst_category() -> None:
    mass, calcification = Finding(FindingType.MASS, R), Finding(FindingType.CALCIFICATION, R)
    one = replace(opinion("R0"), breasts=(replace(opinion("R0").breasts[0], findings=(mass,)),))
    other = replace(opinion("R5"), breasts=(replace(opinion("R5").breasts[0], findings=(calcification, mass)),))
    merged = combined_breasts([one, other, opinion("L4")])
    assert [(b.laterality, b.category) for b in merged] == [(R, BiRads.HIGHLY_SUGGESTIVE), (L, BiRads.SUSPICIOUS)]
    assert set(merged[0].findings) == {mass, calcification}
