"""The runbook has a page for every alarm, and its commands work."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from screening.app.settings import Settings
from screening.domain.vitals import Reason
from tests.e2e.cli import run
from tests.services import make_service, open_plain_case

RUNBOOK = (Path(__file__).parents[2] / "docs" / "runbook.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```console\n(.*?)```", RUNBOOK, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("secondread ")
]


def test_every_alarm_has_a_page() -> None:
    pages = set(re.findall(r"^## (\w+)", RUNBOOK, re.MULTILINE))
    assert {reason.value for reason in Reason} <= pages


def test_every_command_of_the_runbook_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    service = make_service(data)
    open_plain_case(service)
    service.close()
    monkeypatch.setenv("SECONDREAD_DICOM_SPARE_MIB", "0")
    places = {"BACKUP": str(tmp_path / "backup"), "RESTORED": str(tmp_path / "restored")}
    assert len(COMMANDS) >= 9
    for command in COMMANDS:
        words = [places.get(word, word) for word in shlex.split(command)[1:]]
        folder = Path(words.pop(1)) if words[0] == "--data-dir" else data
        done = run(folder, *(word for word in words if word != "--data-dir"))
        assert done.exit_code == 0, f"{command}\n{done.output}"
        if words[-2:] == ["restore", places["BACKUP"]]:
            assert "the ledger is intact and ends at" in " ".join(done.output.split())


def test_every_variable_that_is_named_exists() -> None:
    named = {name.lower() for name in re.findall(r"SECONDREAD_([A-Z_]+)", RUNBOOK)}
    assert named <= set(Settings.model_fields)
