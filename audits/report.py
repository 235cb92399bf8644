"""The recall audit of a set of episodes: everything its text, HTML and CSV forms show, computed once.

A report reads the frame and nothing else; it takes its date from its caller and never a name from anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from audits.definitions import Kpi, shipped_kpis
from audits.flow import flow_table, score_table
from audits.frames import checked_schema
from audits.integrity import check
from audits.performance import Options, compute
from audits.splits import ALL

REPORT_SPLITS = ("round", "unit", "device", "ai", "age", "density", "policy")
"""Splits of every report."""


@dataclass(frozen=True)
class Scope:
    """What the report is about: cases counted and left out, first and last screening day, policies, AI products."""

    cases: int
    left_out: int
    first_day: date | None
    last_day: date | None
    policies: tuple[str, ...]
    ai_products: tuple[str, ...]

    @property
    def period(self) -> str:
        """First to last screening day."""
        return f"{self.first_day} to {self.last_day}" if self.first_day is not None else "no screening dates"


@dataclass(frozen=True)
class AuditReport:
    """A complete audit; `notice` is shown before any figure, e.g. that the data are synthetic."""

    title: str
    notice: str
    made_on: date
    scope: Scope
    kpis: tuple[Kpi, ...]
    splits: tuple[str, ...]
    table: pl.DataFrame
    flow: pl.DataFrame
    scores: pl.DataFrame
    problems: pl.DataFrame
    options: Options

    def rows(self, kpi: str, split: str = ALL) -> pl.DataFrame:
        """Rows of the KPI table for one KPI and one split."""
        return self.table.filter((pl.col("kpi") == kpi) & (pl.col("split") == split))

    def value(self, kpi: str) -> float | None:
        """Value over all rows, None when unknown or suppressed."""
        values = self.rows(kpi)["value"].to_list()
        return None if len(values) != 1 or values[0] is None else float(values[0])


def build(
    frame: pl.DataFrame,
    made_on: date,
    notice: str = "",
    title: str = "Recall audit",
    splits: Sequence[str] = REPORT_SPLITS,
    options: Options | None = None,
) -> AuditReport:
    """The audit of an episodes frame; rows that cannot be true are listed and not counted.

    Raises InvalidInput when the frame is no episodes frame or a split is unknown.
    """
    checked = check(checked_schema(frame))
    clean, chosen = checked.clean, options or Options()
    return AuditReport(
        title=title,
        notice=notice,
        made_on=made_on,
        scope=_scope(frame, clean),
        kpis=shipped_kpis(),
        splits=tuple(splits),
        table=compute(clean, splits, options=chosen),
        flow=flow_table(clean),
        scores=score_table(clean),
        problems=checked.problems,
        options=chosen,
    )


def to_csv(report: AuditReport) -> str:
    """The KPI table as CSV with the notice as first column of every row, so that it cannot be lost."""
    noticed = report.table.select(pl.lit(report.notice).alias("notice"), pl.all())
    return noticed.write_csv(float_precision=4)


def _scope(frame: pl.DataFrame, clean: pl.DataFrame) -> Scope:
    days = clean["screened_on"].drop_nulls().sort()
    return Scope(
        cases=clean.height,
        left_out=frame.height - clean.height,
        first_day=days[0] if len(days) else None,
        last_day=days[-1] if len(days) else None,
        policies=_distinct(clean, "policy"),
        ai_products=_distinct(clean, "ai_product"),
    )


def _distinct(frame: pl.DataFrame, column: str) -> tuple[str, ...]:
    return tuple(frame[column].drop_nulls().unique().sort().to_list())
