"""A chunk on two Ray nodes of this machine, each a `ray start` of its own; without an address Ray is never imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from screening.app.rescoring.working import exam_runner
from screening.app.settings import Settings
from screening.domain.errors import ModelUnusable
from tests.app.rescoring.archive import archive
from tests.app.rescoring.ray_nodes import PATIENCE_S, QUIET, RAY, two_nodes
from tests.app.rescoring.scripted_plugin import installed
from tests.workflow.rescored import RUN


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What every process of the test is given."""
    return os.environ | QUIET | installed(tmp_path / "site")


@pytest.fixture
def cluster(tmp_path: Path, environment: dict[str, str]) -> Iterator[str]:
    """Address of two nodes with a processor each."""
    if not RAY.exists():
        pytest.skip("ray is not installed: pip install 'secondread[cluster]'")
    with two_nodes(tmp_path, environment) as address:
        yield address


def rescored(
    tmp_path: Path, name: str, source: Path, environment: dict[str, str]
) -> tuple[dict[str, object], pl.DataFrame]:
    """Report and table of a run in a process of its own."""
    out = tmp_path / name
    command = [sys.executable, "-m", "screening.app", "--data-dir", str(tmp_path / f"data-{name}"), "rescore"]
    ended = subprocess.run(
        [*command, str(source), "-o", str(out), "--json"], env=environment, capture_output=True, timeout=PATIENCE_S
    )
    assert ended.returncode == 0, ended.stderr.decode()
    table = pl.concat([pl.read_parquet(part) for part in sorted((out / "rows").iterdir())])
    return json.loads(ended.stdout), table.sort("new_raw_score")


@pytest.mark.slow
def test_two_nodes_read_what_one_process_reads(tmp_path: Path, cluster: str, environment: dict[str, str]) -> None:
    source = archive(tmp_path / "archive", 12)
    alone, by_itself = rescored(tmp_path, "alone", source, environment)
    both, on_cluster = rescored(tmp_path, "cluster", source, environment | {"SECONDREAD_RAY_ADDRESS": cluster})
    assert alone["run"] == both["run"]
    assert alone["coverage"] == both["coverage"]
    kept = ["stratum", "new_raw_score", "new_status", "new_product", "engine", "weights_sha256"]
    assert by_itself.select(kept).equals(on_cluster.select(kept))


def test_without_an_address_ray_is_never_imported(tmp_path: Path, environment: dict[str, str]) -> None:
    source = archive(tmp_path / "archive", 1)
    script = (
        "import sys\n"
        "from screening.app.cli import app\n"
        "app(sys.argv[1:], standalone_mode=False)\n"
        "sys.exit('ray' in sys.modules)\n"
    )
    command = [sys.executable, "-c", script, "--data-dir", str(tmp_path / "data"), "rescore", str(source)]
    ended = subprocess.run([*command, "-o", str(tmp_path / "out")], env=environment, capture_output=True)
    assert ended.returncode == 0, ended.stderr.decode()


def test_without_the_extra_an_address_is_a_coded_refusal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "screening.app.rescoring.cluster", raising=False)
    with pytest.raises(ModelUnusable, match="cluster"):
        exam_runner(Settings(data_dir=tmp_path, ray_address="127.0.0.1:6379"), RUN)
