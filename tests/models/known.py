"""An engine whose answers are known, and random networks saved as shipped ones are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.architectures import build
from models.architectures.graphs import EMBEDDING, LOCAL_FEATURES
from models.cards import ModelCard
from models.export import export_graphs
from models.ood import OodReference
from models.preprocess import identity
from models.weights import save
from tests.models.known_picture import breast_picture

__all__ = ["BrightEngine", "breast_picture", "far_from_nothing", "random_model", "shaken"]

Array = NDArray[np.float32]
STATISTICS = 7


def far_from_nothing(features: int) -> OodReference:
    """Statistics under which every view with that many network features scores its distance from zero."""
    size = features + STATISTICS
    return OodReference(np.zeros(size), np.eye(size), 10.0)


@dataclass
class BrightEngine:
    """Finds what is bright: a cell's logit grows with its brightest pixels, a crop's with its middle."""

    name: str = "bright"
    precision: str = "f32"
    runtime: str = "numpy"
    crops: list[Array] = field(default_factory=list)

    def run(self, graph: str, *inputs: Array) -> tuple[Array, ...]:
        """The known answers."""
        answer: tuple[Array, ...] = getattr(self, f"_{graph}")(*inputs)
        return answer

    def _global(self, x: Array) -> tuple[Array, ...]:
        batch, _, rows, cols = x.shape
        top = x[:, -1].reshape(batch, rows // 8, 8, cols // 8, 8).mean((2, 4))
        cells = np.zeros((batch, 5, rows // 8, cols // 8), np.float32)
        cells[:, 0] = 4.0 * (top - 2.5)
        cells[:, 2] = 1.0
        none = np.zeros((batch, 5), np.float32)
        return cells, none, none[:, :4], none[:, :3]

    def _slabs(self, pooled: Array, density: Array, features: Array) -> tuple[Array, ...]:
        share = np.full(len(pooled), 1 / len(pooled), np.float32)
        return pooled[:1], density[:1], features[:1], share

    def _local(self, crops: Array) -> tuple[Array, ...]:
        self.crops.append(crops)
        logits = np.zeros((len(crops), 5), np.float32)
        logits[:, 0] = crops[:, 0, 88:104, 88:104].mean((1, 2))
        return logits, np.zeros((len(crops), LOCAL_FEATURES), np.float32)

    def _view(self, regions: Array, mask: Array, pooled: Array, features: Array) -> tuple[Any, ...]:
        assert pooled.shape == (1, 5)
        assert features.ndim == 2
        scores = (regions[..., :5] + regions[..., 5:10]) / 2
        share = mask / max(1.0, float(mask.sum()))
        return mask.sum(1), scores[:, 0, 1:], scores, share, np.zeros((1, EMBEDDING), np.float32)


def shaken(network: nn.Module, seed: int) -> nn.Module:
    """A network whose every part matters: no branch at zero, statistics as after training."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d) and module.running_mean is not None and module.running_var is not None:
            nn.init.uniform_(module.weight, 0.5, 1.0, generator)
            module.running_mean.uniform_(-0.2, 0.2, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
    return network.eval()


def random_model(store: Path, family: Literal["ffdm", "dbt"], *, export: bool, seed: int = 5) -> ModelCard:
    """Save a tiny random model of a family, exported or not; return its card."""
    torch.manual_seed(seed)
    architecture = {"ffdm": "global_local.tiny", "dbt": "dbt_slab.tiny"}[family]
    network: Any = shaken(build(architecture), seed)
    fusion: Any = shaken(build("exam_fusion.small"), seed)
    nn.init.constant_(network.global_net.cells.bias, 0.0)
    stem = f"random-{family}"
    path = store / f"{stem}.safetensors"
    digest = save(network, far_from_nothing(network.neck), path, fusion)
    graphs = {**export_graphs(network, store, stem), **export_graphs(fusion, store, stem)} if export else {}
    name, hashed = identity()
    return ModelCard(
        name=stem,
        version="0",
        architecture=architecture,
        weights_file=path.name,
        weights_sha256=digest,
        preprocessing_id=name,
        preprocessing_sha256=hashed,
        modalities=("MG",),
        views=("CC", "MLO"),
        phantom_trained=True,
        label="random",
        family=family,
        fusion="exam_fusion.small",
        graphs=graphs,
    )
