"""The pictures of the audit page, drawn from tables that the page also shows; no figure is computed only here."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np
import polars as pl

from audits import svg
from audits.intervals import funnel_limits

WIDTH = 640.0
_LEFT, _RIGHT, _TOP = 170.0, 24.0, 12.0
_ROW = 30.0
_LABELLED = 12
"""Most units that the funnel names; beyond that the tooltips do."""
_SMALLEST_FUNNEL = 100
"""Exams of the largest unit from which a funnel says anything."""


@dataclass(frozen=True)
class _Axis:
    """A linear scale from values to coordinates with round ticks."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Coordinate of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, wanted: int = 5) -> list[float]:
        """Round values within the scale."""
        step = _round_step((self.high - self.low) / wanted)
        first = ceil(self.low / step - 1e-9)
        return [step * place for place in range(first, floor(self.high / step + 1e-9) + 1)]


def _round_step(rough: float) -> float:
    power = 10.0 ** floor(log10(rough))
    return float(next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough - 1e-12))


def interval_chart(rates: pl.DataFrame, whole: float | None) -> str:
    """Recall rate of each unit with its interval, and the rate of the whole as a line.

    `rates` are rows of the KPI table for one KPI and one split; `whole` is the value over all rows.
    """
    rows = rates.filter(pl.col("value").is_not_null()).rows(named=True)
    if not rows:
        return ""
    height = _TOP + _ROW * len(rows) + 44
    bottom = height - 36
    axis = _Axis(0.0, max(row["high"] for row in rows) * 1.05 or 1.0, _LEFT, WIDTH - _RIGHT)
    parts = _vertical_grid(axis, bottom, "recall rate, %")
    if whole is not None:
        parts.append(svg.line(axis.at(whole), _TOP, axis.at(whole), bottom, "centre"))
    for place, row in enumerate(rows):
        y = _TOP + _ROW * (place + 0.5)
        told = f"{row['level']}: {row['value']:.2f} % ({row['low']:.2f}-{row['high']:.2f}), n = {row['denominator']}"
        parts += [
            svg.text(_LEFT - 12, y + 4, str(row["level"]), "label", "end"),
            svg.line(axis.at(row["low"]), y, axis.at(row["high"]), y, "whisker"),
            svg.dot(axis.at(row["value"]), y, "mark", told),
        ]
    told = "; ".join(f"{row['level']} {row['value']:.2f} %" for row in rows)
    return svg.drawing("by-unit", WIDTH, height, "Recall rate by unit with 95 % Wilson intervals", told, parts)


def funnel_chart(rates: pl.DataFrame, whole: float | None) -> str:
    """Recall rate of each unit against its number of exams, within 95 and 99.8 % limits around the whole.

    Nothing for a round so small that the limits would hold any rate.
    """
    rows = rates.filter(pl.col("value").is_not_null()).rows(named=True)
    largest = max((row["denominator"] for row in rows), default=0)
    if largest < _SMALLEST_FUNNEL or whole is None or not 0 < whole < 100:
        return ""
    sizes = np.rint(np.linspace(max(largest / 60, 20), largest * 1.08, 80))
    limits = {
        kind: funnel_limits(whole / 100, sizes, cover) for kind, cover in (("limit95", 0.95), ("limit998", 0.998))
    }
    top = min(max(whole * 2.4, *(row["value"] * 1.15 for row in rows)), 100.0)
    height, bottom = 300.0, 256.0
    across = _Axis(0.0, float(sizes[-1]), 56, WIDTH - _RIGHT)
    up = _Axis(0.0, top, bottom, _TOP)
    parts = _frame_grid(across, up, "exams", "%")
    parts.append(svg.line(across.start, up.at(whole), across.end, up.at(whole), "centre"))
    for kind, (low, high) in limits.items():
        for bound in (low, high):
            inside = [(across.at(n), up.at(100 * b)) for n, b in zip(sizes, bound, strict=True) if 0 <= 100 * b <= top]
            parts.append(svg.path(inside, kind))
    for row in rows:
        told = f"{row['level']}: {row['value']:.2f} %, n = {row['denominator']}"
        x, y = across.at(row["denominator"]), up.at(row["value"])
        parts.append(svg.dot(x, y, "mark", told))
        if len(rows) <= _LABELLED:
            parts.append(svg.text(x, y - 9, str(row["level"]), "small", "middle"))
    told = f"Programme rate {whole:.2f} %. Dashed: 95 % limits. Solid: 99.8 % limits, exact binomial."
    return svg.drawing("funnel", WIDTH, height, "Funnel plot of recall rate by unit", told, parts)


