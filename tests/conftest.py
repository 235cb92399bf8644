"""Shared fixtures: the real inputs nobody here made, and the markers that need a tool or a server."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["tests.store.databases"]


def shared_root() -> Path:
    """Folder of real inputs: `SECONDREAD_SHARED`, else `../shared` beside the checkout."""
    return Path(os.environ.get("SECONDREAD_SHARED", Path(__file__).resolve().parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The `data` folder of real inputs; skips with a reason where absent, and fails in CI."""
    root = shared_root()
    data = root / "data" if (root / "data").is_dir() else root
    if (data / "exams").is_dir():
        return data
    if os.environ.get("CI"):
        pytest.fail("real inputs are missing in CI")
    pytest.skip("no real inputs here: set SECONDREAD_SHARED")
