"""Properties of the KPI table over arbitrary episodes, and figures published for whole programmes."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.frames import to_frame
from audits.performance import TABLE, Options, compute
from audits.splits import SPLITS
from screening.domain.episode import EpisodeRow
from screening.domain.errors import InvalidInput
from tests.audits.frames_by_hand import ORDINARY, ten_rows

EVERYTHING = Options(minimum_cell=0)
OPINIONS = st.sampled_from(["normal", "recall", "technical_recall", None])


@st.composite
def any_row(draw: st.DrawFn) -> EpisodeRow:
    """A row in which anything may contradict anything: the table must stay sane all the same."""
    return replace(
        ORDINARY,
        unit=draw(st.sampled_from(["north", "south", "west"])),
        round_number=draw(st.integers(1, 4)),
        age_years=draw(st.one_of(st.none(), st.integers(40, 80))),
        density=draw(st.sampled_from(["a", "d", None])),
        implant=draw(st.booleans()),
        opinion_1=draw(OPINIONS),
        opinion_2=draw(OPINIONS),
        ai_status=draw(st.sampled_from(["ok", "failed", None])),
        ai_reason=draw(st.sampled_from(["model_failed", None])),
        ai_flagged=draw(st.booleans()),
        arbitrated=draw(st.booleans()),
        arbitration_opinion=draw(OPINIONS),
        origin=draw(st.sampled_from(["none", "R1", "R2", "AI", "R2+AI", "R1+R2"])),
        outcome=draw(
            st.sampled_from(["routine_recall", "technical_recall", "recall_for_assessment", "no_result", None])
        ),
        assessed=draw(st.booleans()),
        cancer=draw(st.sampled_from([True, False, None])),
        invasive=draw(st.sampled_from([True, False, None])),
        interval_cancer=draw(st.booleans()),
        human_reads=draw(st.integers(0, 3)),
        released_on=draw(st.sampled_from([None, ORDINARY.released_on])),
    )


FRAMES = st.lists(any_row(), min_size=1, max_size=25).map(to_frame)


@settings(max_examples=40, deadline=None)
@given(FRAMES)
def test_shares_are_shares_and_lie_in_their_intervals(frame: pl.DataFrame) -> None:
    table = compute(frame, tuple(SPLITS), options=EVERYTHING)
    assert dict(table.schema) == TABLE
    counted = table.filter(pl.col("numerator").is_not_null())
    assert (counted["numerator"] <= counted["denominator"]).all()
    told = table.drop_nulls(["value", "low", "high"])
    assert (told["low"] <= told["value"] + 1e-9).all()
    assert (told["value"] <= told["high"] + 1e-9).all()


@settings(max_examples=40, deadline=None)
@given(FRAMES)
def test_the_parts_of_a_split_add_up_to_the_whole(frame: pl.DataFrame) -> None:
    table = compute(frame, tuple(SPLITS), options=EVERYTHING)
    sums = table.group_by("kpi", "split", "breakdown").agg(pl.col("numerator").sum())
    whole = {row[:1] + row[2:3]: row[3] for row in sums.filter(pl.col("split") == "all").iter_rows()}
    for kpi, _split, breakdown, numerator in sums.iter_rows():
        assert whole[kpi, breakdown] == numerator
    plain = table.filter(pl.col("breakdown").is_null())
    totals = plain.group_by("kpi", "split").agg(pl.col("denominator").sum())
    assert (totals.group_by("kpi").agg(pl.col("denominator").n_unique())["denominator"] == 1).all()


@settings(max_examples=25, deadline=None)
@given(FRAMES, st.integers(2, 12))
def test_no_cell_smaller_than_the_minimum_is_shown(frame: pl.DataFrame, minimum: int) -> None:
    table = compute(frame, ("unit", "age"), options=Options(minimum_cell=minimum))
    shown = table.filter(~pl.col("suppressed") & (pl.col("denominator") > 0))
    assert (shown["denominator"] >= minimum).all()
    hidden = table.filter("suppressed")
    emptied = hidden.select("numerator", "denominator", "value", "low", "high")
    assert sum(emptied.null_count().row(0)) == 5 * hidden.height


@settings(max_examples=20, deadline=None)
@given(FRAMES, st.integers(0, 1000))
def test_the_order_of_rows_does_not_matter(frame: pl.DataFrame, seed: int) -> None:
    again = frame.sample(fraction=1.0, shuffle=True, seed=seed)
    one, other = (compute(each, ("unit",), options=EVERYTHING) for each in (frame, again))
    assert one.drop("low", "high", "value").equals(other.drop("low", "high", "value"))


def test_the_dutch_figures_of_2018_give_a_sensitivity_of_75_percent() -> None:
    """Recall 22.3, detection 6.6 and interval cancers 2.2 per 1000 (reference/reading-and-kpis 4.2)."""
    table = _programme(screened=10_000, recalled=223, cancers=66, interval=22)
    assert _value(table, "recall_rate") == pytest.approx(2.23)
    assert _value(table, "cancer_detection_rate") == pytest.approx(6.6)
    assert _value(table, "interval_cancer_rate") == pytest.approx(2.2)
    assert _value(table, "programme_sensitivity") == pytest.approx(75.0)
    assert _value(table, "false_positive_recall") == pytest.approx(15.7)


def _programme(screened: int, recalled: int, cancers: int, interval: int) -> pl.DataFrame:
    """The table of a programme with these counts."""
    healthy = replace(ORDINARY, outcome="recall_for_assessment", assessed=True, cancer=False)
    rows = [
        *[replace(healthy, cancer=True)] * cancers,
        *[healthy] * (recalled - cancers),
        *[replace(ORDINARY, interval_cancer=True)] * interval,
        *[ORDINARY] * (screened - recalled - interval),
    ]
    return compute(to_frame(rows))


def _value(table: pl.DataFrame, kpi: str) -> float:
    return float(table.filter((pl.col("kpi") == kpi) & (pl.col("split") == "all"))["value"].item())


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(InvalidInput, match="unknown split"):
        compute(to_frame(ten_rows()), ("moon",))


def test_unknown_attributes_make_a_part_of_their_own() -> None:
    frame = to_frame([replace(ORDINARY, density=None, age_years=None)])
    table = compute(frame, ("density", "age"), options=EVERYTHING)
    assert set(table.filter(pl.col("split") != "all")["level"]) == {"unknown"}
