"""The external test report: one function from a labelled frame of scored exams to every figure we state."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from models.evaluate.froc import Froc, froc
from models.evaluate.reliability import Reliability, reliability
from models.evaluate.roc import AucEstimate, Estimate, auc_with_interval, sensitivity_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from models.evaluate.cases import BreastCase, ExamCase, ViewCase

SIZES_MM = (8.0, 15.0)
"""Edges of the size groups: up to 8 mm, 8 to 15 mm, above 15 mm."""


@dataclass(frozen=True, slots=True)
class TestReport:
    """Every figure of one model on one frame.

    AUCs carry 95 % DeLong intervals, breasts and views of an exam as one cluster, and are None where a class is in
    fewer than two exams; `operating_point` is the raw exam score above which 95 % of exams without a cancer do not
    come. `strata` maps "name=value" to the exam AUC of that group; groups that describe the cancer (kind, size) are
    compared with all exams without one.
    """

    __test__ = False

    name: str
    exams: int
    cancers: int
    exam: AucEstimate | None
    breast: AucEstimate | None
    view: AucEstimate | None
    sensitivity: Estimate
    operating_point: float
    marks: Froc
    calibration: Reliability
    strata: dict[str, AucEstimate]
    density_agreement: float
    beyond_ood_limit: float


def judge(name: str, exams: Sequence[ExamCase]) -> TestReport:
    """Return the report of a frame of scored exams. Raises ValueError for an empty frame."""
    if not exams:
        raise ValueError("a test report needs at least one exam")
    views = [view for exam in exams for view in exam.views]
    scores, truth = _columns((exam.score, exam.malignant) for exam in exams)
    sensitivity, threshold = sensitivity_at(scores, truth)
    return TestReport(
        name=name,
        exams=len(exams),
        cancers=int(truth.sum()),
        exam=_auc([[exam] for exam in exams]),
        breast=_auc([exam.breasts for exam in exams]),
        view=_auc([exam.views for exam in exams]),
        sensitivity=sensitivity,
        operating_point=threshold,
        marks=froc(exams),
        calibration=reliability(scores, truth),
        strata=_strata(exams),
        density_agreement=_share(views, lambda v: bool(v.density and v.density_guess), _density_right),
        beyond_ood_limit=_share(views, lambda v: v.ood_score is not None, lambda v: (v.ood_score or 0.0) > 1.0),
    )


def _columns(pairs: Iterable[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray]:
    rows = list(pairs)
    return np.array([score for score, _ in rows], float), np.array([truth for _, truth in rows], bool)


def _auc(exams: Sequence[Sequence[ExamCase | BreastCase | ViewCase]]) -> AucEstimate | None:
    """AUC of cases grouped by exam; None where a class has fewer than two, in as many exams."""
    scores, truth = _columns((case.score, case.malignant) for cases in exams for case in cases)
    exam = np.repeat(np.arange(len(exams)), [len(cases) for cases in exams])
    if min(np.unique(exam[truth]).size, np.unique(exam[~truth]).size) < 2:
        return None
    return auc_with_interval(scores, truth, exam)


def _share(views: Sequence[ViewCase], counts: Callable[[ViewCase], bool], holds: Callable[[ViewCase], bool]) -> float:
    """Share of the views that count for which it holds; nan when none counts."""
    counted = [view for view in views if counts(view)]
    return fmean(holds(view) for view in counted) if counted else math.nan


def _density_right(view: ViewCase) -> bool:
    return view.density == view.density_guess


def _strata(exams: Sequence[ExamCase]) -> dict[str, AucEstimate]:
    """Exam AUC per group that has two cases of each class."""
    keys = sorted({(name, value) for exam in exams for name, value in _groups(exam)})
    found = {}
    for name, value in keys:
        of_cancer = name in ("kind", "size")
        group = [e for e in exams if (name, value) in _groups(e) or (of_cancer and not e.malignant)]
        estimate = _auc([[exam] for exam in group])
        if estimate is not None:
            found[f"{name}={value}"] = estimate
    return found


def _groups(exam: ExamCase) -> set[tuple[str, str]]:
    """The groups an exam belongs to: its strata, its density, and its cancers' kinds and sizes."""
    groups = set(exam.strata.items())
    groups |= {("density", view.density) for view in exam.views if view.density}
    for view in exam.views:
        for finding in view.findings:
            if finding.malignant:
                groups |= {("kind", finding.kind or finding.lesion_type or "unknown")}
                groups |= {("size", _size(finding.size_mm))} if finding.size_mm else set()
    return groups


def _size(size_mm: float) -> str:
    """Name of the size group.

    >>> _size(9.0)
    'to 15 mm'
    """
    for edge in SIZES_MM:
        if size_mm <= edge:
            return f"to {edge:g} mm"
    return f"above {SIZES_MM[-1]:g} mm"
