"""Stage two and a half, of volumes only: the slab head learns which slabs speak for a volume.

It needs nothing but what the finished global net said of each slab, which the readings hold; what they hold of whole
volumes is then said again by the trained head.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.architectures.graphs import DENSITIES, LOGITS
from models.evaluate import auc
from models.train.loop import Shuffled, Stage, optimise
from models.train.losses import label_loss

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from models.architectures.dbt_slab import SlabHead, SlabOutput
    from models.train.plan import TrainPlan
    from models.train.progress import Progress
    from models.train.reading import Readings

BATCH = 16
NOISE = 0.15


def train_slab_head(
    plan: TrainPlan, network: SlabHead, data: Readings, validation: Readings, checkpoint: Path, progress: Progress
) -> int:
    """Train the head on volumes' labels; return the epochs run."""
    slabs, labels = _volumes(data)
    judged, truth = _volumes(validation)

    def loss(index: NDArray[np.int64], rng: np.random.Generator) -> Tensor:
        pooled = torch.cat([said(network, _noisy(slabs[i], rng)).pooled for i in index])
        return label_loss(pooled, torch.from_numpy(labels[index]))

    def figures() -> dict[str, float]:
        with torch.inference_mode():
            scores = np.array([float(said(network, volume).pooled[0, 0]) for volume in judged])
        return {"auc": auc(scores, truth[:, 0] == 1)}

    batches = Shuffled(len(slabs), BATCH, loss)
    stage = Stage("slabs", plan.combine_epochs, batches.steps, 3e-3, 1e-2, plan.seed + 4)
    return optimise(stage, network, batches.losses, checkpoint, progress, figures)


def reread(network: SlabHead, data: Readings) -> Readings:
    """Return readings whose pooled logits, features and descriptors are what the trained head says."""
    pooled, features, descriptors = data.pooled.copy(), data.features.copy(), data.descriptors.copy()
    for place in np.ndindex(data.there.shape):
        if data.there[place] > 0:
            with torch.inference_mode():
                answer = said(network, _present(data, place))
            pooled[place], features[place] = answer.pooled[0].numpy(), answer.features[0].numpy()
            descriptors[place][: features.shape[-1]] = features[place]
    return replace(data, pooled=pooled, features=features, descriptors=descriptors)


def said(network: SlabHead, slabs: NDArray[np.float32]) -> SlabOutput:
    """Return the head's answer to one volume's slabs float32 (S, 5 + F); the density they do not hold is left at 0."""
    given = torch.from_numpy(slabs)
    answer: SlabOutput = network(given[:, :LOGITS], torch.zeros(len(given), DENSITIES), given[:, LOGITS:])
    return answer


def _volumes(data: Readings) -> tuple[list[NDArray[np.float32]], NDArray[np.float32]]:
    """Slabs of every volume there is, and labels float32 (V, 5)."""
    places = [place for place in np.ndindex(data.there.shape) if data.there[place] > 0]
    return [_present(data, place) for place in places], np.stack([data.view_labels[place] for place in places])


def _present(data: Readings, place: tuple[int, ...]) -> NDArray[np.float32]:
    return np.ascontiguousarray(data.slabs[place][data.slab_mask[place] > 0])


def _noisy(slabs: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    return slabs + np.float32(NOISE) * rng.standard_normal(slabs.shape, dtype=np.float32)
