"""Named yes-or-no questions about one episode row, as polars expressions; KPI definitions are built from these names.

Every predicate is true or false for every row, never null: what is unknown does not count as true. The definitions
are row by row, so that a numerator can never hold a case its denominator lacks.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from screening.domain.errors import InvalidInput
from screening.domain.quality import QUALITY_TEXTS


@dataclass(frozen=True)
class Predicate:
    """A question about one row and its meaning in words."""

    expression: pl.Expr
    meaning: str


def _is(column: str, value: str) -> pl.Expr:
    return pl.col(column).eq_missing(value)


def _any_read(opinion: str) -> pl.Expr:
    return _is("opinion_1", opinion) | _is("opinion_2", opinion)


_TWO_READS = pl.col("opinion_1").is_not_null() & pl.col("opinion_2").is_not_null()
_CANCER = pl.col("cancer").fill_null(value=False)
_KNOWN_CANCER = _CANCER | pl.col("interval_cancer")
_RECALLED = _is("outcome", "recall_for_assessment")
_CONCLUDED = pl.col("outcome").is_not_null() & ~_is("outcome", "no_result")
_ORIGIN = pl.col("origin")

PREDICATES: dict[str, Predicate] = {
    name: Predicate(expression, meaning)
    for name, expression, meaning in (
        ("case", pl.lit(value=True), "every case"),
        ("concluded", _CONCLUDED, "the case has an outcome other than no result"),
        (
            "screened",
            _CONCLUDED & ~_is("outcome", "technical_recall"),
            "the case has an outcome on adequate images: technical recalls do not count",
        ),
        ("recalled", _RECALLED, "outcome recall for assessment"),
        ("technical_recall", _is("outcome", "technical_recall"), "outcome technical recall"),
        ("assessed", pl.col("assessed"), "the hospital has reported on the recall"),
        ("cancer", _CANCER, "cancer found at assessment (screen-detected)"),
        ("invasive", _CANCER & pl.col("invasive").fill_null(value=False), "screen-detected and invasive"),
        ("in_situ", _CANCER & pl.col("invasive").eq_missing(other=False), "screen-detected ductal carcinoma in situ"),
        ("interval_cancer", pl.col("interval_cancer"), "interval cancer reported"),
        ("known_cancer", _KNOWN_CANCER, "screen-detected or interval cancer"),
        ("double_read", _TWO_READS, "two human reads"),
        ("blind", pl.col("blind_1").eq_missing(other=True) & pl.col("blind_2").eq_missing(other=True), "both blind"),
        (
            "discordant",
            _TWO_READS & ((pl.col("opinion_1") != pl.col("opinion_2")) | _is("arbitration_reason", "discordant")),
            "the two opinions differ: in kind, or in breast or views where the policy arbitrates on that",
        ),
        ("arbitrated", pl.col("arbitrated"), "a third decision was made"),
        ("arbitration_recall", _is("arbitration_opinion", "recall"), "the third decision is recall"),
        ("recall_by_first", _is("opinion_1", "recall"), "the first reader recalls"),
        ("recall_by_human", _any_read("recall"), "the first or second reader recalls"),
        ("origin_first_only", _is("origin", "R1"), "only the first reader flagged, AI did not"),
        ("origin_second_only", _is("origin", "R2"), "only the second reader flagged, AI did not"),
        ("origin_ai_only", _is("origin", "AI"), "only AI flagged"),
        (
            "second_human_only",
            _ORIGIN.str.contains("R2") & ~_ORIGIN.str.contains("R1"),
            "of the humans, the second alone flagged",
        ),
        ("ai_asked", pl.col("ai_status").is_not_null(), "AI read the case or refused it"),
        ("ai_ok", _is("ai_status", "ok"), "there is a usable AI read"),
        ("ai_flagged", pl.col("ai_flagged"), "AI flagged the case"),
        (
            "ai_agrees_with_first",
            pl.col("ai_flagged") == _is("opinion_1", "recall"),
            "AI flag and first reader's recall are both yes or both no",
        ),
        (
            "ai_agrees_with_outcome",
            pl.col("ai_flagged") == _RECALLED,
            "AI flag and recall for assessment are both yes or both no",
        ),
        ("quality_measured", pl.col("quality_notes").is_not_null(), "AI measured the quality of an image"),
        *(
            (
                f"noted_{code.value}",
                pl.col("quality_notes").fill_null("").str.contains(f" {code.value} ", literal=True),
                f"AI noted on an image: {text}",
            )
            for code, text in QUALITY_TEXTS.items()
        ),
        ("released", pl.col("released_on").is_not_null() & pl.col("screened_on").is_not_null(), "both dates are known"),
    )
}
"""Every predicate a definition may name."""

MEASURES: dict[str, Predicate] = {
    "human_reads": Predicate(
        pl.col("human_reads").cast(pl.Float64), "independent human reads, arbitration not counted"
    ),
    "reads_saved": Predicate(1 - pl.col("human_reads").cast(pl.Float64) / 2, "share of the two usual reads not needed"),
    "days_to_release": Predicate(
        (pl.col("released_on") - pl.col("screened_on")).dt.total_days().cast(pl.Float64),
        "calendar days from screening to release",
    ),
}
"""Every number per row that a definition may average or rank."""


def expression(name: str) -> pl.Expr:
    """The predicate of this name, or its opposite when the name starts with `!`.

    Raises InvalidInput for an unknown name.
    """
    bare = name.removeprefix("!")
    if bare not in PREDICATES:
        raise InvalidInput(f"unknown predicate {bare!r}")
    found = PREDICATES[bare].expression
    return ~found if name.startswith("!") else found


def conjunction(names: tuple[str, ...]) -> pl.Expr:
    """True where every named predicate is; true everywhere for no name."""
    return pl.all_horizontal([pl.lit(value=True), *(expression(name) for name in names)])


def measure(name: str) -> pl.Expr:
    """The number of this name. Raises InvalidInput for an unknown name."""
    if name not in MEASURES:
        raise InvalidInput(f"unknown measure {name!r}")
    return MEASURES[name].expression
