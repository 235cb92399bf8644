"""Scoring into a folder: what is complete is kept, what is not is made again, and runs do not disturb one another."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from readers.ai.calibration import Calibrations
from readers.ai.reader import NeuralReader
from screening.app.results_folder import results_folder
from screening.app.scoring import READ_FILE, ScoredExam, Scorer, score_all
from screening.app.system import SystemClock
from screening.dicom.cad_sr import MammographyCadSrWriter
from screening.domain.errors import InvalidInput
from screening.domain.identifiers import FileDigest
from screening.domain.quality import ReasonCode
from screening.domain.study import Study
from screening.workflow.assemble import assemble
from screening.workflow.ports import ReadInstance
from tests.app.test_priors import dated
from tests.readers.ai.known_model import CALIBRATION, KnownModel
from tests.readers.ai.studies import Pictures
from tests.services import instances


def scorer(version: str = "1", site: str = "") -> Scorer:
    reader = NeuralReader(KnownModel(), Calibrations([CALIBRATION]))
    return Scorer(reader, Pictures(), MammographyCadSrWriter(), SystemClock(), site, version)


def study() -> Study:
    (made,) = assemble(instances())
    return made


def score(out: Path, version: str = "1") -> ScoredExam:
    (exam,) = score_all(scorer(version), [study()], out)
    return exam


def test_what_is_complete_is_not_done_twice_unless_program_or_calibration_changed(tmp_path: Path) -> None:
    assert [score(tmp_path, version).done_before for version in ("1", "1", "2", "2")] == [False, True, False, True]


@pytest.mark.parametrize("content", ["", "[]", "null", "{}", '{"signature": 1}', "KEEP-SIGNATURE", "\udcff"])
def test_a_damaged_result_is_made_again(tmp_path: Path, content: str) -> None:
    path = score(tmp_path).folder / READ_FILE
    good = json.loads(path.read_text(encoding="utf-8"))
    if content == "KEEP-SIGNATURE":
        content = json.dumps({"signature": good["signature"], "read": {"status": "ok"}})
    path.write_text(content, encoding="utf-8", errors="surrogateescape")
    assert not score(tmp_path).done_before
    assert json.loads(path.read_text(encoding="utf-8"))["signature"] == good["signature"]


def test_two_runs_into_one_folder_work_apart_and_publish_one_result(tmp_path: Path) -> None:
    with results_folder(tmp_path) as one, results_folder(tmp_path) as other:
        assert one.part("exam-x") != other.part("exam-x")
        first, second = scorer().score(study(), one), scorer().score(study(), other)
    assert (first.folder, second.done_before) == (second.folder, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [first.folder.name]


def test_the_first_of_two_racing_results_stays(tmp_path: Path) -> None:
    with results_folder(tmp_path) as one, results_folder(tmp_path) as other:
        for results, text in ((one, "first"), (other, "second")):
            (results.part("exam-x") / "text").write_text(text, encoding="utf-8")
        one.publish("exam-x", lambda there: (there / "text").exists())
        other.publish("exam-x", lambda there: (there / "text").exists())
    assert (tmp_path / "exam-x" / "text").read_text(encoding="utf-8") == "first"


def test_what_a_dead_run_left_goes_and_a_living_run_stays(tmp_path: Path) -> None:
    (tmp_path / ".run-dead" / "exam-x").mkdir(parents=True)
    with results_folder(tmp_path) as living:
        part = living.part("exam-y")
        with results_folder(tmp_path):
            assert part.is_dir()
            assert not (tmp_path / ".run-dead").exists()


def test_a_folder_that_cannot_be_made_is_wrong_input(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(InvalidInput, match="taken"):
        score(tmp_path / "taken")


def test_other_bytes_under_a_known_uid_show_in_the_read() -> None:
    first, *others = instances()
    changed = ReadInstance(first.header, replace(first.content, digest=FileDigest("f" * 64)))
    (made,) = assemble([first, *others, changed])
    read = scorer().reader.read(made, Pictures(), "")
    assert ReasonCode.DUPLICATE_DIFFERS in [item.reason for item in read.excluded]


def test_a_prior_that_came_later_makes_the_exam_be_scored_again(tmp_path: Path) -> None:
    now, before = dated(1, date(2026, 1, 5)), dated(2, date(2024, 1, 5))
    (alone,) = score_all(scorer(), [now], tmp_path)
    with_prior, _prior = score_all(scorer(), [now, before], tmp_path)
    again, _again = score_all(scorer(), [now, before], tmp_path)
    assert [exam.done_before for exam in (alone, with_prior, again)] == [False, False, True]
    assert (alone.read.prior_used, with_prior.read.prior_used, again.read.prior_used) == (False, True, True)
