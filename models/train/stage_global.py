"""Stage one: the global net learns on balanced crops, then settles on whole views.

The parts that speak for a whole image (pooling, density) cannot learn on crops: they are fitted to what the finished
net says of whole views.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import scipy.ndimage
import torch
from torch import nn

from models.evaluate import auc
from models.train import augment, crops
from models.train.loop import Stage, optimise
from models.train.losses import density_loss, global_loss, label_loss
from models.train.planes import STRIDE, UNKNOWN, restore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from models.architectures.blocks import GlobalNet
    from models.train.crops import Places
    from models.train.plan import TrainPlan
    from models.train.planes import Planes
    from models.train.progress import Progress

MINING_VIEWS = 160
_STATISTICS_BATCHES = 60
_GUARD_CELLS = 3
_PEAKS = 3


def train_on_crops(
    plan: TrainPlan,
    network: GlobalNet,
    data: Planes,
    validation: Planes,
    checkpoint: Path,
    progress: Progress,
    minutes: float,
) -> int:
    """Train on crops; return the epochs run. Each epoch draws anew and adds where the last one was wrong."""
    steps = max(1, plan.crops // plan.batch)
    stage = Stage("global", plan.epochs, steps, plan.learning_rate, plan.weight_decay, plan.seed, minutes)

    def losses(epoch: int, rng: np.random.Generator) -> Iterator[tuple[Tensor, int]]:
        hard = mined(network, data, rng, progress) if epoch else crops.NOWHERE
        network.train()
        places = crops.draw(data, steps * plan.batch, plan.crop_px, hard, rng)
        for step in range(steps):
            index = np.arange(step * plan.batch, (step + 1) * plan.batch)
            yield crop_loss(network, data, places.take(index), plan.crop_px, rng), plan.batch

    return optimise(stage, network, losses, checkpoint, progress, lambda: figures(network, validation))


def crop_loss(network: GlobalNet, data: Planes, places: Places, size: int, rng: np.random.Generator) -> Tensor:
    """Return the loss of one batch of augmented crops."""
    images, targets = (torch.from_numpy(array) for array in crops.cut(data, places, size))
    images = augment.jittered(images, rng, augment.GLOBAL)
    images, targets = augment.flipped(rng, images, targets, sideways=True)
    density = torch.from_numpy(data.labels[places.plane, -1].astype(np.int64))
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(images.contiguous(memory_format=torch.channels_last))
    return global_loss(logits, targets, density)


def mined(network: GlobalNet, data: Planes, rng: np.random.Generator, progress: Progress) -> Places:
    """Return the most suspicious places of some planes that no finding touches."""
    began = time.monotonic()
    chosen = rng.choice(len(data), min(MINING_VIEWS, len(data)), replace=False)
    found = []
    for number, cells in zip(chosen, whole_cells(network, data, chosen), strict=True):
        touched = scipy.ndimage.binary_dilation(data.targets[number].any(0), iterations=_GUARD_CELLS)
        free = np.where(touched, -np.inf, cells)
        rows, cols = np.unravel_index(np.argsort(free, axis=None)[::-1][: 40 * _PEAKS : 40], free.shape)
        found += [(number, (c + 0.5) * STRIDE, (r + 0.5) * STRIDE) for r, c in zip(rows, cols, strict=True)]
    progress.count("mining views", len(chosen), time.monotonic() - began)
    plane, x, y = (np.array(column) for column in zip(*found, strict=True))
    return crops.Places(plane.astype(np.int64), x.astype(float), y.astype(float))


def whole_cells(network: GlobalNet, data: Planes, chosen: NDArray[np.int64]) -> Iterator[NDArray[np.float32]]:
    """Yield the malignancy logits (h, w) of whole planes."""
    network.eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for number in chosen:
            yield network(whole(data, np.array([number]))).cells[0, 0].float().numpy()


def whole(data: Planes, index: NDArray[np.int64]) -> Tensor:
    """Return whole planes as the network takes them, float32 (B, C, H, W)."""
    return torch.from_numpy(restore(data.images[index])).contiguous(memory_format=torch.channels_last)


def figures(network: GlobalNet, validation: Planes) -> dict[str, float]:
    """Return the AUC of whole planes and the share of cancers that hold their plane's highest cell."""
    scores, hits = [], []
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for number in range(len(validation)):
            out = network(whole(validation, np.array([number])))
            scores.append(float(out.pooled[0, 0]))
            if validation.labels[number, 0] == 1:
                hits.append(validation.targets[number, 0].ravel()[int(out.cells[0, 0].argmax())] == 1)
    told = validation.labels[:, 0] != UNKNOWN
    area = auc(np.array(scores)[told], validation.labels[told, 0] == 1)
    return {"auc": area, "highest_on_cancer": float(np.mean(hits)) if hits else 0.0}


