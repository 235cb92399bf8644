"""Family `mirai_encoder`: the image encoder of Mirai (Yala et al., Sci. Transl. Med. 2021) with its own risk head.

A ResNet-18 with global maximum pooling gives 512 features per view; a linear layer per risk factor guesses those the
women did not tell, and an additive hazard turns both into the risk of a cancer within 1 to 5 years. Only this encoder,
not the transformer that joins the four views nor the calibrator: its scores are one view's risk, not Mirai's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from models.architectures.graphs import Graph
from models.torchvision_shim import make_importable

make_importable()

import timm  # noqa: E402  the shim must come first
import torch  # noqa: E402
from torch import nn  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

FEATURES = 512
YEARS = 5
SIZE = (2048, 1664)
"""Rows and columns of the published input."""


class EncoderLogits(NamedTuple):
    """For B views: risk logits (B, 5) of a cancer within year 1..5, or None without a head; features (B, 512)."""

    risk: Tensor | None
    features: Tensor


class Features(NamedTuple):
    """For B views: features (B, 512)."""

    features: Tensor


class RiskHead(nn.Module):
    """Predicted risk factors, then the cumulative hazard. `factors` are (name, number of classes), in order."""

    def __init__(self, factors: Sequence[tuple[str, int]]) -> None:
        super().__init__()
        self.factors = nn.ModuleDict({name: nn.Linear(FEATURES, classes) for name, classes in factors})
        width = FEATURES + sum(classes for _, classes in factors)
        self.hazard = nn.Linear(width, YEARS)
        self.base_hazard = nn.Linear(width, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Return the logit of the risk within each year, (B, 5); never falls from one year to the next."""
        guessed = [_probabilities(layer(features)) for layer in self.factors.values()]
        known = torch.cat([features, *guessed], 1).relu()
        total: Tensor = self.base_hazard(known) + self.hazard(known).relu().cumsum(1)
        return total


class MiraiEncoder(nn.Module):
    """Encoder and, unless `factors` is None, risk head. Input float32 (B, 3, 2048, 1664), one grey value thrice."""

    def __init__(self, factors: Sequence[tuple[str, int]] | None = None) -> None:
        super().__init__()
        self.backbone = timm.create_model("resnet18", pretrained=False, num_classes=0, global_pool="max")
        self.head = None if factors is None else RiskHead(factors)

    def forward(self, x: Tensor) -> EncoderLogits:
        """Return features and risk of a batch; see EncoderLogits for shapes."""
        features = self.backbone(x)
        return EncoderLogits(None if self.head is None else self.head(features), features)

    def graphs(self) -> dict[str, Graph]:
        """Return the graph `view`: one image of SIZE -> risk and features, or features alone without a head."""
        shape = (1, 3, *SIZE)
        if self.head is None:
            return {"view": Graph(_Headless(self.backbone), (shape,), Features._fields)}
        return {"view": Graph(self, (shape,), EncoderLogits._fields)}


class _Headless(nn.Module):
    """The encoder's features under their name."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone, self.training = backbone, backbone.training

    def forward(self, x: Tensor) -> Features:
        """Return the features."""
        return Features(self.backbone(x))


def _probabilities(logits: Tensor) -> Tensor:
    """One output is a yes or no, several exclude each other."""
    return logits.sigmoid() if logits.shape[1] == 1 else logits.softmax(1)


VARIANTS = {"mirai_encoder.resnet18": MiraiEncoder}
"""Names `family.tag` and how to build each, untrained; this is the encoder alone, 11.2 M parameters."""
