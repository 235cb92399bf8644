"""Building blocks that the families share: the global net, the local net and the head that weighs a view's regions.

Global and local reading of one image, with attention over the regions, follows the idea of Shen et al., "An
interpretable classifier for high-resolution breast cancer screening images utilizing weakly supervised localization"
(Med Image Anal 2021), written from the paper.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from models.torchvision_shim import make_importable

make_importable()

import timm  # noqa: E402  the shim must come first
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from models.architectures.graphs import ABSENT, DENSITIES, EMBEDDING, LOCAL_FEATURES, LOGITS  # noqa: E402
from models.preprocess import SETTINGS  # noqa: E402

if TYPE_CHECKING:
    from torch import Tensor

    Widths = tuple[int, int, int, int]

TOP_CELLS = 6
_TOP_REGIONS = 3
_HIDDEN = EMBEDDING - 1 - 2 * LOGITS - 2 * _TOP_REGIONS
_RARE = -4.0
"""Bias of a fresh head: most cells and crops show no lesion."""


class GlobalOutput(NamedTuple):
    """Raw outputs for B inputs: cells (B, 5, h, w), pooled (B, 5), density (B, 4), features (B, neck)."""

    cells: Tensor
    pooled: Tensor
    density: Tensor
    features: Tensor


class LocalOutput(NamedTuple):
    """Raw outputs for K crops: logits (K, 5), features (K, LOCAL_FEATURES)."""

    logits: Tensor
    features: Tensor


class ViewOutput(NamedTuple):
    """Raw outputs for B views of K regions.

    logit (B,), types (B, 4), regions (B, K, 5), attention (B, K) summing to 1 over regions that are there,
    embedding (B, EMBEDDING): view logit, pooled logits (5), attention-weighted region logits (5), the 3 highest global
    and the 3 highest local malignancy logits of regions, then the hidden units.
    """

    logit: Tensor
    types: Tensor
    regions: Tensor
    attention: Tensor
    embedding: Tensor


class GlobalNet(nn.Module):
    """ResNet and feature pyramid to stride 8. Fully convolutional: any float32 (B, C, H, W), H and W multiples of 32.

    Air must be at the lower clip of the preprocessing, as it leaves it: what is not air weighs the averages.
    """

    def __init__(self, channels: int, widths: Widths, stem: int, neck: int) -> None:
        super().__init__()
        self.backbone = backbone(channels, widths, stem, (2, 3, 4))
        self.lateral = nn.ModuleList(nn.Conv2d(width, neck, 1) for width in widths[1:])
        self.smooth = nn.Sequential(nn.Conv2d(neck, neck, 3, padding=1, bias=False), nn.BatchNorm2d(neck), nn.ReLU())
        self.cells = nn.Conv2d(neck, LOGITS, 1)
        self.density = nn.Linear(widths[-1], DENSITIES)
        self.pool_scale = nn.Parameter(torch.ones(LOGITS))
        self.pool_shift = nn.Parameter(torch.full((LOGITS,), 2.0))
        nn.init.normal_(self.cells.weight, std=0.01)
        nn.init.constant_(bias_of(self.cells), _RARE)

    def forward(self, x: Tensor) -> GlobalOutput:
        """Return the outputs of a batch; `pooled` is a learned line through the mean of the highest cells."""
        middle, deep, deepest = self.backbone(x)
        fused = self.lateral[2](deepest)
        fused = self.lateral[1](deep) + functional.interpolate(fused, scale_factor=2.0, mode="nearest")
        fused = self.lateral[0](middle) + functional.interpolate(fused, scale_factor=2.0, mode="nearest")
        fused = self.smooth(fused)
        cells = self.cells(fused).float()
        highest = cells.flatten(2).topk(TOP_CELLS, dim=2).values.mean(2)
        pooled = highest * self.pool_scale + self.pool_shift
        tissue = (x[:, :1] > SETTINGS.clip_low + 0.01).float()
        density = self.density(masked_mean(deepest, tissue))
        return GlobalOutput(cells, pooled, density.float(), masked_mean(fused, tissue))


class LocalNet(nn.Module):
    """ResNet on full-resolution crops float32 (K, C, 192, 192); smaller or larger crops work too."""

    def __init__(self, channels: int, widths: Widths, stem: int) -> None:
        super().__init__()
        self.backbone = backbone(channels, widths, stem, (3, 4))
        self.project = nn.Linear(widths[2] + 2 * widths[3], LOCAL_FEATURES)
        self.head = nn.Linear(LOCAL_FEATURES, LOGITS)
        nn.init.constant_(self.head.bias, _RARE / 2)

    def forward(self, x: Tensor) -> LocalOutput:
        """Return the logits and features of each crop: what is strongest anywhere, and the average."""
        deep, deepest = (level.float() for level in self.backbone(x))
        pooled = torch.cat([deep.amax((2, 3)), deepest.amax((2, 3)), deepest.mean((2, 3))], 1)
        features = self.project(pooled).float()
        return LocalOutput(self.head(functional.relu(features)).float(), features)


class ViewHead(nn.Module):
    """Weighs the regions of a view by gated attention and joins them with what the global net says.

    Inputs: regions (B, K, 10 + LOCAL_FEATURES): the global logits of the region's cell, its local logits, its local
    features; mask (B, K), 1 where there is a region; pooled (B, 5); features (B, neck).
    """

    def __init__(self, neck: int, gate: int = 16) -> None:
        super().__init__()
        size = 2 * LOGITS + LOCAL_FEATURES
        self.mix = nn.Parameter(torch.full((2, LOGITS), 0.5))
        self.mix_shift = nn.Parameter(torch.zeros(LOGITS))
        self.gate_value = nn.Linear(size, gate)
        self.gate_share = nn.Linear(size, gate)
        self.gate = nn.Linear(gate, 1, bias=False)
        self.hidden = nn.Linear(LOGITS + neck + LOGITS + LOCAL_FEATURES, _HIDDEN)
        self.output = nn.Linear(_HIDDEN, 1)
        self.skip = nn.Parameter(torch.full((2, LOGITS), 0.5))
        nn.init.zeros_(self.output.bias)

    def forward(self, regions: Tensor, mask: Tensor, pooled: Tensor, features: Tensor) -> ViewOutput:
        """Return the view's logits; a view without regions rests on the global net alone."""
        seen, read = regions[..., :LOGITS], regions[..., LOGITS : 2 * LOGITS]
        there = mask[..., None]
        mixed = seen * self.mix[0] + read * self.mix[1] + self.mix_shift
        mixed = mixed * there + ABSENT * (1.0 - there)
        attention = self._attend(regions, mask)
        joined = torch.cat([mixed, regions[..., 2 * LOGITS :] * there], 2)
        evidence = (attention[..., None] * joined).sum(1)
        some = mask.amax(1, keepdim=True)
        weighed = evidence[:, :LOGITS] + (1.0 - some) * ABSENT
        hidden = torch.tanh(self.hidden(torch.cat([pooled, features, weighed, evidence[:, LOGITS:]], 1)))
        line = pooled * self.skip[0] + mixed.amax(1) * self.skip[1]
        logit = line[:, 0] + self.output(hidden)[:, 0]
        strongest = [highest(value[..., 0], mask) for value in (seen, read)]
        embedding = torch.cat([logit[:, None], pooled, weighed, *strongest, hidden], 1)
        return ViewOutput(logit, line[:, 1:], mixed, attention, embedding)

    def _attend(self, regions: Tensor, mask: Tensor) -> Tensor:
        """Share of each region that is there, (B, K)."""
        gates = self.gate(torch.tanh(self.gate_value(regions)) * torch.sigmoid(self.gate_share(regions)))[..., 0]
        weight = torch.exp(gates) * mask
        return weight / weight.sum(1, keepdim=True).clamp(min=1e-6)


