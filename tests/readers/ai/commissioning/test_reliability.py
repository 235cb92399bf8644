"""Whether probabilities can be relied on is measured on exams left out, for fits on breasts and on whole exams."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.ai.commissioning.commission import Commissioned
from readers.ai.commissioning.evidence import ExamEvidence
from readers.ai.commissioning.plots import plots_of
from readers.ai.commissioning.record import Record, document
from readers.ai.commissioning.reliability import GROUPS, reliability
from readers.ai.commissioning.report import report_of
from tests.readers.ai.commissioning.exams import IDENTITY, commissioned, evidence, plan


def without_sides(exams: list[ExamEvidence]) -> list[ExamEvidence]:
    """The same exams where nobody knows in which breast a cancer was."""
    return [
        replace(exam, breasts=tuple(replace(breast, cancer=None) for breast in exam.breasts)) if exam.cancer else exam
        for exam in exams
    ]


def record_of(done: Commissioned) -> Record:
    """Its record."""
    who = (IDENTITY.product, IDENTITY.weights_sha256, IDENTITY.preprocessing_sha256)
    on = plan().valid_from
    return Record(done.calibration_id, *who, done.stratum, on, "physicist", "test", done.verdict, {}, done.scores)


@pytest.mark.parametrize(("exams", "unit"), [(evidence(), "breast"), (without_sides(evidence()), "exam")])
def test_as_many_cancers_are_found_as_were_expected(exams: list[ExamEvidence], unit: str) -> None:
    done = commissioned(exams)
    found = done.figures.reliability
    assert found is not None
    assert (found.unit, len(found.groups)) == (unit, GROUPS)
    expected = sum(group.expected * group.found.total for group in found.groups)
    cancers = sum(group.found.hits for group in found.groups)
    assert cancers == 80
    assert expected == pytest.approx(cancers, rel=0.1)
    assert [group.expected for group in found.groups] == sorted(group.expected for group in found.groups)
    assert found.groups[-1].found.low > found.groups[0].found.high, "high probabilities are cancers more often"


@pytest.mark.parametrize(("exams", "unit"), [(evidence(), "breast"), (without_sides(evidence()), "exam")])
def test_report_and_record_show_it_and_say_of_what(exams: list[ExamEvidence], unit: str) -> None:
    done = commissioned(exams)
    record, limits = record_of(done), plan().limits
    (plot,) = (plot for plot in report_of(IDENTITY, done, record, limits).plots if plot.title == "Reliability")
    assert f"Share of {unit}s with a cancer" in plot.description
    told = json.loads(document(IDENTITY, record, done.figures, limits, done.method))["figures"]["reliability"]
    assert (told["unit"], len(told["groups"])) == (unit, GROUPS)
    assert set(told["groups"][0]["found"]) == {"hits", "total", "low", "high"}


def test_without_a_calibration_there_is_none() -> None:
    done = commissioned(evidence(cancers=0))
    assert done.figures.reliability is None
    assert [plot.title for plot in plots_of(done.scores, done.figures.reliability)] == ["Scores"]


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=40))
def test_every_score_is_in_one_group(predicted: list[tuple[float, bool]]) -> None:
    found = reliability("exam", predicted)
    groups = found.groups if found else ()
    assert sum(group.found.total for group in groups) == len(predicted)
    assert sum(group.found.hits for group in groups) == sum(cancer for _, cancer in predicted)
    assert all(group.found.low <= group.found.share <= group.found.high for group in groups)
