"""What the networks are punished for: each saliency cell, the crop's or view's label, lesion type and density."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional

from models.train.planes import UNKNOWN

if TYPE_CHECKING:
    from torch import Tensor

    from models.architectures.blocks import GlobalOutput

CELL_WEIGHT = 1.0
TYPE_WEIGHT = 0.25
DENSITY_WEIGHT = 0.1


def global_loss(logits: GlobalOutput, target: Tensor, density: Tensor) -> Tensor:
    """Return the scalar loss of a batch.

    `target` float (B, 5, h, w): malignant cells, then cells of each type, -1 where unknown; `density` long (B,). The
    labels of an image are what its cells hold, so a crop that missed its lesion counts as free of it.
    """
    labels, known = target.amax((2, 3)), ((target >= 0).all(2).all(2) | (target > 0).any(2).any(2)).float()
    labels = labels.clamp(min=0.0)
    image = _weighted(logits.pooled[:, :1], labels[:, :1], known[:, :1])
    types = _weighted(logits.pooled[:, 1:], labels[:, 1:], known[:, 1:])
    cells = focal(logits.cells[:, 0], target[:, 0]) + focal(logits.cells[:, 1:], target[:, 1:])
    letters = density_loss(logits.density, density)
    return image + CELL_WEIGHT * cells + TYPE_WEIGHT * types + DENSITY_WEIGHT * letters


def _weighted(logits: Tensor, labels: Tensor, weight: Tensor) -> Tensor:
    """Mean cross entropy over what is known."""
    loss = functional.binary_cross_entropy_with_logits(logits, labels, weight, reduction="sum")
    return loss / weight.sum().clamp(min=1.0)


def density_loss(logits: Tensor, density: Tensor) -> Tensor:
    """Return the mean cross entropy of letters long (B,); UNKNOWN ones are left out."""
    total = functional.cross_entropy(logits, density, ignore_index=UNKNOWN, reduction="sum")
    return total / (density != UNKNOWN).sum().clamp(min=1)


def label_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the loss of logits (N, 5) against float labels (N, 5): malignant counts in full, types by their weight.

    Labels that are UNKNOWN are left out.
    """
    known = labels != UNKNOWN
    if not bool(known.all()):
        told, weight = labels * known, known.float()
        malignant = _weighted(logits[:, 0], told[:, 0], weight[:, 0])
        return malignant + TYPE_WEIGHT * _weighted(logits[:, 1:], told[:, 1:], weight[:, 1:])
    malignant = functional.binary_cross_entropy_with_logits(logits[:, 0], labels[:, 0])
    return malignant + TYPE_WEIGHT * functional.binary_cross_entropy_with_logits(logits[:, 1:], labels[:, 1:])


def focal(logits: Tensor, target: Tensor, gamma: float = 2.0, alpha: float = 0.4) -> Tensor:
    """Focal loss summed over cells per marked cell, so that the few marked cells are not drowned; -1 is left out."""
    known, target = (target >= 0).float(), target.clamp(min=0.0)
    plain = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    probability = logits.sigmoid()
    miss = target * (1 - probability) + (1 - target) * probability
    weight = known * (target * alpha + (1 - target) * (1 - alpha))
    return (weight * miss**gamma * plain).sum() / (target.sum() + logits.shape[0])
