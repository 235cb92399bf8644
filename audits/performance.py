"""KPI values with intervals over the whole programme and its parts, as one tidy table.

Counts come from one pass that turns definitions into yes-or-no columns; parts are sums of those. Nothing here knows
what a KPI means: that is `definitions.toml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import nan, sqrt
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy import stats

from audits.definitions import Kind, Kpi, Unit, shipped_kpis
from audits.intervals import wilson
from audits.predicates import conjunction, measure
from audits.splits import ALL, split

TABLE: dict[str, type[pl.DataType]] = {
    "kpi": pl.String,
    "split": pl.String,
    "level": pl.String,
    "breakdown": pl.String,
    "numerator": pl.Int64,
    "denominator": pl.Int64,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "unit": pl.String,
    "low_numerator": pl.Boolean,
    "suppressed": pl.Boolean,
}
"""Columns of the result: `value`, `low` and `high` in `unit`; null where unknown or suppressed.

`level` is the label within the split, `breakdown` the value a KPI is broken down by (else null). A mean or quantile
has no numerator.
"""


@dataclass(frozen=True)
class Options:
    """How the table is made.

    Cells with fewer than `minimum_cell` rows in the denominator are suppressed (0 suppresses nothing); numerators
    below `low_numerator` are marked, because their interval is wide and their meaning thin.
    """

    minimum_cell: int = 10
    low_numerator: int = 10
    confidence: float = 0.95


class _Cell(NamedTuple):
    kpi: str
    split: str
    level: str
    breakdown: str | None
    numerator: int | None
    denominator: int
    value: float
    spread: float


def compute(
    frame: pl.DataFrame | pl.LazyFrame,
    splits: Sequence[str] = (),
    kpis: Sequence[Kpi] | None = None,
    options: Options | None = None,
) -> pl.DataFrame:
    """The KPI table of an episodes frame: every KPI over all rows and over each part of each split.

    Rows are in the order of definitions, splits and labels. Raises InvalidInput for an unknown split.
    """
    chosen = shipped_kpis() if kpis is None else tuple(kpis)
    names = (ALL, *(name for name in splits if name != ALL))
    marked = _marked(frame.lazy(), names, chosen).collect().lazy()
    queries = [_counts(marked, name, chosen) for name in names]
    broken = [(kpi, name, _breakdown(marked, name, kpi)) for kpi in chosen if kpi.breakdown for name in names]
    wide = pl.collect_all([*queries, *(query for _, _, query in broken)])
    cells = [cell for name, counts in zip(names, wide, strict=False) for cell in _cells(counts, name, chosen)]
    for (kpi, name, _), parts in zip(broken, wide[len(names) :], strict=True):
        cells.extend(_broken_cells(parts, name, kpi))
    return _tidy(cells, names, chosen, options or Options())


def _marked(frame: pl.LazyFrame, names: Iterable[str], kpis: Sequence[Kpi]) -> pl.LazyFrame:
    """One column per split label and per KPI denominator (`d`), numerator (`n`) and measure (`m`)."""
    columns = [split(name).alias(f"split:{name}") for name in names]
    for kpi in kpis:
        counted = conjunction((*kpi.denominator, *_opposites(kpi.exclude)))
        columns.append(counted.alias(f"d:{kpi.id}"))
        if kpi.kind is Kind.PROPORTION:
            columns.append((counted & conjunction(kpi.numerator)).alias(f"n:{kpi.id}"))
        else:
            columns.append(pl.when(counted).then(measure(kpi.measure or "")).alias(f"m:{kpi.id}"))
        if kpi.breakdown is not None:
            columns.append(pl.col(kpi.breakdown).cast(pl.String).alias(f"b:{kpi.id}"))
    return frame.select(columns)


def _opposites(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name[1:] if name.startswith("!") else f"!{name}" for name in names)


def _counts(marked: pl.LazyFrame, name: str, kpis: Sequence[Kpi]) -> pl.LazyFrame:
    """Counts, means and quantiles of every KPI per label of one split."""
    columns: list[pl.Expr] = []
    for kpi in kpis:
        columns.append(pl.col(f"d:{kpi.id}").sum())
        measured = pl.col(f"m:{kpi.id}")
        match kpi.kind:
            case Kind.PROPORTION:
                columns.append(pl.col(f"n:{kpi.id}").sum())
            case Kind.MEAN:
                columns += [measured.mean(), measured.std().alias(f"s:{kpi.id}")]
            case Kind.QUANTILE:
                columns.append(measured.quantile(kpi.quantile or 0.0, interpolation="lower"))
    return marked.group_by(pl.col(f"split:{name}").alias("level")).agg(columns).sort("level")


def _breakdown(marked: pl.LazyFrame, name: str, kpi: Kpi) -> pl.LazyFrame:
    """Numerator of one KPI per label and per value of its breakdown column, beside the whole denominator."""
    level = pl.col(f"split:{name}").alias("level")
    whole = marked.group_by(level).agg(pl.col(f"d:{kpi.id}").sum().alias("denominator"))
    parts = marked.filter(pl.col(f"n:{kpi.id}")).group_by(level, pl.col(f"b:{kpi.id}").alias("breakdown"))
    counted = parts.agg(pl.len().alias("numerator"))
    return counted.join(whole, on="level").sort("level", "breakdown", nulls_last=True)


def _cells(counts: pl.DataFrame, name: str, kpis: Sequence[Kpi]) -> Iterable[_Cell]:
    for row in counts.iter_rows(named=True):
        for kpi in kpis:
            if kpi.breakdown is not None:
                continue
            total = int(row[f"d:{kpi.id}"])
            if kpi.kind is Kind.PROPORTION:
                yield _Cell(kpi.id, name, row["level"], None, int(row[f"n:{kpi.id}"]), total, nan, nan)
            else:
                value, spread = row[f"m:{kpi.id}"], row.get(f"s:{kpi.id}")
                value, spread = (nan if number is None else float(number) for number in (value, spread))
                yield _Cell(kpi.id, name, row["level"], None, None, total, value, spread / sqrt(total or 1))


def _broken_cells(parts: pl.DataFrame, name: str, kpi: Kpi) -> Iterable[_Cell]:
    for level, value, numerator, denominator in parts.select(
        "level", "breakdown", "numerator", "denominator"
    ).iter_rows():
        yield _Cell(kpi.id, name, level, value or "unknown", int(numerator), int(denominator), nan, nan)


def _tidy(cells: Sequence[_Cell], names: Sequence[str], kpis: Sequence[Kpi], options: Options) -> pl.DataFrame:
    """The cells with values, intervals and marks, in report order."""
    units = {kpi.id: kpi.unit for kpi in kpis}
    order = {kpi.id: place for place, kpi in enumerate(kpis)}
    places = {name: place for place, name in enumerate(names)}
    ordered = sorted(cells, key=lambda cell: (order[cell.kpi], places[cell.split], cell.level, cell.breakdown or ""))
    value, low, high = _with_intervals(ordered, units, options.confidence)
    table = pl.DataFrame(
        {
            "kpi": [cell.kpi for cell in ordered],
            "split": [cell.split for cell in ordered],
            "level": [cell.level for cell in ordered],
            "breakdown": [cell.breakdown for cell in ordered],
            "numerator": [cell.numerator for cell in ordered],
            "denominator": [cell.denominator for cell in ordered],
            "value": value,
            "low": low,
            "high": high,
            "unit": [units[cell.kpi].value for cell in ordered],
        },
        schema_overrides={name: TABLE[name] for name in ("breakdown", "numerator", "denominator")},
    ).with_columns(pl.col("value", "low", "high").fill_nan(None))
    return _suppress(table, options)


def _with_intervals(
    cells: Sequence[_Cell], units: dict[str, Unit], confidence: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value, low and high of each cell in its unit: Wilson for proportions, normal for means, none for quantiles."""
    counted = np.array([cell.numerator is not None for cell in cells], dtype=bool)
    numerators = np.array([cell.numerator or 0 for cell in cells], dtype=np.float64)
    denominators = np.array([cell.denominator for cell in cells], dtype=np.float64)
    trials = np.where(counted, denominators, 0)
    low, high = wilson(numerators, trials, confidence)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = numerators / np.where(trials > 0, trials, np.nan)
    values = np.array([cell.value for cell in cells], dtype=np.float64)
    half = float(stats.norm.ppf(0.5 + confidence / 2)) * np.array([cell.spread for cell in cells], dtype=np.float64)
    factor = np.array([units[cell.kpi].factor for cell in cells], dtype=np.float64)
    return (
        np.where(counted, share, values) * factor,
        np.where(counted, low, values - half) * factor,
        np.where(counted, high, values + half) * factor,
    )


def _suppress(table: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Mark low numerators and empty the cells that rest on too few rows."""
    small = pl.col("denominator").is_between(1, options.minimum_cell - 1)
    shown = ("numerator", "denominator", "value", "low", "high")
    return (
        table.with_columns(
            (pl.col("numerator") < options.low_numerator).fill_null(value=False).alias("low_numerator"),
            small.alias("suppressed"),
        )
        .with_columns(pl.when(~pl.col("suppressed")).then(pl.col(name)).alias(name) for name in shown)
        .with_columns((pl.col("low_numerator") & ~pl.col("suppressed")).alias("low_numerator"))
        .select(list(TABLE))
    )
