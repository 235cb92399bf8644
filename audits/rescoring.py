"""What an AI version says of an archive compared with what was said before: the results table, and its report.

The shift table counts exams by old and new score, per stratum; flag changes come with exact intervals. It compares
two versions with one another, not with the truth: which of them is right is for a study with outcomes to say.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from audits.intervals import clopper_pearson
from screening.domain.errors import InvalidInput
from screening.workflow.rescore_values import RescoreRow, Side

SCORES: Final = range(1, 11)
ALL: Final = "all"
NO_STRATUM: Final = "unknown"
CONFIDENCE: Final = 0.95

_SIDE: Final[Mapping[str, pl.DataType]] = {
    "product": pl.String(),
    "status": pl.String(),
    "score": pl.Int64(),
    "flag": pl.Boolean(),
    "raw_score": pl.Float64(),
    "calibration": pl.String(),
    "reasons": pl.List(pl.String()),
}
SCHEMA: Final[Mapping[str, pl.DataType]] = {
    "exam_key": pl.String(),
    "stratum": pl.String(),
    **{f"old_{name}": kind for name, kind in _SIDE.items()},
    **{f"new_{name}": kind for name, kind in _SIDE.items()},
    "new_probability": pl.Float64(),
    "engine": pl.String(),
    "precision": pl.String(),
    "runtime": pl.String(),
    "weights_sha256": pl.String(),
    "prior_used": pl.Boolean(),
    "seconds": pl.Float64(),
}
"""Columns of the results: one row per exam, `old_*` null where there was no read before."""


def to_frame(rows: Iterable[RescoreRow]) -> pl.DataFrame:
    """The rows as a frame."""
    return pl.DataFrame([_flat(row) for row in rows], schema=dict(SCHEMA), orient="row")


def write_part(rows: Iterable[RescoreRow], path: Path) -> None:
    """Write the rows of a chunk as Parquet: the file is there with every byte on disk, or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with part.open("wb") as file:
            to_frame(rows).write_parquet(file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def read_parts(folder: Path) -> pl.DataFrame:
    """Every part of a results folder as one frame. Raises InvalidInput for one that is no results table."""
    parts = sorted(folder.glob("*.parquet"))
    try:
        frames = [pl.read_parquet(part) for part in parts]
        found = pl.concat([to_frame([]), *frames])
    except pl.exceptions.PolarsError as error:
        raise InvalidInput(f"{folder.name} holds something that is no rescoring result") from error
    return found


def _flat(row: RescoreRow) -> tuple[object, ...]:
    tail = (row.probability, row.engine, row.precision, row.runtime, row.weights_sha256, row.prior_used, row.seconds)
    return (row.exam_key, row.stratum or NO_STRATUM, *_side(row.old), *_side(row.new), *tail)


def _side(side: Side) -> tuple[object, ...]:
    values = (side.product, side.status, side.score, side.flag, side.raw_score, side.calibration)
    return (*values, list(side.reasons))


@dataclass(frozen=True)
class Change:
    """`count` of `of` exams with the exact (Clopper-Pearson) 95 % interval of the share; None where `of` is 0."""

    count: int
    of: int
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Shift:
    """One stratum: `counts[old][new]` are exams by score, index 0 standing for no score; then what became of flags.

    `newly_flagged` are exams flagged now of those not flagged before, `no_longer_flagged` the other way round, and
    `differing` both of all exams that both versions read.
    """

    stratum: str
    exams: int
    both_read: int
    counts: tuple[tuple[int, ...], ...]
    newly_flagged: Change
    no_longer_flagged: Change
    differing: Change


@dataclass(frozen=True)
class Runtime:
    """How exams were read by one engine and precision, and seconds of wall time for one."""

    engine: str
    precision: str
    exams: int
    median_s: float
    p95_s: float
    total_s: float


@dataclass(frozen=True)
class RescoringReport:
    """Everything the report shows. `coverage` counts the exams of the run by what became of them."""

    title: str
    notice: str
    run: str
    product: str
    old_products: tuple[str, ...]
    coverage: Mapping[str, int]
    shifts: tuple[Shift, ...]
    statuses: tuple[tuple[str, int, int], ...]
    refusals: tuple[tuple[str, int, int], ...]
    runtime: tuple[Runtime, ...]

    def as_data(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return asdict(self)


def build(frame: pl.DataFrame, run: str, product: str, notice: str, coverage: Mapping[str, int]) -> RescoringReport:
    """The report of a results table; `notice` says what kind of model it is, above every figure."""
    strata = sorted(frame["stratum"].unique().to_list())
    counted = {"in_results": frame.height, "compared": _both(frame).height, "without_old_read": _new(frame)}
    return RescoringReport(
        title=f"Rescoring with {product}",
        notice=notice,
        run=run,
        product=product,
        old_products=tuple(frame["old_product"].drop_nulls().unique().sort().to_list()),
        coverage={**coverage, **counted},
        shifts=tuple(_shift(name, _of(frame, name)) for name in (ALL, *strata)),
        statuses=_beside(frame, lambda side: frame[f"{side}_status"].drop_nulls()),
        refusals=_beside(frame, lambda side: frame[f"{side}_reasons"].explode().drop_nulls()),
        runtime=_runtime(frame),
    )


def _of(frame: pl.DataFrame, stratum: str) -> pl.DataFrame:
    return frame if stratum == ALL else frame.filter(pl.col("stratum") == stratum)


def _both(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("old_flag").is_not_null() & pl.col("new_flag").is_not_null())


def _new(frame: pl.DataFrame) -> int:
    return frame["old_status"].null_count()


def _shift(name: str, frame: pl.DataFrame) -> Shift:
    both = _both(frame)
    old, new = pl.col("old_flag"), pl.col("new_flag")
    flagged = both.filter(old)
    calm = both.filter(~old)
    return Shift(
        stratum=name,
        exams=frame.height,
        both_read=both.height,
        counts=_counts(frame),
        newly_flagged=change(calm.filter(new).height, calm.height),
        no_longer_flagged=change(flagged.filter(~new).height, flagged.height),
        differing=change(both.filter(old != new).height, both.height),
    )


def _counts(frame: pl.DataFrame) -> tuple[tuple[int, ...], ...]:
    scores = frame.select(pl.col("old_score", "new_score").fill_null(0))
    found = {(old, new): count for old, new, count in scores.group_by("old_score", "new_score").len().iter_rows()}
    rows = range(SCORES.stop)
    return tuple(tuple(found.get((old, new), 0) for new in rows) for old in rows)


def change(count: int, of: int) -> Change:
    """The share with its exact interval.

    >>> told = change(0, 300)
    >>> told.share, round(told.high or 1, 4)
    (0.0, 0.0122)
    """
    if of == 0:
        return Change(0, 0, None, None, None)
    low, high = clopper_pearson(count, of, CONFIDENCE)
    return Change(count, of, count / of, float(low), float(high))


def _beside(frame: pl.DataFrame, values: Callable[[str], pl.Series]) -> tuple[tuple[str, int, int], ...]:
    """How often each value occurs on the old and on the new side, the most frequent new one first."""
    counted = {side: dict(values(side).value_counts().iter_rows()) for side in ("old", "new")}
    names = sorted({*counted["old"], *counted["new"]}, key=lambda name: (-counted["new"].get(name, 0), name))
    return tuple((name, counted["old"].get(name, 0), counted["new"].get(name, 0)) for name in names)


def _runtime(frame: pl.DataFrame) -> tuple[Runtime, ...]:
    seconds = pl.col("seconds")
    found = frame.group_by("engine", "precision").agg(
        pl.len().alias("exams"),
        seconds.median().alias("median"),
        seconds.quantile(0.95, "higher").alias("p95"),
        seconds.sum().alias("total"),
    )
    return tuple(Runtime(*row) for row in found.sort("engine", "precision").iter_rows())