def flow_chart(flow: pl.DataFrame) -> str:
    """For every origin of suspicion, the shares recalled, technically recalled and dismissed."""
    rows = flow.filter(pl.col("origin") != "none").rows(named=True)
    if not rows:
        return ""
    height = _TOP + _ROW * len(rows) + 30
    axis = _Axis(0.0, 1.0, _LEFT, WIDTH - _RIGHT)
    parts: list[str] = []
    for place, row in enumerate(rows):
        y, x = _TOP + _ROW * place + 4, axis.start
        parts.append(svg.text(_LEFT - 12, y + 15, f"{row['origin']}  (n = {row['cases']})", "label", "end"))
        for kind in ("recalled", "technical", "dismissed"):
            width = row[kind] / row["cases"] * (axis.end - axis.start)
            parts.append(svg.box(x, y, width, _ROW - 8, kind, f"{row['origin']}: {kind} {row[kind]}"))
            x += width
    parts += _legend(("recalled", "technical", "dismissed"), height - 8)
    told = "; ".join(f"{row['origin']}: {row['recalled']} of {row['cases']} recalled" for row in rows)
    return svg.drawing("flow", WIDTH, height, "What became of each flag", told, parts)


def score_chart(scores: pl.DataFrame) -> str:
    """Exams per AI exam score as bars, with the known cancers of each score written above."""
    rows = scores.rows(named=True)
    most = max(row["exams"] for row in rows)
    if most == 0:
        return ""
    height, bottom = 280.0, 236.0
    across, up = _Axis(0.5, 10.5, 56, WIDTH - _RIGHT), _Axis(0.0, most * 1.18, bottom, _TOP)
    parts = [
        part
        for tick in up.ticks()
        for part in (
            svg.line(across.start, up.at(tick), across.end, up.at(tick), "grid"),
            svg.text(across.start - 8, up.at(tick) + 4, f"{tick:,.0f}", "small", "end"),
        )
    ]
    for row in rows:
        x, cancers = across.at(row["score"]), row["detected"] + row["interval"]
        told = f"score {row['score']}: {row['exams']} exams, {row['detected']} detected, {row['interval']} interval"
        y = up.at(row["exams"])
        parts += [
            svg.box(x - 19, y, 38, bottom - y, "bar", told),
            svg.text(x, bottom + 17, str(row["score"]), "label", "middle"),
            svg.text(x, y - 7, str(cancers), "cancers", "middle"),
        ]
    parts.append(svg.text((across.start + across.end) / 2, height - 6, "AI exam score", "small", "middle"))
    told = "; ".join(f"score {r['score']}: {r['exams']} exams, {r['detected'] + r['interval']} cancers" for r in rows)
    return svg.drawing("scores", WIDTH, height, "Exams and known cancers per AI exam score", told, parts)


def _vertical_grid(axis: _Axis, bottom: float, unit: str) -> list[str]:
    parts = []
    for tick in axis.ticks():
        parts.append(svg.line(axis.at(tick), _TOP, axis.at(tick), bottom, "grid"))
        parts.append(svg.text(axis.at(tick), bottom + 16, f"{tick:g}", "small", "middle"))
    parts.append(svg.text((axis.start + axis.end) / 2, bottom + 33, unit, "small", "middle"))
    return parts


def _frame_grid(across: _Axis, up: _Axis, x_name: str, y_name: str) -> list[str]:
    parts = []
    for tick in up.ticks():
        parts.append(svg.line(across.start, up.at(tick), across.end, up.at(tick), "grid"))
        parts.append(svg.text(across.start - 8, up.at(tick) + 4, f"{tick:g} {y_name}", "small", "end"))
    parts += [svg.text(across.at(tick), up.start + 16, f"{tick:,.0f}", "small", "middle") for tick in across.ticks()]
    parts.append(svg.text((across.start + across.end) / 2, up.start + 34, x_name, "small", "middle"))
    return parts


def _legend(kinds: tuple[str, ...], y: float) -> list[str]:
    names = {"recalled": "recalled", "technical": "technical recall", "dismissed": "routine recall"}
    parts = []
    for place, kind in enumerate(kinds):
        x = _LEFT + 140 * place
        parts += [svg.box(x, y - 10, 12, 12, kind), svg.text(x + 18, y, names[kind], "small")]
    return parts
