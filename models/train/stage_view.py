"""Stage three: the view head learns, from stored readings, how far to trust map and crops, and which region matters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from models.evaluate import auc
from models.train.loop import Shuffled, Stage, optimise
from models.train.losses import label_loss
from models.train.planes import UNKNOWN

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from models.architectures.blocks import ViewHead, ViewOutput
    from models.train.plan import TrainPlan
    from models.train.progress import Progress
    from models.train.reading import Readings

BATCH = 64
NOISE = 0.15
"""Deviation of what is added to logits and features, so that the head trusts no exact value."""
LOST = 0.1
"""Chance that a region is hidden from the head."""
REGION_WEIGHT = 1.0


class Views:
    """Every current and prior view of some readings that exists, as tensors, one row per view."""

    def __init__(self, data: Readings) -> None:
        there = data.there.reshape(-1) > 0
        names = ("regions", "mask", "pooled", "features", "region_labels", "view_labels")
        flat = {n: torch.from_numpy(_flat(getattr(data, n))[there]) for n in names}
        self.inputs = (flat["regions"], flat["mask"], flat["pooled"], flat["features"])
        self.region_labels, self.view_labels = flat["region_labels"], flat["view_labels"]

    def __len__(self) -> int:
        return len(self.view_labels)


def train_view_head(
    plan: TrainPlan, network: ViewHead, data: Readings, validation: Readings, checkpoint: Path, progress: Progress
) -> int:
    """Train the head; return the epochs run."""
    views, judged = Views(data), Views(validation)
    batches = Shuffled(len(views), BATCH, lambda index, rng: _loss(network, views, torch.from_numpy(index), rng))
    stage = Stage("view", plan.combine_epochs, batches.steps, 5e-3, 1e-2, plan.seed + 2)
    return optimise(stage, network, batches.losses, checkpoint, progress, lambda: _figures(network, judged))


def answers(network: ViewHead, data: Readings) -> ViewOutput:
    """Return the head's outputs for every slot of every exam and time, in flat order; absent views are rows too."""
    names = ("regions", "mask", "pooled", "features")
    with torch.inference_mode():
        output: ViewOutput = network(*(torch.from_numpy(_flat(getattr(data, name))) for name in names))
    return output


def _loss(network: ViewHead, views: Views, index: Tensor, rng: np.random.Generator) -> Tensor:
    """View label, types, and the label of each region."""
    regions, mask, pooled, features = (value[index] for value in views.inputs)
    kept = mask * torch.from_numpy((rng.random(mask.shape) >= LOST).astype(np.float32))
    out = network(_noisy(regions, rng), kept, _noisy(pooled, rng), _noisy(features, rng))
    labels, marked = views.view_labels[index], views.region_labels[index]
    view = label_loss(torch.cat([out.logit[:, None], out.types], 1), labels)
    there = kept > 0
    if not bool(there.any()):
        return view
    return view + REGION_WEIGHT * label_loss(out.regions[there], marked[there])


def _noisy(values: Tensor, rng: np.random.Generator) -> Tensor:
    return values + NOISE * torch.from_numpy(rng.standard_normal(values.shape, dtype=np.float32))


def _figures(network: ViewHead, views: Views) -> dict[str, float]:
    """AUC of views from the global net alone, and from everything; and of regions."""
    with torch.inference_mode():
        out = network(*views.inputs)
    sick, there = views.view_labels[:, 0].numpy() == 1, views.inputs[1].numpy() > 0
    there &= views.region_labels[..., 0].numpy() != UNKNOWN
    marked = views.region_labels[..., 0].numpy()[there] == 1
    bce = functional.binary_cross_entropy_with_logits(out.logit, views.view_labels[:, 0])
    return {
        "auc_global": auc(views.inputs[2][:, 0].numpy(), sick),
        "auc": auc(out.logit.numpy(), sick),
        "auc_regions_global": auc(views.inputs[0][..., 0].numpy()[there], marked),
        "auc_regions": auc(out.regions[..., 0].numpy()[there], marked),
        "cross_entropy": float(bce),
    }


def _flat(values: np.ndarray) -> np.ndarray:
    """(N, T, 4, ...) -> (N * T * 4, ...)."""
    return np.ascontiguousarray(values.reshape(-1, *values.shape[3:]))
