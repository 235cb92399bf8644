"""The shift report by hand: eight exams whose every count can be checked on paper."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from audits.rescoring import SCHEMA, RescoringReport, build, change, read_parts, to_frame, write_part
from audits.rescoring_text import to_markdown
from screening.domain.errors import InvalidInput
from screening.workflow.rescore_values import RescoreRow, Side

NOTICE = "phantom-trained, not for clinical use"


def side(score: int | None, flag: bool = False, status: str = "ok", reasons: tuple[str, ...] = ()) -> Side:
    """One side of a row."""
    read = score is not None
    return Side("ai@1", status, score, flag if read else None, 0.5, "cal-1" if read else None, reasons)


NOTHING, REFUSED = Side(), side(None, status="unsupported", reasons=("views_missing", "no_breast"))
EXAMS = [
    ("A", side(3), side(3)),
    ("A", side(3), side(9, flag=True)),
    ("A", side(9, flag=True), side(9, flag=True)),
    ("A", side(9, flag=True), side(2)),
    ("B", side(5), side(5)),
    ("B", side(5), REFUSED),
    ("B", REFUSED, side(1)),
    ("", NOTHING, side(10, flag=True)),
]


def row(number: int, stratum: str, old: Side, new: Side) -> RescoreRow:
    """A row of the results."""
    engine = "onnxruntime" if number % 4 else "openvino"
    return RescoreRow(f"key-{number}", stratum, old, new, engine, "f32", "1.0", "w" * 64, 0.1, False, float(number))


ROWS = [row(number, *exam) for number, exam in enumerate(EXAMS)]


@pytest.fixture
def report() -> RescoringReport:
    """The report on them."""
    return build(to_frame(ROWS), "rescore-1", "ai@2", NOTICE, {"planned": 10, "no_ai": 1, "no_research": 1})


def test_scores_shift_as_counted_by_hand(report: RescoringReport) -> None:
    total, a, b, unknown = report.shifts
    assert [shift.stratum for shift in report.shifts] == ["all", "A", "B", "unknown"]
    assert (total.exams, total.both_read) == (8, 5)
    assert total.counts[3][3] == total.counts[3][9] == total.counts[9][9] == total.counts[9][2] == 1
    assert (b.counts[5][0], b.counts[0][1], unknown.counts[0][10]) == (1, 1, 1)
    assert [sum(map(sum, shift.counts)) for shift in report.shifts] == [8, 4, 3, 1]
    assert (a.exams, b.exams) == (4, 3)


def test_flags_change_in_both_directions_with_exact_intervals(report: RescoringReport) -> None:
    total = report.shifts[0]
    assert [(c.count, c.of) for c in (total.newly_flagged, total.no_longer_flagged, total.differing)] == [
        (1, 3),
        (1, 2),
        (2, 5),
    ]
    exact = stats.binomtest(1, 3).proportion_ci(0.95, "exact")
    assert (total.newly_flagged.low, total.newly_flagged.high) == pytest.approx((exact.low, exact.high))


def test_refusals_statuses_and_coverage_are_counted(report: RescoringReport) -> None:
    assert report.refusals == (("no_breast", 1, 1), ("views_missing", 1, 1))
    assert report.statuses == (("ok", 6, 7), ("unsupported", 1, 1))
    assert report.coverage == {
        "planned": 10,
        "no_ai": 1,
        "no_research": 1,
        "in_results": 8,
        "compared": 5,
        "without_old_read": 1,
    }
    assert [(one.engine, one.exams, one.total_s) for one in report.runtime] == [
        ("onnxruntime", 6, 24.0),
        ("openvino", 2, 4.0),
    ]


def test_the_notice_stands_above_every_figure_and_the_data_are_json(report: RescoringReport) -> None:
    text = to_markdown(report)
    assert text.index(NOTICE) < text.index("|")
    assert "1 / 3" in text
    assert "not with the truth" in text
    assert json.loads(json.dumps(report.as_data()))["notice"] == NOTICE


def test_a_report_on_nothing_says_so() -> None:
    report = build(to_frame([]), "rescore-1", "ai@2", NOTICE, {})
    assert report.shifts[0].newly_flagged == change(0, 0)
    assert "0 exams" in to_markdown(report)


def test_parts_are_read_back_as_one_table_and_leave_nothing_else(tmp_path: Path) -> None:
    write_part(ROWS[:3], tmp_path / "chunk-000001.parquet")
    write_part(ROWS[:3], tmp_path / "chunk-000001.parquet")
    write_part(ROWS[3:], tmp_path / "chunk-000002.parquet")
    assert read_parts(tmp_path).equals(to_frame(ROWS))
    assert dict(pl.read_parquet(tmp_path / "chunk-000002.parquet").schema) == dict(SCHEMA)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_foreign_file_among_the_parts_is_refused(tmp_path: Path) -> None:
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "other.parquet")
    with pytest.raises(InvalidInput):
        read_parts(tmp_path)


scores = st.one_of(st.none(), st.integers(1, 10))


@given(st.lists(st.tuples(st.sampled_from("AB"), scores, scores), max_size=30))
def test_every_exam_is_in_one_cell_of_its_stratum_and_of_all(exams: list[tuple[str, int | None, int | None]]) -> None:
    made = [
        replace(row(number, stratum, side(old, (old or 0) > 7), side(new, (new or 0) > 7)), exam_key=str(number))
        for number, (stratum, old, new) in enumerate(exams)
    ]
    total, *strata = build(to_frame(made), "r", "p", NOTICE, {}).shifts
    assert sum(map(sum, total.counts)) == len(exams)
    for old in range(11):
        for new in range(11):
            assert total.counts[old][new] == sum(shift.counts[old][new] for shift in strata)
    assert total.differing.count == total.newly_flagged.count + total.no_longer_flagged.count
    assert total.differing.of == total.newly_flagged.of + total.no_longer_flagged.of
