"""Family `dbt_slab`: the 2D parts on slabs of a tomosynthesis volume, attention over slabs, crops of single frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import nn

from models.architectures.blocks import (
    GlobalNet,
    GlobalOutput,
    LocalNet,
    LocalOutput,
    ViewHead,
    ViewOutput,
    cell_logits,
)
from models.architectures.global_local import local_graph, view_graph
from models.architectures.graphs import DENSITIES, LOGITS, SLABS, Graph
from models.preprocess import SETTINGS

if TYPE_CHECKING:
    from torch import Tensor

    from models.architectures.blocks import Widths


class SlabOutput(NamedTuple):
    """A volume from its slabs: pooled (1, 5), density (1, 4), features (1, neck), attention (S,) summing to 1."""

    pooled: Tensor
    density: Tensor
    features: Tensor
    attention: Tensor


class Output(NamedTuple):
    """What a volume's parts say: slabs (flat, B * S), each volume, crops (flat, B * K), their joint reading."""

    slabs: GlobalOutput
    volumes: list[SlabOutput]
    crops: LocalOutput
    view: ViewOutput


class SlabHead(nn.Module):
    """Weighs the slabs of one volume by gated attention. Inputs pooled (S, 5), density (S, 4), features (S, neck)."""

    def __init__(self, neck: int, gate: int = 16) -> None:
        super().__init__()
        self.gate_value = nn.Linear(LOGITS + neck, gate)
        self.gate_share = nn.Linear(LOGITS + neck, gate)
        self.gate = nn.Linear(gate, 1, bias=False)
        self.sharpness = nn.Parameter(torch.ones(1))

    def forward(self, pooled: Tensor, density: Tensor, features: Tensor) -> SlabOutput:
        """Return the volume; a fresh head already prefers the slabs with the highest malignancy logit."""
        slab = torch.cat([pooled, features], 1)
        gates = self.gate(torch.tanh(self.gate_value(slab)) * torch.sigmoid(self.gate_share(slab)))[:, 0]
        attention = torch.softmax(gates + self.sharpness * pooled[:, 0], 0)
        weight = attention[:, None]
        return SlabOutput(
            (weight * pooled).sum(0, keepdim=True),
            density.mean(0, keepdim=True),
            (weight * features).sum(0, keepdim=True),
            attention,
        )


class DbtSlab(nn.Module):
    """A tomosynthesis network in four parts that can be trained apart.

    `global_net` takes slabs, channels (mean, max) of their frames; `slab_head` the slabs of a volume; `local_net` crops
    of single frames, one channel; `view_head` as in `global_local`. `channels`, `local_channels`, `neck` are numbers.
    """

    channels = 2
    local_channels = 1

    def __init__(self, widths: Widths, local_widths: Widths, stem: int, neck: int) -> None:
        super().__init__()
        self.neck = neck
        self.global_net = GlobalNet(self.channels, widths, stem, neck)
        self.slab_head = SlabHead(neck)
        self.local_net = LocalNet(self.local_channels, local_widths, stem)
        self.view_head = ViewHead(neck)

    def forward(self, x: Tensor, crops: Tensor, at: Tensor, mask: Tensor) -> Output:
        """Return every output of B volumes of S slabs.

        `x` (B, S, 2, H, W); `crops` (B, K, 1, 192, 192); `at` long (B, K, 3), slab, row and column of each crop's cell;
        `mask` (B, K), 1 where the crop exists.
        """
        batch, count = x.shape[:2]
        slabs = self.global_net(x.flatten(0, 1))
        parts = (value.reshape(batch, count, -1) for value in (slabs.pooled, slabs.density, slabs.features))
        volumes = [self.slab_head(*volume) for volume in zip(*parts, strict=True)]
        crop = self.local_net(crops.flatten(0, 1))
        read = torch.cat([crop.logits, crop.features], 1).reshape(*crops.shape[:2], -1)
        tall = slabs.cells.reshape(batch, count, *slabs.cells.shape[1:]).transpose(1, 2).flatten(2, 3)
        rows = torch.stack([at[..., 0] * slabs.cells.shape[2] + at[..., 1], at[..., 2]], -1)
        regions = torch.cat([cell_logits(tall, rows), read], 2)
        pooled, features = (torch.cat([getattr(volume, name) for volume in volumes]) for name in ("pooled", "features"))
        return Output(slabs, volumes, crop, self.view_head(regions, mask, pooled, features))

    def graphs(self) -> dict[str, Graph]:
        """Return the graphs `global`, `slabs`, `local` and `view`; see `architectures.graphs`."""
        slabs = ((8, LOGITS), (8, DENSITIES), (8, self.neck))
        return {
            "global": Graph(self.global_net, ((1, self.channels, SETTINGS.rows, SETTINGS.cols),), GlobalOutput._fields),
            "slabs": Graph(self.slab_head, slabs, SlabOutput._fields, batch=SLABS),
            "local": local_graph(self.local_net, self.local_channels),
            "view": view_graph(self.view_head, self.neck),
        }


def tiny() -> DbtSlab:
    """About 0.15 M parameters: for tests."""
    return DbtSlab((16, 16, 32, 32), (16, 16, 32, 32), stem=8, neck=16)


def small() -> DbtSlab:
    """About 2.6 M parameters: trains on two CPU cores within hours."""
    return DbtSlab((32, 64, 128, 256), (32, 64, 128, 256), stem=16, neck=64)


VARIANTS = {"dbt_slab.small": small, "dbt_slab.tiny": tiny}
