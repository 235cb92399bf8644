"""What the network is punished for: the image's label, each saliency cell, lesion type and density."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

    from models.architectures.saliency_fpn import ViewLogits

CELL_WEIGHT = 1.0
TYPE_WEIGHT = 0.25
DENSITY_WEIGHT = 0.15


def total_loss(logits: ViewLogits, target: Tensor, labels: Tensor) -> Tensor:
    """Return the scalar loss; `target` float (B, 5, h, w), `labels` long (B, 6) as in `samples.Sample`."""
    malignant = labels[:, 0].float()
    image = functional.binary_cross_entropy_with_logits(logits.malignancy, malignant)
    cells = focal(logits.saliency, target[:, 0]) + focal(logits.type_map, target[:, 1:])
    types = functional.binary_cross_entropy_with_logits(logits.types, labels[:, 1:-1].float())
    density = functional.cross_entropy(logits.density, labels[:, -1])
    return image + CELL_WEIGHT * cells + TYPE_WEIGHT * types + DENSITY_WEIGHT * density


def focal(logits: Tensor, target: Tensor, gamma: float = 2.0, alpha: float = 0.4) -> Tensor:
    """Focal loss summed over cells per marked cell, so that the few marked cells are not drowned by the rest."""
    plain = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    probability = logits.sigmoid()
    miss = target * (1 - probability) + (1 - target) * probability
    weight = target * alpha + (1 - target) * (1 - alpha)
    return (weight * miss**gamma * plain).sum() / (target.sum() + logits.shape[0])
