"""A chunk on two Ray nodes of this machine, each a `ray start` of its own; without an address Ray is never imported."""

from __future__ import annotations

import json
import os
import socket
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
from tests.app.rescoring.scripted_plugin import installed
from tests.workflow.rescored import RUN

PATIENCE_S = 240
RAY = Path(sys.executable).with_name("ray")
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DISABLE_IMPORT_WARNING": "1", "RAY_DEDUP_LOGS": "0"}
NODE = ["--num-cpus", "1", "--object-store-memory", "100000000", "--disable-usage-stats", "--block"]


def free_port() -> int:
    """A port that is free now, outside the range that Ray gives to its workers (10002-19999)."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if not 10002 <= port <= 19999:
            return port


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What every process of the test is given."""
    return os.environ | QUIET | installed(tmp_path / "site")


@pytest.fixture
def cluster(tmp_path: Path, environment: dict[str, str]) -> Iterator[str]:
    """Address of two nodes with a processor each; only their own processes are ended afterwards."""
    if not RAY.exists():
        pytest.skip("ray is not installed: pip install 'secondread[cluster]'")
    address = f"127.0.0.1:{free_port()}"
    port = address.partition(":")[2]
    head = ["--head", "--port", port, "--node-ip-address", "127.0.0.1", "--include-dashboard", "false"]
    nodes = [head, ["--address", address, "--node-ip-address", "127.0.0.1"]]
    started = list[subprocess.Popen[bytes]]()
    try:
        for number, place in enumerate(nodes, 1):
            started.append(_node(place, tmp_path / f"node-{number}.log", environment))
            _until_nodes(address, number, environment)
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(60)


def _node(place: list[str], log: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    with log.open("wb") as out:
        return subprocess.Popen([str(RAY), "start", *place, *NODE], env=environment, stdout=out, stderr=out)


_COUNT = """
import sys, ray
try:
    ray.init(address=sys.argv[1], log_to_driver=False, logging_level="ERROR")
except ConnectionError:
    sys.exit(1)
sys.exit(sum(node["Alive"] for node in ray.nodes()) < int(sys.argv[2]))
"""


def _until_nodes(address: str, count: int, environment: dict[str, str]) -> None:
    """Wait until so many nodes are up; each look takes seconds by itself."""
    for _ in range(20):
        asked = [sys.executable, "-c", _COUNT, address, str(count)]
        if subprocess.run(asked, env=environment, capture_output=True, timeout=PATIENCE_S).returncode == 0:
            return
    raise AssertionError("the cluster never came up")


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
