"""Writes a test report as TOML for code, as JSON for anything else, and as Markdown for people."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.evaluate.report import TestReport
    from models.evaluate.roc import AucEstimate, Estimate

_INTERVALS = "95 %: DeLong for AUC, clustered by exam for breasts and views, bootstrap over exams for the rest"


def toml_value(value: object) -> str:
    """Return a plain value as TOML.

    >>> toml_value({"a": (1, 0.25), "b": True})
    '{ "a" = [1, 0.25], "b" = true }'
    """
    if value is None:
        return '""'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else "nan"
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{key}" = {toml_value(item)}' for key, item in value.items()) + " }"
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    return json.dumps(value)


def toml_lines(report: TestReport, table: str, extra: Mapping[str, object]) -> list[str]:
    """Return the lines of a TOML table with every figure; its sub-tables are marks, calibration and strata."""
    content = asdict(report)
    parts = {name: content.pop(name) for name in ("marks", "calibration", "strata")}
    lines = [f"[{table}]"]
    lines += [f"{key} = {toml_value(value)}" for key, value in {**extra, **content}.items() if value is not None]
    lines.append(f"interval = {toml_value(_INTERVALS)}")
    lines.append(f"mark_from = {toml_value(report.marks.mark_from)}")
    for name, part in parts.items():
        lines += ["", f"[{table}.{name}]", *(f'"{key}" = {toml_value(value)}' for key, value in part.items())]
    return lines


def as_json(report: TestReport) -> str:
    """Return the report as JSON; what cannot be told is null."""
    return json.dumps(_without_nan(asdict(report)), indent=1)


def markdown(report: TestReport, title: str) -> list[str]:
    """Return the report as lines of Markdown."""
    lines = [
        f"## {title}",
        "",
        f"{report.exams} exams, {report.cancers} with cancer: {report.name}. Intervals are {_INTERVALS}.",
        "",
        "| figure | value |",
        "|---|---|",
        *(f"| AUC, {level} | {_auc(getattr(report, level))} |" for level in ("exam", "breast", "view")),
        f"| sensitivity at 95 % specificity, exam | {_estimate(report.sensitivity)} (raw score above "
        f"{report.operating_point:.3f}) |",
        f"| density letter agrees | {_share(report.density_agreement)} |",
        f"| views refused as unlike training | {_share(report.beyond_ood_limit)} |",
    ]
    return [*lines, "", *_marks(report), "", *_calibration(report), "", *_strata(report)]


def _marks(report: TestReport) -> list[str]:
    """Free-response figures."""
    marks = report.marks
    lines = [
        "### Marks",
        "",
        "A mark hits when its centre lies in the cancer's box or within 2 mm of it. "
        f"{marks.cancers} cancers in {marks.images} images, each view counted.",
        "",
        "| false marks per image | cancers marked, per view | in at least one view |",
        "|---|---|---|",
    ]
    for rate, share, once in zip(marks.rates, marks.sensitivity, marks.per_cancer, strict=True):
        lines.append(f"| {rate:g} | {_estimate(share)} | {_share(once)} |")
    lines += ["", f"Marks are shown from a raw score of {marks.mark_from:.4f} (at most 0.5 false marks per image)."]
    if math.isfinite(marks.frame_hits):
        near, off = _share(marks.frame_hits), f"{marks.frame_error:.1f}"
        lines.append(f"Frame within 3 slices in {near} of shown hits, median error {off} slices.")
    lines += ["", "| cancers by kind and density | marked | cancers |", "|---|---|---|"]
    lines += [f"| {kind.replace('_', ' ')} | {_share(s)} | {n} |" for kind, (s, n) in marks.by_type.items()]
    return lines + [f"| in density {letter} | {_share(s)} | {n} |" for letter, (s, n) in marks.by_density.items()]


def _calibration(report: TestReport) -> list[str]:
    """Calibration of raw exam scores."""
    found = report.calibration
    lines = [
        "### Calibration of raw exam scores",
        "",
        f"Brier {found.brier:.4f}, expected calibration error {found.expected_calibration_error:.4f}, slope "
        f"{found.slope:.2f}, intercept {found.intercept:.2f}. Raw scores are no probabilities.",
        "",
        "| exams | mean score | with cancer |",
        "|---|---|---|",
    ]
    return lines + [f"| {b.cases} | {b.mean_score:.3f} | {b.positive_share:.3f} |" for b in found.bins]


def _strata(report: TestReport) -> list[str]:
    """Exam AUC per group."""
    lines = ["### Exam AUC by group", "", "| group | AUC |", "|---|---|"]
    return lines + [
        f"| {group.replace('=', ': ').replace('_', ' ')} | {_auc(e)} |" for group, e in report.strata.items()
    ]


def _auc(e: AucEstimate | None) -> str:
    if e is None:
        return "too few cases"
    return f"{e.auc:.3f} ({e.low:.3f} to {e.high:.3f}), {e.positives} with, {e.negatives} without"


def _estimate(e: Estimate) -> str:
    return f"{_share(e.value)} ({_share(e.low)} to {_share(e.high)})"


def _share(value: float) -> str:
    """A share in percent.

    >>> _share(0.5)
    '50.0 %'
    """
    return f"{100 * value:.1f} %" if math.isfinite(value) else "cannot be told"


def _without_nan(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    return value
