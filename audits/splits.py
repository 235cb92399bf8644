"""How episodes are divided: every split gives each row one label, `unknown` where the column is empty.

A split never drops a row, so that the parts always add up to the whole.
"""

from __future__ import annotations

import polars as pl

from screening.domain.errors import InvalidInput

ALL = "all"
"""Name of the split that has one part, and the label of that part."""

UNKNOWN = "unknown"


def _text(expression: pl.Expr) -> pl.Expr:
    return expression.cast(pl.String).fill_null(UNKNOWN)


def _yes_no(column: str) -> pl.Expr:
    return pl.when(pl.col(column)).then(pl.lit("yes")).otherwise(pl.lit("no"))


def _age_band(age: pl.Expr) -> pl.Expr:
    """Five-year bands within the usual invitation from 50 to 75, open at both ends."""
    start = age // 5 * 5
    band = pl.concat_str([start, start + 4], separator="-")
    return pl.when(age < 50).then(pl.lit("<50")).when(age >= 75).then(pl.lit("75+")).otherwise(band)


SPLITS: dict[str, pl.Expr] = {
    ALL: pl.lit(ALL),
    "round": pl.when(pl.col("round_number") == 1).then(pl.lit("first")).otherwise(pl.lit("subsequent")),
    "unit": _text(pl.col("unit")),
    "device": pl.concat_str(
        [_text(pl.col(name)) for name in ("manufacturer", "device_model", "device_software")], separator=" / "
    ),
    "ai": pl.concat_str([_text(pl.col(name)) for name in ("ai_product", "ai_calibration")], separator=" / "),
    "age": _text(_age_band(pl.col("age_years"))),
    "density": _text(pl.col("density")),
    "implant": _yes_no("implant"),
    "policy": _text(pl.col("policy")),
}
"""Every split by name: first or subsequent round, unit, device with software, AI with calibration, and so on."""


def split(name: str) -> pl.Expr:
    """The label of each row under this split. Raises InvalidInput for an unknown name."""
    if name not in SPLITS:
        raise InvalidInput(f"unknown split {name!r}")
    return SPLITS[name]
