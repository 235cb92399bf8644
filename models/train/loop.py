"""The optimisation itself: seeded, resumable after every epoch, one progress line at a time."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.architectures import build
from models.evaluate import auc
from models.train.losses import total_loss
from models.train.samples import STRIDE, restore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from models.architectures.saliency_fpn import SaliencyFpn
    from models.train.cache import Samples
    from models.train.plan import TrainPlan


def train(
    plan: TrainPlan, data: Samples, validation: Samples, checkpoint: Path, report: Callable[[str], None]
) -> SaliencyFpn:
    """Return the trained network in eval mode; continues from `checkpoint` where an earlier run stopped."""
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    network = build(plan.architecture)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters(), plan.learning_rate, weight_decay=plan.weight_decay)
    first = _resume(network, optimiser, checkpoint)
    for epoch in range(first, plan.epochs):
        _epoch(plan, epoch, network, optimiser, data, report)
        scores = predict_logits(network, validation)
        report(f"epoch {epoch + 1} done, validation view AUC {auc(scores, validation.labels[:, 0] == 1):.3f}")
        state = {"epoch": epoch + 1, "network": network.state_dict(), "optimiser": optimiser.state_dict()}
        torch.save(state, checkpoint)
    network.eval()
    return network


def predict_logits(network: SaliencyFpn, data: Samples, batch: int = 16) -> NDArray[np.float32]:
    """Return the malignancy logit of each sample, float32 (N,)."""
    network.eval()
    scores = []
    with torch.inference_mode():
        for start in range(0, len(data.labels), batch):
            images = torch.from_numpy(restore(np.asarray(data.images[start : start + batch])))[:, None]
            scores.append(network(images).malignancy.numpy())
    return np.concatenate(scores)


def _resume(network: SaliencyFpn, optimiser: torch.optim.Optimizer, checkpoint: Path) -> int:
    """Load the last finished epoch; return the number of finished epochs."""
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    network.load_state_dict(state["network"])
    optimiser.load_state_dict(state["optimiser"])
    return int(state["epoch"])


def _epoch(
    plan: TrainPlan,
    epoch: int,
    network: SaliencyFpn,
    optimiser: torch.optim.Optimizer,
    data: Samples,
    report: Callable[[str], None],
) -> None:
    """One pass over the data in a seeded order with a warm-up and cosine learning rate."""
    network.train()
    rng = np.random.Generator(np.random.PCG64([plan.seed, epoch]))
    order = rng.permutation(len(data.labels))
    steps = len(order) // plan.batch
    started, mean = time.perf_counter(), math.nan
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = plan.learning_rate * _schedule((epoch * steps + step) / (plan.epochs * steps))
        index = np.sort(order[step * plan.batch : (step + 1) * plan.batch])
        loss = _step(network, optimiser, *_batch(data, index, rng))
        mean = loss if math.isnan(mean) else 0.98 * mean + 0.02 * loss
        if (step + 1) % 25 == 0 or step + 1 == steps:
            pace = (time.perf_counter() - started) / (step + 1)
            report(f"epoch {epoch + 1}/{plan.epochs} step {step + 1}/{steps} loss {mean:.3f} {pace:.2f} s/step")


def _schedule(progress: float) -> float:
    """Linear warm-up over the first twentieth, then a cosine to a hundredth."""
    if progress < 0.05:
        return 0.05 + 0.95 * progress / 0.05
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (progress - 0.05) / 0.95))


def _step(
    network: SaliencyFpn, optimiser: torch.optim.Optimizer, images: Tensor, target: Tensor, labels: Tensor
) -> float:
    """One update in bfloat16 with clipped gradients; return the loss."""
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(images)
    loss = total_loss(logits, target, labels)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
    optimiser.step()
    return float(loss.detach())


def _batch(data: Samples, index: NDArray[np.int64], rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Read and augment: mirror top to bottom, stretch contrast and curve, shift brightness, add noise."""
    images, target = restore(data.images[index]), data.targets[index].astype(np.float32)
    air = images <= images.min()
    wide = 32 * math.ceil((int(np.flatnonzero(~air.all((0, 1)))[-1]) + 1) / 32)  # air to the right teaches nothing
    images, target, air = images[:, :, :wide], target[:, :, :, : wide // STRIDE], air[:, :, :wide]
    for row in range(len(index)):
        gain, shift, bend = rng.uniform(0.85, 1.15), rng.normal(0, 0.08), rng.uniform(-0.03, 0.03)
        images[row] = images[row] * gain + shift + bend * images[row] ** 2
    grain = rng.standard_normal(images.shape[1:], dtype=np.float32) * np.float32(rng.uniform(0.0, 0.08))
    images += grain  # one grain for the whole batch: each view still meets a new one every epoch
    images[air] = -3.0
    if rng.random() < 0.5:
        images, target = images[:, ::-1], target[:, :, ::-1]
    shaped = torch.from_numpy(np.ascontiguousarray(images))[:, None].contiguous(memory_format=torch.channels_last)
    labels = torch.from_numpy(data.labels[index].astype(np.int64))
    return shaped, torch.from_numpy(np.ascontiguousarray(target)), labels
