"""The external test report: from any labelled frame to figures, TOML, JSON and a page."""

from __future__ import annotations

import json
import tomllib

import numpy as np
import pytest

from models.evaluate import BreastCase, ExamCase, Finding, Mark, ViewCase, judge, sensitivity_at
from models.evaluate.render import as_json, markdown, toml_lines


def case(number: int, sick: bool, score: float, density: str = "b") -> ExamCase:
    box = (10.0, 10.0, 40.0, 40.0)
    cancer = Finding(box, malignant=True, key="c", kind="distortion", size_mm=9.0 + number % 9)
    marks = (Mark(box, score),) if sick else (Mark((200.0, 200.0, 210.0, 210.0), score / 2),)
    found = (cancer,) if sick else ()
    view = ViewCase("L", "CC", score, sick, 0.1, marks, found, density=density, density_guess="b", ood_score=0.5)
    return ExamCase(str(number), score, sick, (BreastCase("L", score, sick),), (view,), {"vendor": "x"})


def frame() -> list[ExamCase]:
    rng = np.random.default_rng(3)
    truth = rng.random(120) < 0.3
    scores = np.clip(rng.normal(0.3 + 0.3 * truth, 0.15), 0.0, 1.0)
    return [case(i, bool(t), float(s), "bc"[i % 2]) for i, (t, s) in enumerate(zip(truth, scores, strict=True))]


def test_the_report_holds_every_figure_with_its_interval() -> None:
    report = judge("made-up frame", frame())
    assert report.exam is not None
    assert report.exam.low < report.exam.auc < report.exam.high
    assert report.sensitivity.low <= report.sensitivity.value <= report.sensitivity.high
    assert report.density_agreement == pytest.approx(0.5, abs=0.02)
    assert report.beyond_ood_limit == 0.0
    assert {"vendor=x", "density=b", "density=c", "kind=distortion", "size=to 15 mm"} <= set(report.strata)
    assert report.strata["kind=distortion"].negatives == report.exams - report.cancers


def test_the_operating_point_calls_at_most_one_in_twenty_of_the_healthy_positive() -> None:
    exams = frame()
    report = judge("made-up frame", exams)
    healthy = [e.score for e in exams if not e.malignant]
    assert sum(score > report.operating_point for score in healthy) <= 0.05 * len(healthy)


def test_the_report_is_written_as_toml_json_and_a_page() -> None:
    report = judge("made-up frame", frame())
    card = tomllib.loads("\n".join(toml_lines(report, "held_out", {"first_woman": 7})))
    assert card["held_out"]["exam"]["auc"] == pytest.approx(report.exam.auc if report.exam else 0, rel=1e-4)
    assert card["held_out"]["mark_from"] == pytest.approx(report.marks.mark_from, rel=1e-4)
    assert json.loads(as_json(report))["marks"]["frame_hits"] is None
    page = "\n".join(markdown(report, "Held-out test"))
    assert "made-up frame" in page
    assert "| distortion |" in page
    assert "nan" not in page


def test_classes_too_small_for_an_interval_are_left_out_not_guessed() -> None:
    report = judge("one cancer", [case(0, True, 0.9), case(1, False, 0.1), case(2, False, 0.2)])
    assert report.exam is None
    assert "too few cases" in "\n".join(markdown(report, "Test"))
    with pytest.raises(ValueError, match="at least one exam"):
        judge("nothing", [])


def test_sensitivity_without_one_class_cannot_be_told() -> None:
    share, threshold = sensitivity_at(np.array([0.1, 0.2]), np.array([False, False]))
    assert np.isnan(share.value)
    assert np.isnan(threshold)
