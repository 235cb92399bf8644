"""Family `saliency_fpn`: a small timm ResNet, a feature pyramid to stride 8, and one saliency cell per 8 x 8 pixels.

The image's logit is pooled from the saliency map, so what raises the score can always be shown on the image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from models.torchvision_shim import make_importable

make_importable()

import timm  # noqa: E402  the shim must come first
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

if TYPE_CHECKING:
    from torch import Tensor

LESION_TYPES = 4
DENSITIES = 4
STRIDE = 8


class ViewLogits(NamedTuple):
    """Raw outputs for a batch of B inputs; h, w = input size / STRIDE; no sigmoid or softmax applied.

    malignancy (B,), saliency (B, h, w), type_map (B, 4, h, w), types (B, 4), density (B, 4), features (B, F).
    """

    malignancy: Tensor
    saliency: Tensor
    type_map: Tensor
    types: Tensor
    density: Tensor
    features: Tensor


class SaliencyFpn(nn.Module):
    """Backbone, pyramid and heads. Input float32 (B, 1, H, W) from `preprocess`, H and W multiples of 32."""

    def __init__(self, channels: tuple[int, int, int, int], stem_width: int, neck: int, top_k: int) -> None:
        super().__init__()
        self.backbone = timm.create_model(
            "resnet10t",
            pretrained=False,
            in_chans=1,
            features_only=True,
            out_indices=(2, 3, 4),
            channels=channels,
            stem_width=stem_width,
        )
        self.lateral = nn.ModuleList(nn.Conv2d(width, neck, 1) for width in channels[1:])
        self.smooth = nn.Sequential(nn.Conv2d(neck, neck, 3, padding=1, bias=False), nn.BatchNorm2d(neck), nn.ReLU())
        self.cells = nn.Conv2d(neck, 1 + LESION_TYPES, 1)
        self.density = nn.Linear(channels[-1], DENSITIES)
        self.pool_scale = nn.Parameter(torch.ones(1 + LESION_TYPES))
        self.pool_shift = nn.Parameter(torch.zeros(1 + LESION_TYPES))
        self.top_k = top_k
        nn.init.constant_(torch_bias(self.cells), -4.0)
        nn.init.constant_(self.pool_shift, 2.0)

    def forward(self, x: Tensor) -> ViewLogits:
        """Return the logits of a batch; see ViewLogits for shapes."""
        middle, deep, deepest = self.backbone(x)
        fused = self.lateral[2](deepest)
        fused = self.lateral[1](deep) + functional.interpolate(fused, scale_factor=2.0, mode="nearest")
        fused = self.lateral[0](middle) + functional.interpolate(fused, scale_factor=2.0, mode="nearest")
        fused = self.smooth(fused)
        cells = self.cells(fused).float()
        pooled = cells.flatten(2).topk(self.top_k, dim=2).values.mean(2) * self.pool_scale + self.pool_shift
        density = self.density(deepest.float().mean((2, 3)))
        return ViewLogits(pooled[:, 0], cells[:, 0], cells[:, 1:], pooled[:, 1:], density, fused.float().mean((2, 3)))


def torch_bias(layer: nn.Conv2d) -> Tensor:
    """Return the bias of a layer that was built with one."""
    if layer.bias is None:
        raise TypeError("the layer has no bias")
    return layer.bias


def tiny() -> SaliencyFpn:
    """About 1.3 M parameters: a size that trains on two CPU cores within the hour."""
    return SaliencyFpn(channels=(32, 64, 128, 256), stem_width=16, neck=64, top_k=6)


VARIANTS = {"saliency_fpn.tiny": tiny}
"""Names `family.tag` and how to build each, untrained."""
