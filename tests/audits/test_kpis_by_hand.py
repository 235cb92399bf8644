"""Every shipped KPI on ten episodes, against counts made by hand."""

from __future__ import annotations

import polars as pl
import pytest

from audits.definitions import Kind, shipped_kpis
from audits.frames import to_frame
from audits.performance import Options, compute
from tests.audits.frames_by_hand import ten_rows

BY_HAND: dict[str, tuple[int, int]] = {
    "recall_rate": (3, 9),
    "technical_recall_rate": (1, 10),
    "false_positive_recall": (1, 9),
    "cancer_detection_rate": (2, 9),
    "cancer_detection_rate_invasive": (1, 9),
    "cancer_detection_rate_dcis": (1, 9),
    "ppv1": (2, 3),
    "interval_cancer_rate": (2, 9),
    "programme_sensitivity": (2, 4),
    "programme_specificity": (4, 5),
    "discordance_rate": (3, 10),
    "arbitration_rate": (4, 10),
    "recall_after_arbitration": (2, 4),
    "overruled_first_only": (1, 2),
    "overruled_second_only": (0, 1),
    "overruled_ai_only": (1, 1),
    "second_reader_only_yield": (1, 2),
    "ai_positive_rate": (2, 8),
    "ai_refusal_rate": (2, 10),
    "ai_agreement_first_reader": (5, 8),
    "ai_agreement_outcome": (5, 8),
    "cancers_ai_only": (1, 4),
    "cancers_human_only": (1, 4),
    "quality_breast_cut_off": (0, 9),
    "quality_nipple_not_in_profile": (0, 9),
    "quality_pectoral_missing": (0, 9),
    "quality_pectoral_short": (0, 9),
    "quality_inframammary_fold_missing": (0, 9),
    "quality_motion_blur": (1, 9),
    "quality_noise": (2, 9),
    "quality_artefact": (0, 9),
}
"""Numerator and denominator of each proportion."""

EVERYTHING = Options(minimum_cell=0)


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    return compute(to_frame(ten_rows()), ("round", "unit"), options=EVERYTHING)


def _whole(table: pl.DataFrame, kpi: str) -> pl.DataFrame:
    return table.filter((pl.col("kpi") == kpi) & (pl.col("split") == "all"))


def test_every_shipped_proportion_is_counted_by_hand_here() -> None:
    proportions = {kpi.id for kpi in shipped_kpis() if kpi.kind is Kind.PROPORTION and kpi.breakdown is None}
    assert proportions == set(BY_HAND)


@pytest.mark.parametrize(("kpi", "counts"), BY_HAND.items())
def test_counts_agree_with_the_hand(table: pl.DataFrame, kpi: str, counts: tuple[int, int]) -> None:
    (row,) = _whole(table, kpi).iter_rows(named=True)
    assert (row["numerator"], row["denominator"]) == counts
    factor = {"percent": 100, "per_1000": 1000}[row["unit"]]
    assert row["value"] == pytest.approx(factor * counts[0] / counts[1])


def test_refusals_are_counted_per_reason(table: pl.DataFrame) -> None:
    rows = _whole(table, "ai_refusal_rate_by_reason").select("breakdown", "numerator", "denominator").rows()
    assert rows == [("timed_out", 1, 10), ("views_missing", 1, 10)]


@pytest.mark.parametrize(
    ("kpi", "value"),
    [
        ("days_to_release_median", 3.0),
        ("days_to_release_p90", 3.0),
        ("human_reads_per_exam", 2.0),
        ("human_reads_saved", 0.0),
    ],
)
def test_measures_agree_with_the_hand(table: pl.DataFrame, kpi: str, value: float) -> None:
    (row,) = _whole(table, kpi).iter_rows(named=True)
    assert row["value"] == pytest.approx(value)
    assert row["numerator"] is None


def test_a_split_counts_its_own_rows(table: pl.DataFrame) -> None:
    of_unit = table.filter((pl.col("kpi") == "recall_rate") & (pl.col("split") == "unit"))
    assert of_unit.select("level", "numerator", "denominator").rows() == [("north", 3, 8), ("south", 0, 1)]
    of_round = table.filter((pl.col("kpi") == "recall_rate") & (pl.col("split") == "round"))
    assert of_round.select("level", "numerator", "denominator").rows() == [("first", 0, 1), ("subsequent", 3, 8)]


def test_small_cells_are_emptied_and_low_numerators_marked() -> None:
    table = compute(to_frame(ten_rows()), ("unit",), options=Options(minimum_cell=5, low_numerator=4))
    south = table.filter((pl.col("kpi") == "recall_rate") & (pl.col("level") == "south")).row(0, named=True)
    assert south["suppressed"]
    assert south["numerator"] is south["denominator"] is south["value"] is south["low"] is None
    north = table.filter((pl.col("kpi") == "recall_rate") & (pl.col("level") == "north")).row(0, named=True)
    assert not north["suppressed"]
    assert north["low_numerator"]
    arbitrated = _whole(table, "arbitration_rate").row(0, named=True)
    assert not arbitrated["low_numerator"]


def test_an_empty_frame_gives_no_figures() -> None:
    assert compute(to_frame([]), ("unit",)).is_empty()


def test_reads_saved_under_triage() -> None:
    frame = to_frame(ten_rows()).with_columns(
        pl.when(pl.col("case") == "case-10").then(1).otherwise(pl.col("human_reads")).alias("human_reads")
    )
    row = _whole(compute(frame, options=EVERYTHING), "human_reads_saved").row(0, named=True)
    assert row["value"] == pytest.approx(5.0)
