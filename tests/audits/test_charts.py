"""The pictures show what the tables say."""

from __future__ import annotations

import re
from dataclasses import replace

import polars as pl

from audits.charts import flow_chart, funnel_chart, interval_chart, score_chart
from audits.flow import flow_table, score_table
from audits.frames import to_frame
from audits.performance import Options, compute
from tests.audits.frames_by_hand import ORDINARY, ten_rows

RECALLED = replace(ORDINARY, outcome="recall_for_assessment", assessed=True, cancer=False)


def _rates(sizes: dict[str, tuple[int, int]]) -> pl.DataFrame:
    """Recall rates of units with these numbers of (recalls, exams)."""
    rows = [
        replace(row, unit=unit)
        for unit, (recalls, exams) in sizes.items()
        for row in [*[RECALLED] * recalls, *[ORDINARY] * (exams - recalls)]
    ]
    table = compute(to_frame(rows), ("unit",), options=Options(minimum_cell=10))
    return table.filter((pl.col("kpi") == "recall_rate") & (pl.col("split") == "unit"))


def _numbers(pattern: str, drawing: str) -> list[float]:
    return [float(found) for found in re.findall(pattern, drawing)]


def test_a_higher_rate_lies_further_right() -> None:
    drawing = interval_chart(_rates({"low": (2, 100), "middle": (4, 100), "top": (8, 100)}), 4.67)
    places = _numbers(r'class="mark" cx="([\d.]+)"', drawing)
    assert places == sorted(places)
    assert len(set(places)) == 3


def test_suppressed_units_are_not_drawn() -> None:
    drawing = interval_chart(_rates({"large": (4, 100), "tiny": (1, 5)}), 4.0)
    assert "large" in drawing
    assert "tiny" not in drawing


def test_an_outlier_lies_outside_the_funnel() -> None:
    rates = _rates({"usual": (40, 1000), "odd": (100, 1000)})
    drawing = funnel_chart(rates, 4.0)
    by_name = {row["level"]: row["value"] for row in rates.iter_rows(named=True)}
    dots = dict(zip(by_name, _numbers(r'class="mark" cx="[\d.]+" cy="([\d.]+)"', drawing), strict=True))
    upper = re.findall(r'class="limit998" points="([^"]+)"', drawing)[1].split()
    edge = min(float(point.split(",")[1]) for point in upper if float(point.split(",")[0]) > 300)
    assert dots["odd"] < edge < dots["usual"]


def test_a_small_round_has_no_funnel() -> None:
    assert funnel_chart(_rates({"only": (3, 40)}), 7.5) == ""


def test_bars_of_flags_are_as_wide_as_their_shares() -> None:
    drawing = flow_chart(flow_table(to_frame(ten_rows())))
    widths = _numbers(r'class="recalled" x="170" y="[\d.]+" width="([\d.]+)" height="22"><title>', drawing)
    full = 640 - 170 - 24
    assert sorted(widths) == [0, full / 2, full, full]


def test_scores_carry_their_cancers() -> None:
    drawing = score_chart(score_table(to_frame(ten_rows())))
    counts = _numbers(r'class="cancers"[^>]*>(\d+)<', drawing)
    assert counts == [0, 0, 2, 0, 0, 0, 0, 0, 0, 2]


def test_nothing_is_drawn_of_nothing() -> None:
    empty = to_frame([])
    assert flow_chart(flow_table(empty)) == ""
    assert score_chart(score_table(empty)) == ""
