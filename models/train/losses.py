"""What the networks are punished for: each saliency cell, the crop's or view's label, lesion type and density."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

    from models.architectures.blocks import GlobalOutput

CELL_WEIGHT = 1.0
TYPE_WEIGHT = 0.25
DENSITY_WEIGHT = 0.1


def global_loss(logits: GlobalOutput, target: Tensor, density: Tensor) -> Tensor:
    """Return the scalar loss of a batch.

    `target` float (B, 5, h, w): malignant cells, then cells of each type; `density` long (B,). The labels of an image
    are what its cells hold, so a crop that missed its lesion counts as free of it.
    """
    labels = target.amax((2, 3))
    image = functional.binary_cross_entropy_with_logits(logits.pooled[:, 0], labels[:, 0])
    types = functional.binary_cross_entropy_with_logits(logits.pooled[:, 1:], labels[:, 1:])
    cells = focal(logits.cells[:, 0], target[:, 0]) + focal(logits.cells[:, 1:], target[:, 1:])
    letters = functional.cross_entropy(logits.density, density)
    return image + CELL_WEIGHT * cells + TYPE_WEIGHT * types + DENSITY_WEIGHT * letters


def label_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the loss of logits (N, 5) against float labels (N, 5): malignant counts in full, types by their weight."""
    malignant = functional.binary_cross_entropy_with_logits(logits[:, 0], labels[:, 0])
    return malignant + TYPE_WEIGHT * functional.binary_cross_entropy_with_logits(logits[:, 1:], labels[:, 1:])


def focal(logits: Tensor, target: Tensor, gamma: float = 2.0, alpha: float = 0.4) -> Tensor:
    """Focal loss summed over cells per marked cell, so that the few marked cells are not drowned by the rest."""
    plain = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    probability = logits.sigmoid()
    miss = target * (1 - probability) + (1 - target) * probability
    weight = target * alpha + (1 - target) * (1 - alpha)
    return (weight * miss**gamma * plain).sum() / (target.sum() + logits.shape[0])
