"""Who flagged a case and what became of it: from suspicion through arbitration to pathology and interval cancer."""

from __future__ import annotations

import polars as pl

_NOBODY = "none"

COLUMNS: dict[str, str] = {
    "origin": "Flagged by",
    "cases": "Cases",
    "arbitrated": "Arbitrated",
    "recalled": "Recalled",
    "technical": "Technical recall",
    "dismissed": "Routine recall",
    "cancers": "Cancers detected",
    "interval_cancers": "Interval cancers",
}
"""Columns of the flow table and their headings; `dismissed` after a flag is the cohort followed for ever."""


def flow_table(frame: pl.DataFrame) -> pl.DataFrame:
    """One row per origin of suspicion (`R1`, `R2+AI`, ...), the frequent first, then the cases nobody flagged.

    Counts concluded cases. `interval_cancers` counts those that followed a routine recall; `cancers` those found at
    assessment. Cases without any flag come last as `none`.
    """
    outcome = pl.col("outcome")
    concluded = frame.lazy().filter(outcome.is_not_null() & (outcome != "no_result"))
    routine = outcome == "routine_recall"
    counted = concluded.group_by("origin").agg(
        pl.len().alias("cases"),
        pl.col("arbitrated").sum(),
        (outcome == "recall_for_assessment").sum().alias("recalled"),
        (outcome == "technical_recall").sum().alias("technical"),
        routine.sum().alias("dismissed"),
        pl.col("cancer").fill_null(value=False).sum().alias("cancers"),
        (routine & pl.col("interval_cancer")).sum().alias("interval_cancers"),
    )
    ordered = counted.sort(pl.col("origin") == _NOBODY, -pl.col("cases").cast(pl.Int64), "origin")
    return ordered.select(pl.col("origin"), pl.col(list(COLUMNS)[1:]).cast(pl.Int64)).collect()


def score_table(frame: pl.DataFrame) -> pl.DataFrame:
    """Exams and known cancers per AI exam score 1 to 10: columns `score`, `exams`, `detected`, `interval`."""
    scored = frame.lazy().filter(pl.col("ai_status").eq_missing("ok"))
    counted = scored.group_by(pl.col("ai_score").alias("score")).agg(
        pl.len().cast(pl.Int64).alias("exams"),
        pl.col("cancer").fill_null(value=False).sum().cast(pl.Int64).alias("detected"),
        pl.col("interval_cancer").sum().cast(pl.Int64).alias("interval"),
    )
    scores = pl.LazyFrame({"score": list(range(1, 11))}, schema={"score": pl.Int64})
    return scores.join(counted, on="score", how="left").fill_null(0).sort("score").collect()
