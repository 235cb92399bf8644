"""What a person meets when something is wrong around the program: a code and a status, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from screening.app import cli
from screening.app.exit_codes import ExitCode


def secondread(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "screening.app", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | dict(env or {}))


@pytest.mark.parametrize(
    ("variable", "value", "code", "word"),
    [
        ("SECONDREAD_PORT", "many", ExitCode.INVALID, "SECONDREAD_PORT"),
        ("SECONDREAD_LOG_LEVEL", "LOUD", ExitCode.INVALID, "SECONDREAD_LOG_LEVEL"),
        ("SECONDREAD_DATABASE_URL", "hunter2", ExitCode.INVALID, "invalid_input"),
        ("SECONDREAD_DATABASE_URL", "postgresql://u:hunter2@127.0.0.1:1/x", ExitCode.STORE_UNAVAILABLE, "store_una"),
        ("SECONDREAD_POLICY", "[none]", ExitCode.NOT_FOUND, "'[none]'"),
    ],
)
def test_a_wrong_setting_is_one_coded_line(
    tmp_path: Path, variable: str, value: str, code: ExitCode, word: str
) -> None:
    result = secondread("--data-dir", str(tmp_path), "worklist", env={variable: value})
    assert result.returncode == code, result.stderr
    assert word in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert "hunter2" not in result.stderr


def test_a_data_folder_that_cannot_be_made_is_wrong_input(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    result = secondread("--data-dir", str(tmp_path / "taken"), "worklist")
    assert result.returncode == ExitCode.INVALID
    assert "taken cannot be written" in result.stderr


def test_an_audit_that_cannot_be_written_is_wrong_input(tmp_path: Path) -> None:
    result = secondread("--data-dir", str(tmp_path), "audit", "--out", str(tmp_path / "none" / "audit.txt"))
    assert result.returncode == ExitCode.INVALID
    assert "audit.txt cannot be written" in result.stderr


def test_the_demo_takes_no_folder_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine", encoding="utf-8")
    result = secondread("demo", "--out", str(tmp_path), "--simulated", "0")
    assert result.returncode == ExitCode.INVALID
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("debugging", [False, True])
def test_what_nobody_foresaw_ends_as_a_code_without_its_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], debugging: bool
) -> None:
    def fail() -> None:
        raise LookupError("Vandersynthetic, Wilhelmina")

    monkeypatch.setattr(cli, "app", fail)
    monkeypatch.setattr(cli, "_debugging", lambda: debugging)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == ExitCode.INTERNAL
    told = capsys.readouterr().err
    assert "internal_error: LookupError" in told
    assert ("Wilhelmina" in told) is debugging
