"""One cell of the KPI table in words and digits, the same in every form of the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from audits.definitions import Unit

SUPPRESSED = "n < min"
"""What stands where a cell rests on too few rows."""

NOTHING = "–"
"""What stands where nothing is known."""


@dataclass(frozen=True)
class Figure:
    """A cell as text: counts, value with unit, interval, and a mark for a low numerator."""

    counts: str
    value: str
    interval: str
    mark: str


def figure(row: dict[str, Any]) -> Figure:
    """The words of one row of the KPI table.

    >>> figure({"suppressed": False, "unit": "percent", "numerator": 5, "denominator": 100, "value": 5.0,
    ...         "low": 2.154, "high": 11.175, "low_numerator": True}).value
    '5.00 %'
    """
    if row["suppressed"]:
        return Figure(SUPPRESSED, SUPPRESSED, NOTHING, "")
    if row["value"] is None:
        return Figure(f"0 / {row['denominator']:,}", NOTHING, NOTHING, "")
    unit = Unit(row["unit"])
    digits = 1 if unit in (Unit.PER_1000, Unit.DAYS) else 2
    value = f"{row['value']:.{digits}f}"
    interval = NOTHING if row["low"] is None else f"{row['low']:.{digits}f}-{row['high']:.{digits}f}"
    total = f"{row['denominator']:,}"
    counts = f"n = {total}" if row["numerator"] is None else f"{row['numerator']:,} / {total}"
    space = "" if unit is Unit.PER_1000 else " "
    return Figure(counts, f"{value}{space}{unit.label}".strip(), interval, "*" if row["low_numerator"] else "")
