"""Two Ray nodes on this machine, each a `ray start` of its own with one processor, for tests and benchmarks."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PATIENCE_S = 240
RAY = Path(sys.executable).with_name("ray")
QUIET = {"RAY_USAGE_STATS_ENABLED": "0"}
NODE = ["--num-cpus", "1", "--object-store-memory", "100000000", "--disable-usage-stats", "--block"]


def free_port() -> int:
    """A port that is free now, outside the range that Ray gives to its workers (10002-19999)."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if not 10002 <= port <= 19999:
            return port


@contextmanager
def two_nodes(folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Address of the two; only their own processes are ended afterwards. Logs are written to the folder."""
    address = f"127.0.0.1:{free_port()}"
    port = address.partition(":")[2]
    head = ["--head", "--port", port, "--node-ip-address", "127.0.0.1", "--include-dashboard", "false"]
    nodes = [head, ["--address", address, "--node-ip-address", "127.0.0.1"]]
    started = list[subprocess.Popen[bytes]]()
    try:
        for number, place in enumerate(nodes, 1):
            started.append(_node(place, folder / f"node-{number}.log", environment))
            _until_nodes(address, number, environment)
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(60)


def _node(place: list[str], log: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
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


def _until_nodes(address: str, count: int, environment: Mapping[str, str]) -> None:
    """Wait until so many nodes are up; each look takes seconds by itself."""
    for _ in range(20):
        asked = [sys.executable, "-c", _COUNT, address, str(count)]
        if subprocess.run(asked, env=environment, capture_output=True, timeout=PATIENCE_S).returncode == 0:
            return
    raise AssertionError("the cluster never came up")
