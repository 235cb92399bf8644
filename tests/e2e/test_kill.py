"""kill -9 at any moment: run the same command again, nothing is lost and nothing is doubled."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.cli import run, start, told

pytestmark = pytest.mark.slow

PATIENCE_S = 120.0


def kill_when(process: subprocess.Popen[bytes], reached: Callable[[], bool]) -> bool:
    """Kill the process once a condition holds; False when it ended before."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        if reached():
            process.send_signal(signal.SIGKILL)
            process.communicate()
            return True
    process.kill()
    raise AssertionError("the process never got that far")


@pytest.mark.parametrize("after", [1, 5, 11])
def test_ingest_survives_a_kill(tmp_path: Path, exams: Path, after: int) -> None:
    def stored() -> bool:
        return sum(1 for _ in (tmp_path / "files" / "sha256").glob("??/??/*")) >= after

    assert kill_when(start(tmp_path, "ingest", str(exams)), stored)
    taken_in = told(tmp_path, "ingest", str(exams))
    assert len(taken_in["files"]) == 12
    assert len(set(taken_in["cases"])) == 3
    cases = told(tmp_path, "worklist")
    assert sorted(case["case"] for case in cases) == sorted(taken_in["cases"])
    assert {case["state"] for case in cases} == {"awaiting_first_read"}
    told(tmp_path, "ledger", "verify")
    assert ai_facts(tmp_path, cases) == {case["case"]: 1 for case in cases}


def test_ai_reading_survives_a_kill(tmp_path: Path, exams: Path) -> None:
    """Killed while jobs run: each case ends with exactly one AI fact."""
    told(tmp_path, "ingest", str(exams), "--no-wait")
    cases = told(tmp_path, "worklist")

    def one_done() -> bool:
        return any(count for count in ai_facts(tmp_path, cases).values())

    kill_when(start(tmp_path, "work"), one_done)
    told(tmp_path, "work")
    assert ai_facts(tmp_path, cases) == {case["case"]: 1 for case in cases}
    told(tmp_path, "ledger", "verify")


def test_scoring_a_batch_survives_a_kill(tmp_path: Path, exams: Path) -> None:
    out = tmp_path / "scores"

    def one_done() -> bool:
        return out.is_dir() and any(out.glob("exam-*/read.json"))

    assert kill_when(start(tmp_path, "score", str(exams), "--out", str(out)), one_done)
    done = {path: path.stat().st_mtime_ns for path in out.glob("exam-*/read.json")}
    assert run(tmp_path, "score", str(exams), "--out", str(out)).exit_code == 0
    assert len(list(out.glob("exam-*"))) == 3
    assert not list(out.glob(".*"))
    for folder in out.glob("exam-*"):
        assert {path.name for path in folder.iterdir()} == {
            "read.json",
            "cad-sr.dcm",
            "contact-sheet.png",
            "explanation",
        }
        json.loads((folder / "read.json").read_text(encoding="utf-8"))
    assert {path: path.stat().st_mtime_ns for path in done} == done


def ai_facts(data: Path, cases: list[dict[str, str]]) -> dict[str, int]:
    """AI facts per case, read from the events."""
    with sqlite3.connect(f"file:{data / 'secondread.db'}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT case_id, count(*) FROM case_events WHERE kind LIKE 'Ai%' GROUP BY case_id")
        counts = dict(rows.fetchall())
    return {case["case"]: int(counts.get(case["case"], 0)) for case in cases}
