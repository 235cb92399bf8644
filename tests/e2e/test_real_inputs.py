"""Real mammograms and odd objects that nobody here made: a sensible answer for each, a crash for none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pydicom
import pytest
from PIL import Image

from tests.e2e.cli import run, told

pytestmark = [pytest.mark.slow, pytest.mark.real_data]


@pytest.fixture(scope="module")
def scored(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """Every real exam, scored once."""
    out = tmp_path_factory.mktemp("scores")
    return out, told(out, "score", str(shared_data / "exams"), "--out", str(out))


def test_every_exam_gets_an_answer_with_regions_scores_and_files(scored: tuple[Path, Any]) -> None:
    out, answer = scored
    assert len(answer["exams"]) == 3
    filled = sorted(sum(slot["sop_instance_uid"] is not None for slot in e["read"]["slots"]) for e in answer["exams"])
    assert filled == [2, 2, 4]
    for exam in answer["exams"]:
        read = exam["read"]
        assert read["status"] != "ok"
        assert read["exam_score"] is None
        assert {breast["laterality"] for breast in read["breasts"]} == {"R", "L"}
        folder = Path(exam["folder"])
        report = pydicom.dcmread(folder / "cad-sr.dcm")
        assert report.SOPClassUID == "1.2.840.10008.5.1.4.1.1.88.50"
        with Image.open(folder / "contact-sheet.png") as sheet:
            assert min(sheet.size) > 600
    assert len(list(out.glob("exam-*"))) == 3


def test_the_incomplete_exams_say_that_views_are_missing(scored: tuple[Path, Any]) -> None:
    _out, answer = scored
    incomplete = [e["read"] for e in answer["exams"] if any(s["sop_instance_uid"] is None for s in e["read"]["slots"])]
    assert len(incomplete) == 2
    assert all("views_missing" in read["reasons"] for read in incomplete)


def test_every_odd_object_is_answered_and_none_is_scored(shared_data: Path, tmp_path: Path) -> None:
    answer = told(tmp_path, "score", str(shared_data / "dicom-samples"), "--out", str(tmp_path / "out"))
    objects = len(list((shared_data / "dicom-samples").glob("*.dcm")))
    told_of = {item["sop_instance_uid"] for exam in answer["exams"] for item in exam["read"]["excluded"]}
    assert answer["unreadable"] == []
    assert len(told_of) == objects
    assert all(exam["read"]["raw_score"] is None for exam in answer["exams"])
    assert all(exam["read"]["status"] == "unsupported" for exam in answer["exams"])


def test_ingest_opens_one_case_per_real_exam(shared_data: Path, tmp_path: Path) -> None:
    """Every image of these exams carries a study UID of its own; the order they fulfil makes them one exam."""
    answer = told(tmp_path, "ingest", str(shared_data / "exams"))
    assert len(answer["cases"]) == 3
    assert {item["registered"] for item in answer["files"] if item["study"]} == {"new"}
    again = told(tmp_path, "ingest", str(shared_data / "exams"))
    assert again["cases"] == answer["cases"]


def test_ingest_keeps_every_odd_object_and_opens_no_case_for_reports(shared_data: Path, tmp_path: Path) -> None:
    answer = told(tmp_path, "ingest", str(shared_data / "dicom-samples"))
    assert len(answer["files"]) == len(list((shared_data / "dicom-samples").glob("*.dcm")))
    assert all(item["digest"] for item in answer["files"])
    reasons = {item["source"]: item["reason"] for item in answer["files"]}
    assert reasons["MG-RDSR-Hologic_2D.dcm"] == "dose_report"
    assert reasons["MG-Im-Hologic-PropProj.dcm"] is not None


def test_the_printed_answer_names_slots_reasons_and_the_label(shared_data: Path, tmp_path: Path) -> None:
    result = run(tmp_path, "score", str(shared_data / "exams" / "nyu-1"), "--out", str(tmp_path / "out"))
    assert result.exit_code == 0
    for words in ("RCC", "empty", "views_missing", "not a read", "phantom"):
        assert words in result.stdout


def test_scoring_the_same_files_again_says_so(shared_data: Path, tmp_path: Path) -> None:
    path, out = str(shared_data / "exams" / "nyu-density"), str(tmp_path / "out")
    first = told(tmp_path, "score", path, "--out", out)
    again = told(tmp_path, "score", path, "--out", out)
    assert again["exams"][0]["already_scored"] is True
    assert json.dumps(first["exams"][0]["read"]) == json.dumps(again["exams"][0]["read"])
