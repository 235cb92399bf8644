"""Run the command line: in this process, or as a process of its own that can be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from screening.app.cli import app
from screening.app.settings import settings

QUIET = {"SECONDREAD_LOG_LEVEL": "WARNING"}
"""Few log lines: nobody reads the pipe of a process that was started, and a full one would stop it."""


def run(data: Path, *arguments: str, url: str = "", policy: str = "double-human+ai") -> Result:
    """One command over the store in `data`."""
    env = {"SECONDREAD_DATABASE_URL": url, "SECONDREAD_POLICY": policy, "COLUMNS": "200"}
    settings.cache_clear()
    try:
        return CliRunner().invoke(app, ["--data-dir", str(data), *arguments], env=env)
    finally:
        settings.cache_clear()


def told(data: Path, *arguments: str, url: str = "", policy: str = "double-human+ai") -> Any:
    """What one command prints with `--json`; the command must succeed."""
    result = run(data, *arguments, "--json", url=url, policy=policy)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def start(data: Path, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """One command as a process."""
    command = [sys.executable, "-m", "screening.app", "--data-dir", str(data), *arguments]
    return subprocess.Popen(
        command, env=os.environ | QUIET | dict(env or {}), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
