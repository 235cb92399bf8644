"""The optimisation itself, the same for every network: seeded, averaged, resumable after every epoch."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from models.train.progress import Progress

    Losses = Callable[[int, np.random.Generator], Iterator[tuple[Tensor, int]]]
    """(epoch, rng) -> per step the loss and how many items it was taken over."""

AVERAGE = 0.998
"""Share of the averaged weights that one step keeps."""
_TRIAL_STEPS = 6


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of training. `minutes` > 0 lowers `epochs` to what fits, measured on the first steps."""

    name: str
    epochs: int
    steps: int
    learning_rate: float
    weight_decay: float
    seed: int
    minutes: float = 0.0


@dataclass(frozen=True, slots=True)
class Shuffled:
    """Every item once per epoch, in a new order, in batches of `size`; what no longer fills a batch is left out.

    `loss` takes the indices of a batch and the epoch's random numbers. Fewer items than `size` are one batch.
    """

    items: int
    size: int
    loss: Callable[[NDArray[np.int64], np.random.Generator], Tensor]

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        return max(1, self.items // self.size)

    def losses(self, epoch: int, rng: np.random.Generator) -> Iterator[tuple[Tensor, int]]:
        """Yield the loss of each batch with its length, as `optimise` wants them."""
        del epoch
        order = rng.permutation(self.items)
        for step in range(self.steps):
            index = order[step * self.size : (step + 1) * self.size]
            yield self.loss(index, rng), len(index)


def optimise(
    stage: Stage,
    network: nn.Module,
    losses: Losses,
    checkpoint: Path,
    progress: Progress,
    judge: Callable[[], dict[str, float]] | None = None,
) -> int:
    """Train `network` in place, going on from `checkpoint`; it ends with averaged weights. Return the epochs run.

    `judge` names figures of the averaged network after each epoch. The network is left in eval mode.
    """
    optimiser = torch.optim.AdamW(_groups(network, stage.weight_decay), stage.learning_rate)
    average = Average(network)
    first, epochs = _resume(network, optimiser, average, checkpoint)
    if epochs == 0:
        epochs = _affordable(stage, network, losses)
    for epoch in range(first, epochs):
        began = time.monotonic()
        mean, items = _epoch(stage, epoch, epochs, network, optimiser, average, losses, progress)
        seconds = time.monotonic() - began
        with average.applied():
            network.eval()
            figures = judge() if judge else {}
        _save(checkpoint, epoch + 1, epochs, network, optimiser, average)
        progress.row(stage.name, epoch + 1, loss=mean, seconds=seconds, items_per_second=items / seconds, **figures)
    average.copy_to()
    network.eval()
    return epochs


class Average:
    """An exponential average of a network's parameters; batch statistics are not averaged, they are measured anew."""

    def __init__(self, network: nn.Module) -> None:
        self._live = [p for p in network.parameters() if p.requires_grad]
        self.values = [p.detach().clone() for p in self._live]
        self.steps = 0

    def update(self) -> None:
        """Take in the parameters after a step; early steps count more."""
        self.steps += 1
        keep = min(AVERAGE, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for value, live in zip(self.values, self._live, strict=True):
                value.lerp_(live, 1 - keep)

    def copy_to(self) -> None:
        """Put the averaged values into the network."""
        with torch.no_grad():
            for value, live in zip(self.values, self._live, strict=True):
                live.copy_(value)

    def applied(self) -> _Applied:
        """Return a context in which the network holds the averaged values."""
        return _Applied(self)

    def live(self) -> list[Tensor]:
        """Return copies of the network's own values."""
        return [p.detach().clone() for p in self._live]

    def restore(self, values: list[Tensor]) -> None:
        """Put back what `live` returned."""
        with torch.no_grad():
            for value, live in zip(values, self._live, strict=True):
                live.copy_(value)


class _Applied:
    """Swaps averaged values in and out."""

    def __init__(self, average: Average) -> None:
        self._average = average
        self._live: list[Tensor] = []

    def __enter__(self) -> None:
        self._live = self._average.live()
        self._average.copy_to()

    def __exit__(self, *_: object) -> None:
        self._average.restore(self._live)


def _groups(network: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Decay kernels and matrices only."""
    learned = [p for p in network.parameters() if p.requires_grad]
    return [
        {"params": [p for p in learned if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in learned if p.ndim <= 1], "weight_decay": 0.0},
    ]


def _affordable(stage: Stage, network: nn.Module, losses: Losses) -> int:
    """Epochs that fit the stage's minutes, by the pace of a few forward and backward passes that change nothing."""
    if stage.minutes <= 0:
        return stage.epochs
    network.train()
    state = {key: value.clone() for key, value in network.state_dict().items()}
    marks = [time.monotonic()]
    for (loss, _), _ in zip(losses(0, _rng(stage, 0)), range(_TRIAL_STEPS), strict=False):
        loss.backward()  # type: ignore[no-untyped-call]
        marks.append(time.monotonic())
    network.zero_grad(set_to_none=True)
    network.load_state_dict(state)
    per_step = float(np.median(np.diff(marks)[1:])) if len(marks) > 2 else 0.0
    fitting = int(60 * stage.minutes / max(1e-6, per_step * stage.steps))
    return max(1, min(stage.epochs, fitting))


def _rng(stage: Stage, epoch: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([stage.seed, epoch]))


def _epoch(
    stage: Stage,
    epoch: int,
    epochs: int,
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    average: Average,
    losses: Losses,
    progress: Progress,
) -> tuple[float, int]:
    """One epoch with warm-up and cosine learning rate; return the mean loss and the number of items."""
    network.train()
    torch.manual_seed(stage.seed + epoch)
    total, items = [], 0
    with progress.bar(stage.name, stage.steps) as advance:
        for step, (loss, count) in enumerate(losses(epoch, _rng(stage, epoch))):
            for group in optimiser.param_groups:
                group["lr"] = stage.learning_rate * schedule((epoch * stage.steps + step) / (epochs * stage.steps))
            _step(loss, network, optimiser)
            average.update()
            total.append(float(loss.detach()))
            items += count
            advance(1)
    return float(np.mean(total)) if total else math.nan, items


def schedule(done: float) -> float:
    """Linear warm-up over the first twentieth, then a cosine to a hundredth.

    >>> round(schedule(0.05), 3), round(schedule(1.0), 3)
    (1.0, 0.01)
    """
    if done < 0.05:
        return 0.05 + 0.95 * done / 0.05
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (min(1.0, done) - 0.05) / 0.95))


def _step(loss: Tensor, network: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    """One update with clipped gradients."""
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
    optimiser.step()


def _save(
    path: Path, done: int, epochs: int, network: nn.Module, optimiser: torch.optim.Optimizer, average: Average
) -> None:
    """Write the checkpoint beside its place, then move it there, so that a kill leaves a whole one."""
    state = {
        "done": done,
        "epochs": epochs,
        "network": network.state_dict(),
        "optimiser": optimiser.state_dict(),
        "average": average.values,
        "steps": average.steps,
    }
    waiting = path.with_suffix(".part")
    torch.save(state, waiting)
    waiting.replace(path)


def _resume(
    network: nn.Module, optimiser: torch.optim.Optimizer, average: Average, checkpoint: Path
) -> tuple[int, int]:
    """Load the last finished epoch; return (finished epochs, planned epochs), zeros for a fresh start."""
    if not checkpoint.exists():
        return 0, 0
    state = torch.load(checkpoint, weights_only=True)
    network.load_state_dict(state["network"])
    optimiser.load_state_dict(state["optimiser"])
    average.values, average.steps = state["average"], int(state["steps"])
    return int(state["done"]), int(state["epochs"])
