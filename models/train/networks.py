"""Runs the parts of a network that is still being trained through the pipeline that readers use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from models.architectures import build
from models.ood import OodReference

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import nn

    Array = NDArray[np.float32]

ANYTHING = OodReference(np.zeros(1), np.zeros((1, 1)), 1.0)
"""Statistics that stand in where nothing is judged yet; no distance may be computed with them."""


class Recorder:
    """An engine on a network in memory that keeps what each graph was last given."""

    name = "torch"
    precision = "f32"

    def __init__(self, network: nn.Module, fusion: nn.Module | None = None) -> None:
        self._graphs = dict(network.graphs())  # type: ignore[operator]
        if fusion is not None:
            self._graphs |= fusion.graphs()  # type: ignore[operator]
        self.given: dict[str, tuple[Array, ...]] = {}

    @property
    def runtime(self) -> str:
        """Torch's version."""
        return f"torch {torch.__version__}"

    def run(self, graph: str, *inputs: Array) -> tuple[Array, ...]:
        """Return the outputs of a graph, float32."""
        with torch.inference_mode():
            outputs = self._graphs[graph].module(*(torch.from_numpy(np.ascontiguousarray(x)) for x in inputs))
        self.given[graph] = inputs
        return tuple(np.asarray(value.float().numpy()) for value in outputs)


def saved(network: nn.Module, path: Path) -> Path:
    """Write a network for worker processes; return the path."""
    waiting = path.with_suffix(".part")
    torch.save(network.state_dict(), waiting)
    waiting.replace(path)
    return path


def recorder(architecture: str, weights: Path) -> Recorder:
    """Return an engine on weights that `saved` wrote, for a worker process: one thread."""
    torch.set_num_threads(1)
    network: nn.Module = build(architecture)
    network.load_state_dict(torch.load(weights, weights_only=True))
    return Recorder(network.eval())
