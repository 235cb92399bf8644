"""Exported graphs: the network as it is stored, the same file every time, the network itself untouched."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from models.architectures import build
from models.architectures.graphs import Graph
from models.engines.onnx_runtime import OnnxRuntimeEngine
from models.engines.pytorch import PyTorchEngine
from models.export import export_graphs
from models.ood import OodReference
from models.weights import graph_path, load_into, save, stored

pytestmark = pytest.mark.slow


def test_the_exported_graph_is_the_network_as_it_is_stored(tmp_path: Path) -> None:
    torch.manual_seed(7)
    network, reloaded = build("exam_fusion.small"), build("exam_fusion.small")
    before = {key: value.clone() for key, value in network.state_dict().items()}
    weights = tmp_path / "exam.safetensors"
    load_into(reloaded, weights, save(network, OodReference(np.zeros(1), np.eye(1), 1.0), weights))
    first, again = (export_graphs(network, tmp_path / folder, "exam") for folder in ("one", "two"))
    content = graph_path(tmp_path / "one" / weights.name, "fusion").read_bytes()
    assert first == again == {"fusion": hashlib.sha256(content).hexdigest()}
    assert network.training
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    rng = np.random.default_rng(1)
    views, priors = (rng.standard_normal((1, 4, 32)).astype(np.float32) for _ in range(2))
    given = views, np.ones((1, 4), np.float32), priors, np.zeros((1, 4), np.float32)
    engines = (
        PyTorchEngine(reloaded.eval().graphs(), device="cpu", threads=1),
        OnnxRuntimeEngine({"fusion": content}, 1),
    )
    expected, found = (engine.run("fusion", *given) for engine in engines)
    for one, other in zip(expected, found, strict=True):
        assert other == pytest.approx(one, abs=1e-6)


class Small(nn.Module):
    """A network whose graphs take images a sixteenth as high and wide as published."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.network = build(name)

    def graphs(self) -> dict[str, Graph]:
        """The network's graphs, on less."""
        return {
            name: replace(graph, inputs=tuple(shrunk(shape) for shape in graph.inputs))
            for name, graph in self.network.graphs().items()
        }


def shrunk(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with axes of more than a crop's side divided by 16."""
    return tuple(size // 16 if size > 1000 else size for size in shape)


@pytest.mark.parametrize("name", ["gmic.resnet18", "mirai_encoder.resnet18", "timm_classifier.convnext_atto"])
def test_an_imported_family_runs_alike_without_torch(name: str, tmp_path: Path) -> None:
    torch.manual_seed(7)
    network = Small(name).eval()
    network.load_state_dict({key: stored(value).to(value.dtype) for key, value in network.state_dict().items()})
    assert set(export_graphs(network, tmp_path, "net")) == set(network.graphs())
    rng = np.random.default_rng(1)
    for key, graph in network.graphs().items():
        given = [rng.standard_normal(shape).astype(np.float32) for shape in graph.inputs]
        content = graph_path(tmp_path / "net.safetensors", key).read_bytes()
        expected = PyTorchEngine({key: graph}, device="cpu", threads=1).run(key, *given)
        found = OnnxRuntimeEngine({key: content}, 1).run(key, *given)
        for one, other in zip(expected, found, strict=True):
            assert other == pytest.approx(one, abs=1e-4 * max(1.0, float(np.abs(one).max())))
