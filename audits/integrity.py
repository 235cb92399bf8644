"""Rows that cannot be true: listed with the rule they break, and kept out of every figure.

A rule speaks about facts that contradict one another, not about figures that are merely unusual. A withdrawn case
(outcome `no_result`) may still get pathology or an interval cancer; it is in no denominator.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

_OUTCOME = pl.col("outcome")
_RECALL = _OUTCOME.eq_missing("recall_for_assessment")
_ROUTINE = _OUTCOME.eq_missing("routine_recall")
_RESULT = _OUTCOME.is_not_null() & _OUTCOME.ne_missing("no_result")
_AI_OK = pl.col("ai_status").eq_missing("ok")
_CANCER = pl.col("cancer").fill_null(value=False)


def _any_opinion(opinion: str) -> pl.Expr:
    return pl.any_horizontal(
        pl.col(name).eq_missing(opinion) for name in ("opinion_1", "opinion_2", "arbitration_opinion")
    )


RULES: dict[str, pl.Expr] = {
    "case_twice": pl.col("case").is_duplicated(),
    "released_without_outcome": pl.col("state").eq("released") & (_OUTCOME.is_null() | pl.col("released_on").is_null()),
    "released_before_screened": (pl.col("released_on") < pl.col("screened_on")).fill_null(value=False),
    "same_reader_twice": (pl.col("reader_1") == pl.col("reader_2")).fill_null(value=False),
    "second_read_without_first": pl.col("opinion_1").is_null() & pl.col("opinion_2").is_not_null(),
    "no_human_read": _RESULT & (pl.col("human_reads") < 1),
    "one_human_without_ai": _RESULT & (pl.col("human_reads") < 2) & ~_AI_OK,
    "recall_dropped": _ROUTINE & ~pl.col("arbitrated") & _any_opinion("recall"),
    "recall_from_nowhere": _RECALL & (pl.col("human_reads") <= 2) & ~_any_opinion("recall"),
    "arbitration_without_opinion": pl.col("arbitrated") != pl.col("arbitration_opinion").is_not_null(),
    "ai_score_without_ok": (pl.col("ai_score").is_not_null() | pl.col("ai_flagged")) & ~_AI_OK,
    "ai_score_out_of_range": ~pl.col("ai_score").is_between(1, 10).fill_null(value=True),
    "assessed_without_recall": pl.col("assessed") & _RESULT & ~_RECALL,
    "cancer_without_assessment": _CANCER & ~pl.col("assessed"),
    "pathology_without_cancer": pl.any_horizontal(
        pl.col(name).is_not_null() for name in ("invasive", "size_mm", "node_positive")
    )
    & ~_CANCER,
    "interval_after_detected_cancer": pl.col("interval_cancer") & _CANCER,
    "interval_without_outcome": pl.col("interval_cancer") & _OUTCOME.is_null(),
}
"""What may never be: true where a row breaks the rule of this name."""


@dataclass(frozen=True)
class Checked:
    """The rows that can be counted, and the broken rules with the cases that break them (`rule`, `case`)."""

    clean: pl.DataFrame
    problems: pl.DataFrame


def check(frame: pl.DataFrame) -> Checked:
    """Divide an episodes frame into rows that can be true and a list of those that cannot."""
    marked = frame.select("case", *(rule.alias(name) for name, rule in RULES.items()))
    problems = (
        marked.unpivot(index="case", variable_name="rule", value_name="broken")
        .filter("broken")
        .select("rule", "case")
        .unique()
        .sort("rule", "case")
    )
    broken = marked.select(pl.any_horizontal(list(RULES)).alias("broken"))["broken"]
    return Checked(frame.filter(~broken), problems)
