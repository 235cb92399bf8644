"""Rescoring the store of an installation beside its live work, by the commands people type, killed on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.e2e.cli import run, start, told
from tests.e2e.test_kill import ai_facts, kill_when

pytestmark = pytest.mark.slow


def rows(out: Path) -> pl.DataFrame:
    """The results table."""
    return pl.concat([pl.read_parquet(part) for part in sorted((out / "rows").iterdir())])


def unchanged(data: Path) -> list[Any]:
    """Everything about cases that rescoring must leave alone."""
    cases = told(data, "worklist")
    return [cases, told(data, "ledger", "verify"), ai_facts(data, cases)]


def test_the_store_is_rescored_beside_the_live_service(tmp_path: Path, exams: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    cases = told(data, "ingest", str(exams))["cases"]
    assert run(data, "object", cases[0], "no_research").exit_code == 0
    before = unchanged(data)
    arguments = ["rescore", "store", "-o", str(out), "--chunk", "1"]
    kill_when(start(data, *arguments, env={"SECONDREAD_POLICY": "double-human+ai"}), lambda: any(_parts(out)))
    report = told(data, *arguments)
    assert unchanged(data) == before
    coverage = report["coverage"]
    assert (coverage["planned"], coverage["done"], coverage["no_research"], coverage["waiting"]) == (3, 2, 1, 0)
    assert "phantom-trained" in report["notice"]
    table = rows(out)
    assert table.height == 2
    for name in ("product", "status", "score", "flag", "calibration"):
        assert table[f"old_{name}"].to_list() == table[f"new_{name}"].to_list()
    assert report["shifts"][0]["differing"]["count"] == 0


def _parts(out: Path) -> list[Path]:
    return list((out / "rows").glob("*.parquet")) if out.is_dir() else []
