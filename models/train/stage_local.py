"""Stage two: the local net learns to tell findings from each other and from what misled the map, at 0.1 mm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.evaluate import auc
from models.train import augment
from models.train.loop import Stage, optimise
from models.train.losses import label_loss
from models.train.planes import restore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from models.architectures.blocks import LocalNet
    from models.train.plan import TrainPlan
    from models.train.progress import Progress

SHARES = (0.35, 0.25)
"""Part of each batch that shows a cancer, and a benign finding; the rest shows neither."""


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """`images` uint8 (N, 1, 192, 192) in 255 levels between the clips, `labels` uint8 (N, 5), `women` int64 (N,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    women: NDArray[np.int64]

    def kept(self, teaches: Callable[[NDArray[np.int64]], NDArray[np.bool_]]) -> Windows:
        """Return the windows of the women for whom `teaches` is true."""
        which = teaches(self.women)
        return self if which.all() else Windows(self.images[which], self.labels[which], self.women[which])


def from_columns(chunks: Sequence[dict[str, NDArray[np.generic]]]) -> Windows:
    """Return the windows of chunks that `windows.window_columns` made."""
    columns = [np.concatenate([chunk[name] for chunk in chunks]) for name in ("windows", "labels", "women")]
    return Windows(*columns)


def side_columns(chunk: dict[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
    """Return the windows that a chunk of slabs holds beside them."""
    return {"windows": chunk["windows"], "labels": chunk["window_labels"], "women": chunk["window_women"]}


def train_on_windows(
    plan: TrainPlan,
    network: LocalNet,
    data: Windows,
    validation: Windows,
    checkpoint: Path,
    progress: Progress,
    minutes: float,
) -> int:
    """Train on windows in balanced batches; return the epochs run."""
    steps = max(1, len(data.labels) // plan.local_batch)
    stage = Stage("local", plan.local_epochs, steps, plan.learning_rate, plan.weight_decay, plan.seed + 1, minutes)
    groups = _groups(data)

    def losses(epoch: int, rng: np.random.Generator) -> Iterator[tuple[Tensor, int]]:
        del epoch
        for _ in range(steps):
            yield _loss(network, data, _drawn(groups, plan.local_batch, rng), rng), plan.local_batch

    return optimise(stage, network, losses, checkpoint, progress, lambda: _figures(network, validation))


def _loss(network: LocalNet, data: Windows, index: NDArray[np.int64], rng: np.random.Generator) -> Tensor:
    images = augment.jittered(torch.from_numpy(restore(data.images[index])), rng, augment.LOCAL)
    (images,) = augment.flipped(rng, images, sideways=True)
    if rng.random() < 0.5:
        images = images.transpose(-1, -2)
    labels = torch.from_numpy(data.labels[index].astype(np.float32))
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(images.contiguous(memory_format=torch.channels_last)).logits
    return label_loss(logits.float(), labels)


def _groups(data: Windows) -> list[NDArray[np.int64]]:
    """Indices of windows with a cancer, with a benign finding, and with neither."""
    sick, any_finding = data.labels[:, 0] == 1, data.labels.any(1)
    return [np.flatnonzero(sick), np.flatnonzero(any_finding & ~sick), np.flatnonzero(~any_finding)]


def _drawn(groups: Sequence[NDArray[np.int64]], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """One batch: the shares above where the groups are filled."""
    chances = np.array([*SHARES, 1.0 - sum(SHARES)]) * np.array([group.size > 0 for group in groups])
    which = rng.choice(len(groups), count, p=chances / chances.sum())
    return np.array([groups[w][rng.integers(groups[w].size)] for w in which])


def _figures(network: LocalNet, validation: Windows) -> dict[str, float]:
    """AUC of cancer against all else, and against benign findings."""
    scores = []
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for start in range(0, len(validation.labels), 32):
            images = torch.from_numpy(restore(validation.images[start : start + 32]))
            scores.append(network(images.contiguous(memory_format=torch.channels_last)).logits[:, 0].float().numpy())
    score, sick = np.concatenate(scores), validation.labels[:, 0] == 1
    finding = validation.labels.any(1)
    return {"auc": auc(score, sick), "auc_findings": auc(score[finding], sick[finding])}
