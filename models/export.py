"""Writes a network's graphs as ONNX files, the frozen form that onnxruntime and OpenVINO run without torch."""

from __future__ import annotations

import copy
import logging
import warnings
from typing import TYPE_CHECKING

import torch

from models.weights import graph_path, sha256_of, stored

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from models.architectures.graphs import Exportable, Graph


def export_graphs(network: Exportable, folder: Path, stem: str) -> dict[str, str]:
    """Write `stem.<graph>.onnx` for each graph of a network; return the SHA-256 by graph.

    The graphs hold the network as `weights.save` stores it, in eval mode; the network itself stays as it is. The first
    axis of a graph with a stated `batch` may vary up to it; every other axis is fixed. Float32 throughout.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / f"{stem}.safetensors"
    return {name: _export(graph, graph_path(weights, name)) for name, graph in _frozen(network).graphs().items()}


def _frozen(network: Any) -> Any:
    """A copy on the CPU in eval mode whose tensors went through what storing does to them."""
    frozen = copy.deepcopy(network).cpu().float().eval()
    state = {key: stored(value).to(value.dtype) for key, value in frozen.state_dict().items()}
    frozen.load_state_dict(state)
    return frozen


def _export(graph: Graph, path: Path) -> str:
    """Export one graph; what the exporter prints and deprecates on its way is not the caller's concern."""
    inputs = tuple(torch.zeros(shape) for shape in graph.inputs)
    axis = torch.export.Dim("batch", min=1, max=graph.batch) if graph.batch else None
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph.module,
            inputs,
            path,
            dynamo=True,
            external_data=False,
            verbose=False,
            input_names=[f"input_{index}" for index in range(len(inputs))],
            output_names=list(graph.outputs),
            dynamic_shapes=tuple({0: axis} for _ in inputs) if axis is not None else None,
        )
    return sha256_of(path)
