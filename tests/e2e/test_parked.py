"""What waits for a person from the command line: parked jobs, held cases, and everything about a released one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.cli import run, told

ANNE = ("--reader", "anne", "--registration", "BIG1", "--final")
BEN = ("--reader", "ben", "--registration", "BIG2", "--final")


def test_a_job_that_is_parked_is_told_and_can_be_tried_again(
    tmp_path: Path, exams: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    woman = str(sorted(exams.iterdir())[0])
    monkeypatch.setenv("SECONDREAD_MODEL", "none-of-ours")
    refused = run(tmp_path, "ingest", woman, "--json")
    assert refused.exit_code == 1
    (parked,) = json.loads(refused.stdout)["parked"]
    assert parked["reason"] == "model_not_found"
    again = run(tmp_path, "work", "--retry", parked["key"], "--json")
    assert (again.exit_code, len(json.loads(again.stdout)["parked"])) == (1, 1)
    monkeypatch.delenv("SECONDREAD_MODEL")
    assert run(tmp_path, "work", "--json").exit_code == 1
    assert told(tmp_path, "work", "--retry-all") == {"done": 2, "parked": []}  # the read, and what follows it
    assert told(tmp_path, "ingest", woman)["parked"] == []


def test_retrying_what_is_not_parked_is_not_found(tmp_path: Path) -> None:
    result = run(tmp_path, "work", "--retry", "ai_read:none")
    assert type(result.exception).__name__ == "NotFound"


def test_release_all_leaves_what_is_held_and_says_so(tmp_path: Path, exams: Path) -> None:
    policy = "double-human"
    cases = told(tmp_path, "ingest", str(exams), policy=policy)["cases"]
    for case in cases:
        told(tmp_path, "read", case, *ANNE)
        told(tmp_path, "read", case, *BEN)
    told(tmp_path, "hold", cases[0], "identity_query", "--reason", "birth date differs")
    first = told(tmp_path, "release", "--all")
    assert sorted(first["released"]) == sorted(cases[1:])
    assert first["held"] == {cases[0]: "the case is on hold: identity_query"}
    told(tmp_path, "resume", cases[0], "identity_query", "--note", "typing error")
    assert list(told(tmp_path, "release", "--all")["released"]) == [cases[0]]
    told(tmp_path, "interval-cancer", cases[0], "--on", "2026-11-01", "--side", "L", "--invasive")


def test_a_withdrawn_read_is_owed_again(tmp_path: Path, exams: Path) -> None:
    (case,) = told(tmp_path, "ingest", str(sorted(exams.iterdir())[0]), "--no-wait", policy="double-human")["cases"]
    told(tmp_path, "read", case, *ANNE)
    second = told(tmp_path, "read", case, *BEN)["read"]
    told(tmp_path, "withdraw-read", case, second, "--reason", "wrong woman on the screen", "--by", "max")
    assert told(tmp_path, "worklist")[0]["state"] == "awaiting_second_read"


def test_everything_about_a_released_case_in_one_folder(tmp_path: Path, exams: Path) -> None:
    (case,) = told(tmp_path, "ingest", str(sorted(exams.iterdir())[0]))["cases"]
    early = run(tmp_path, "report", case, "--results", str(tmp_path / "results"))
    assert type(early.exception).__name__ == "NotFound"
    assert not (tmp_path / "results").exists()
    told(tmp_path, "read", case, *ANNE)
    told(tmp_path, "read", case, *BEN)
    if told(tmp_path, "worklist")[0]["state"] == "awaiting_arbitration":  # the AI alone flagged this woman
        told(tmp_path, "arbitrate", case, "--author", "carla:BIG3", "--reason", "cyst", "--final")
    told(tmp_path, "release", case)
    folder = Path(told(tmp_path, "report", case, "--results", str(tmp_path / "results"))["results"])
    names = {path.name for path in folder.iterdir()}
    assert {"ai-read.json", "cad-sr.dcm", "contact-sheet.png", "report.fhir.json", "report.nl.txt"} <= names
