"""Opens the engine that was asked for, or the best one there is, with the reason why a better one was passed over.

A missing package or a missing exported file passes an engine over; a file with another hash than its card says never
does: it stops the model. Nothing is imported before it is chosen.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from models.errors import EngineUnavailable
from models.registry import exported_graphs, torch_graphs
from models.weights import graph_path

if TYPE_CHECKING:
    from pathlib import Path

    from models.cards import ModelCard
    from models.engines.protocol import Engine

ORDER = ("openvino", "onnxruntime", "torch")
"""Best first, as measured on two cores by `benchmarks.bench_engines`."""
_ON_FILES = ("openvino", "onnxruntime")


def open_engine(name: str, precision: str, card: ModelCard, store: Path, threads: int | None) -> tuple[Engine, str]:
    """Return the engine and a note, empty where nothing better was passed over.

    Raises EngineUnavailable, or any loading error of `models.errors`.
    """
    passed: list[str] = []
    for candidate in ORDER if name == "auto" else (name,):
        reason = obstacle(candidate, precision, card, store)
        if not reason:
            return _open(candidate, precision, card, store, threads), "; ".join(passed)
        passed.append(f"{candidate}: {reason}")
    raise EngineUnavailable(f"no engine for model {card.name!r}: {'; '.join(passed)}")


def obstacle(name: str, precision: str, card: ModelCard, store: Path) -> str:
    """Return why an engine cannot run this model here, empty where it can."""
    if name not in ORDER:
        return "unknown engine"
    if precision == "bf16" and name == "onnxruntime":
        return "no bf16 arithmetic"
    if importlib.util.find_spec(name) is None:
        return "not installed"
    if name not in _ON_FILES:
        return ""
    return _no_files(card, store)


def _no_files(card: ModelCard, store: Path) -> str:
    """Why the exported graphs cannot be used: the card names none, or a file is not there."""
    if not card.graphs:
        return "the model ships no exported graphs"
    weights = store / card.weights_file
    missing = [name for name in sorted(card.graphs) if not graph_path(weights, name).is_file()]
    return f"exported graph {', '.join(missing)} is not installed" if missing else ""


def _open(name: str, precision: str, card: ModelCard, store: Path, threads: int | None) -> Engine:
    if name == "openvino":
        from models.engines.open_vino import OpenVinoEngine

        return OpenVinoEngine(exported_graphs(card, store), precision, threads)
    if name == "onnxruntime":
        from models.engines.onnx_runtime import OnnxRuntimeEngine

        return OnnxRuntimeEngine(exported_graphs(card, store), threads)
    from models.engines.pytorch import PyTorchEngine

    return PyTorchEngine(torch_graphs(card, store), precision, threads=threads)
