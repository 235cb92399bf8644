"""The command line as a script meets it: help, JSON, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from screening.app.cli import app
from screening.app.exit_codes import ExitCode

COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def secondread(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a process."""
    return subprocess.run(
        [sys.executable, "-m", "screening.app", *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 5


def test_policies_as_json() -> None:
    result = CliRunner().invoke(app, ["policies", "--json"])
    assert {"double-human", "double-human+ai", "masai", "nl-b0"} <= {row["id"] for row in json.loads(result.stdout)}


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("show", "case-none", "--reader", "anne", "--registration", "BIG1"), ExitCode.NOT_FOUND, "case_not_found"),
        (("report", "case-none"), ExitCode.NOT_FOUND, "not_found"),
        (("serve", "--host", "0.0.0.0"), ExitCode.FORBIDDEN, "forbidden"),  # noqa: S104
        (("ingest", "nowhere.dcm"), ExitCode.NOT_FOUND, "not_found"),
        (("nonsense",), ExitCode.INVALID, "No such command"),
    ],
)
def test_an_error_is_one_coded_line_and_an_exit_code(
    tmp_path: Path, arguments: tuple[str, ...], code: ExitCode, word: str
) -> None:
    result = secondread("--data-dir", str(tmp_path), *arguments)
    assert result.returncode == code
    assert word in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_scoring_nothing_usable_is_exit_1(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not DICOM", encoding="utf-8")
    result = secondread("score", str(tmp_path / "notes.txt"), "--out", str(tmp_path / "out"), "--json")
    assert result.returncode == ExitCode.NOTHING_USABLE
    assert json.loads(result.stdout)["unreadable"] == [{"name": "notes.txt", "reason": "not_dicom"}]


def test_brackets_in_names_are_brackets(tmp_path: Path) -> None:
    (tmp_path / "[bold]a[").write_text("not DICOM", encoding="utf-8")
    (tmp_path / "[").mkdir()
    (tmp_path / "[" / "nope].txt").write_text("not DICOM", encoding="utf-8")
    result = secondread("score", str(tmp_path), "--out", str(tmp_path / "[" / "out"))
    assert result.returncode == ExitCode.NOTHING_USABLE
    assert "[bold]a[" in result.stderr
    missing = secondread("score", str(tmp_path / "[red]none[nope]"))
    assert "[red]none[nope]" in missing.stderr


def test_a_broken_archive_is_an_answer(tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_bytes(b"PK\x05\x06" + bytes(18) + b"PK\x01")
    result = secondread("score", str(tmp_path / "broken.zip"), "--out", str(tmp_path / "out"), "--json")
    assert result.returncode == ExitCode.NOTHING_USABLE
    assert json.loads(result.stdout)["unreadable"] == [{"name": "broken.zip", "reason": "not_dicom"}]
