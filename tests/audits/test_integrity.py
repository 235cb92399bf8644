"""Impossible rows are listed with the rule they break and counted nowhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from audits.frames import to_frame
from audits.integrity import RULES, check
from readers.simulated.programme import Programme
from readers.simulated.round import play_round
from readers.simulated.rows import episode_rows
from screening.domain.episode import EpisodeRow
from screening.workflow.policies import shipped_policies
from tests.audits.frames_by_hand import ORDINARY, ten_rows

BROKEN: dict[str, EpisodeRow] = {
    "case_twice": replace(ORDINARY, case="case-1"),
    "released_without_outcome": replace(ORDINARY, outcome=None),
    "released_before_screened": replace(ORDINARY, released_on=date(2026, 3, 1)),
    "same_reader_twice": replace(ORDINARY, reader_2="reader-1"),
    "second_read_without_first": replace(ORDINARY, opinion_1=None),
    "no_human_read": replace(ORDINARY, human_reads=0),
    "one_human_without_ai": replace(ORDINARY, human_reads=1, ai_status="failed", ai_score=None),
    "recall_dropped": replace(ORDINARY, opinion_2="recall"),
    "recall_from_nowhere": replace(ORDINARY, outcome="recall_for_assessment"),
    "arbitration_without_opinion": replace(ORDINARY, arbitrated=True),
    "ai_score_without_ok": replace(ORDINARY, ai_status="timed_out"),
    "ai_score_out_of_range": replace(ORDINARY, ai_score=11),
    "assessed_without_recall": replace(ORDINARY, assessed=True, cancer=False),
    "cancer_without_assessment": replace(ORDINARY, cancer=True),
    "pathology_without_cancer": replace(ORDINARY, size_mm=9.0),
    "interval_after_detected_cancer": replace(ORDINARY, cancer=True, assessed=True, interval_cancer=True),
    "interval_without_outcome": replace(
        ORDINARY, state="awaiting_second_read", outcome=None, released_on=None, interval_cancer=True
    ),
}
"""For every rule a row that breaks it."""


def test_every_rule_is_broken_by_some_row_here() -> None:
    assert set(BROKEN) == set(RULES)


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_row_is_listed_and_left_out(rule: str) -> None:
    frame = to_frame([*ten_rows(), BROKEN[rule]])
    checked = check(frame)
    assert (rule, BROKEN[rule].case) in checked.problems.rows()
    assert checked.clean.height == (9 if rule == "case_twice" else 10)


def test_rows_that_can_be_true_all_stay() -> None:
    checked = check(to_frame(ten_rows()))
    assert checked.problems.is_empty()
    assert checked.clean.height == 10


def test_a_withdrawn_case_may_still_get_an_interval_cancer() -> None:
    row = replace(ORDINARY, state="withdrawn", outcome="no_result", released_on=None, interval_cancer=True)
    assert check(to_frame([row])).problems.is_empty()


@pytest.mark.parametrize("policy", sorted(shipped_policies()))
def test_no_played_round_has_an_impossible_row(policy: str) -> None:
    chosen = shipped_policies()[policy]
    programme = Programme(visible_first=0.1, visible_subsequent=0.1, technical_fault=0.08, objection_ai=0.05)
    cases = play_round(chosen, 300, 1, datetime(2026, 1, 5, 8, tzinfo=UTC), programme=programme)
    assert check(to_frame(episode_rows(chosen, cases))).problems.is_empty()