def backbone(channels: int, widths: Widths, stem: int, levels: tuple[int, ...]) -> nn.Module:
    """Return an untrained timm ResNet-10 with these widths that yields the named levels (stride 2 ** (level + 1))."""
    network: nn.Module = timm.create_model(
        "resnet10t",
        pretrained=False,
        in_chans=channels,
        features_only=True,
        out_indices=levels,
        channels=widths,
        stem_width=stem,
    )
    return network


def masked_mean(maps: Tensor, tissue: Tensor) -> Tensor:
    """Return the mean (B, F) of maps (B, F, h, w) over tissue (B, 1, H, W), H and W the same multiple of h and w."""
    weight = functional.avg_pool2d(tissue, tissue.shape[-1] // maps.shape[-1])
    return (maps.float() * weight).sum((2, 3)) / weight.sum((2, 3)).clamp(min=1.0)


def highest(logits: Tensor, mask: Tensor) -> Tensor:
    """Return the highest three (B, 3) of (B, K) logits, absent ones counting as ABSENT."""
    return (logits * mask + ABSENT * (1.0 - mask)).topk(_TOP_REGIONS, dim=1).values


def bias_of(layer: nn.Conv2d) -> Tensor:
    """Return the bias of a layer that was built with one."""
    if layer.bias is None:
        raise TypeError("the layer has no bias")
    return layer.bias


def cell_logits(cells: Tensor, at: Tensor) -> Tensor:
    """Return the logits (B, K, 5) of cells (B, 5, h, w) at long (B, K, 2) rows and columns."""
    flat = (at[..., 0] * cells.shape[-1] + at[..., 1])[:, None].expand(-1, LOGITS, -1)
    return cells.flatten(2).gather(2, flat).transpose(1, 2)
