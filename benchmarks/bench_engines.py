"""Milliseconds per view of each engine and precision, beside eager torch of the same run.

Run: `python -m benchmarks.bench_engines [model] [repeats] [threads]`. Without a model that has exported graphs an
untrained network of the same size is timed, and said so: speed does not depend on what was learned.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from models import cards
from models.architectures import build
from models.architectures.graphs import CROPS, Graph
from models.engines.choice import open_engine
from models.errors import EngineUnavailable, UnknownModel
from models.export import export_graphs
from models.labels import SLOTS
from models.ood import OodReference
from models.preprocess import identity
from models.registry import DEFAULT, torch_graphs
from models.weights import STORE, save

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from models.engines.protocol import Engine

RUNS = (("torch", "f32"), ("torch", "bf16"), ("onnxruntime", "f32"), ("openvino", "f32"), ("openvino", "bf16"))
UNTRAINED = "global_local.small"


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds of the graphs of one view, median of the repeats, and the largest difference from eager torch."""

    whole: float
    local: float
    rest: float
    difference: float

    @property
    def view(self) -> float:
        """Milliseconds per view."""
        return self.whole + self.local + self.rest


def untrained(store: Path) -> cards.ModelCard:
    """Save an untrained network of the default size; return its card."""
    network, fusion = build(UNTRAINED).eval(), build("exam_fusion.small").eval()
    path = store / "untrained.safetensors"
    digest = save(network, OodReference(np.zeros(1), np.zeros((1, 1)), 1.0), path, fusion)
    graphs = {**export_graphs(network, store, path.stem), **export_graphs(fusion, store, path.stem)}
    scope, label = (("MG",), ("CC", "MLO")), "untrained"
    named = ("untrained", "0", UNTRAINED, path.name, digest, *identity(), *scope)
    return cards.ModelCard(*named, phantom_trained=True, label=label, fusion="exam_fusion.small", graphs=graphs)


def chosen(name: str, store: Path) -> tuple[cards.ModelCard, Path]:
    """The card of a model with exported graphs and the folder of its files."""
    try:
        card = cards.read(name)
    except UnknownModel:
        return untrained(store), store
    return (card, STORE) if card.graphs else (untrained(store), store)


def inputs(graphs: Mapping[str, Graph]) -> dict[str, list[NDArray[np.float32]]]:
    """Random inputs of every graph, in the sizes of a view; masks say that everything is there."""
    rng = np.random.default_rng(0)
    masks = {(1, CROPS), (1, len(SLOTS))}
    return {
        name: [
            np.ones(shape, np.float32) if shape in masks else rng.standard_normal(shape).astype(np.float32)
            for shape in graph.inputs
        ]
        for name, graph in graphs.items()
    }


def timed(engine: Engine, given: dict[str, list[NDArray[np.float32]]], peer: Engine, repeats: int) -> Timed:
    """Time every graph on one engine and compare its answers with the peer's."""
    times: dict[str, float] = {}
    difference = 0.0
    for name, arrays in given.items():
        seconds = []
        for _ in range(repeats + 2):
            began = perf_counter()
            answer = engine.run(name, *arrays)
            seconds.append(perf_counter() - began)
        times[name] = 1000 * median(seconds[2:])
        pairs = zip(answer, peer.run(name, *arrays), strict=True)
        difference = max(difference, *(float(np.abs(one - other).max()) for one, other in pairs))
    rest = sum(value for name, value in times.items() if name not in ("global", "local"))
    return Timed(times["global"], times["local"], rest, difference)


def main() -> None:
    """Print the table."""
    name = sys.argv[1] if len(sys.argv) > 1 else DEFAULT
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    threads = int(sys.argv[3]) if len(sys.argv) > 3 else 2
    with TemporaryDirectory() as folder:
        card, store = chosen(name, Path(folder))
        peer, _ = open_engine("torch", "f32", card, store, threads)
        given = inputs(torch_graphs(card, store))
        print(f"model {card.name} ({card.architecture}), {threads} threads, {CROPS} crops a view, median of {repeats}")
        print(
            f"{'engine':<24}{'global ms':>10}{'local ms':>10}{'rest ms':>9}{'view ms':>9}{'x torch':>9}{'max diff':>10}"
        )
        base = None
        for engine_name, precision in RUNS:
            try:
                engine, _ = open_engine(engine_name, precision, card, store, threads)
            except EngineUnavailable as error:
                print(f"{engine_name} {precision}: {error}")
                continue
            row = timed(engine, given, peer, repeats)
            base = base or row.view
            print(
                f"{engine_name + ' ' + precision:<24}{row.whole:>10.1f}{row.local:>10.1f}{row.rest:>9.2f}"
                f"{row.view:>9.1f}{base / row.view:>9.2f}{row.difference:>10.1e}"
            )


if __name__ == "__main__":
    main()