def settle(plan: TrainPlan, network: GlobalNet, data: Planes, rng: np.random.Generator) -> None:
    """Measure every batch normalisation's mean and variance anew, for the averaged weights, on crops as in training.

    Whole views would be wrong here: most of a view is air, and the net learned with the statistics of tissue.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    network.train()
    places = crops.draw(data, _STATISTICS_BATCHES * plan.batch, plan.crop_px, crops.NOWHERE, rng)
    with torch.no_grad():
        for batch in range(_STATISTICS_BATCHES):
            index = np.arange(batch * plan.batch, (batch + 1) * plan.batch)
            crop_loss(network, data, places.take(index), plan.crop_px, rng)
    for norm, momentum in zip(norms, before, strict=True):
        norm.momentum = momentum
    network.eval()


def fit_pooling(
    plan: TrainPlan, network: GlobalNet, data: Planes, progress: Progress, *, untyped: bool = False
) -> None:
    """Fit the pooling line and the density head to whole planes; the rest of the net stays as it is.

    Planes near a finding, neither with nor without it, are left out; with `untyped`, only those of which not even
    malignancy is known. What these parts need of a plane is the mean of its highest cells and its mean deep features,
    so every plane passes the net once and the fit takes seconds.
    """
    told = data.labels[:, :-1] != UNKNOWN
    chosen = np.flatnonzero(told[:, 0] if untyped else told.all(1))
    inputs = _pooling_inputs(network, data, chosen, progress)
    labels = torch.from_numpy(data.labels[chosen].astype(np.float32))
    learned = [network.pool_scale, network.pool_shift, *network.density.parameters()]
    optimiser = torch.optim.AdamW(learned, 2e-2, weight_decay=1e-3)
    for _ in range(20 * plan.whole_epochs):
        pooled = inputs[0] * network.pool_scale + network.pool_shift
        loss = label_loss(pooled, labels[:, :-1]) + density_loss(network.density(inputs[1]), labels[:, -1].long())
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    progress.say(f"pooling and density fitted to {len(chosen)} planes, loss {float(loss.detach()):.3f}")


def _pooling_inputs(
    network: GlobalNet, data: Planes, chosen: NDArray[np.int64], progress: Progress
) -> tuple[Tensor, Tensor]:
    """Mean of the highest cells (P, 5) and the density head's input (P, F) of the chosen planes."""
    deep: list[Tensor] = []
    handle = network.density.register_forward_hook(lambda _, args, __: deep.append(args[0].float()))
    highest = []
    with progress.bar("whole planes", len(chosen)) as advance, torch.no_grad():
        for start in range(0, len(chosen), 4):
            with torch.autocast("cpu", torch.bfloat16):
                pooled = network(whole(data, chosen[start : start + 4])).pooled.float()
            highest.append((pooled - network.pool_shift) / network.pool_scale)
            advance(len(pooled))
    handle.remove()
    return torch.cat(highest), torch.cat(deep)
