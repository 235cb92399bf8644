"""Foreign FHIR tools of the slow tests: installed once into an ignored folder, skipped with a reason without npm."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

NPM = Path(__file__).parent / "npm"
_INSTALL = Path(__file__).resolve().parents[2] / "scripts" / "npm_test_tools.sh"


def absent(reason: str) -> None:
    """Skip on a machine without the tools; in CI their absence is a failure."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def installed_node() -> str:
    """Path of node, with the tools installed."""
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        absent("no node or npm here")
    done = subprocess.run([_INSTALL], capture_output=True, text=True, check=False, timeout=300)
    if done.returncode != 0:
        absent(f"the npm tools cannot be installed here: {done.stderr[-200:]}")
    return str(found)
