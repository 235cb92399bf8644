"""Stage four: the exam network learns to join the views of both breasts and of the prior exam."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from models.evaluate import auc
from models.train.loop import Shuffled, Stage, optimise
from models.train.stage_view import answers

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from models.architectures.blocks import ViewHead
    from models.architectures.exam_fusion import ExamFusion
    from models.train.plan import TrainPlan
    from models.train.progress import Progress
    from models.train.reading import Readings

BATCH = 32
NO_PRIOR = 0.3
"""Chance that a prior is left out of a step, so that exams without one are read as well."""
NO_VIEW = 0.04
"""Chance that a view is left out of a step."""
_SLOTS = 4


class Exams:
    """Embeddings (N, T, 4, E), which views exist (N, T, 4) and the truth of breasts (N, 2), as tensors."""

    def __init__(self, head: ViewHead, data: Readings) -> None:
        embedding = answers(head, data).embedding
        self.embeddings = embedding.reshape(*data.mask.shape[:3], embedding.shape[-1]).clone()
        self.there = torch.from_numpy(data.there)
        self.breasts = torch.from_numpy(data.breast_labels)

    def __len__(self) -> int:
        return len(self.breasts)


def train_fusion(
    plan: TrainPlan,
    network: ExamFusion,
    head: ViewHead,
    data: Readings,
    validation: Readings,
    checkpoint: Path,
    progress: Progress,
) -> int:
    """Train the exam network; return the epochs run."""
    exams, judged = Exams(head, data), Exams(head, validation)
    batches = Shuffled(len(exams), BATCH, lambda index, rng: _loss(network, exams, torch.from_numpy(index), rng))
    stage = Stage("fusion", plan.fusion_epochs, batches.steps, 2e-3, 5e-2, plan.seed + 3)
    return optimise(stage, network, batches.losses, checkpoint, progress, lambda: figures(network, judged))


def _loss(network: ExamFusion, exams: Exams, index: Tensor, rng: np.random.Generator) -> Tensor:
    """Cross entropy of breasts and exam, with views and priors left out at random."""
    now, before = exams.embeddings[index, 0], exams.embeddings[index, 1]
    count, breasts = len(index), exams.breasts[index]
    mask = torch.from_numpy((rng.random((count, _SLOTS)) >= NO_VIEW).astype(np.float32))
    mask[mask.sum(1) == 0] = 1.0
    mask = mask * exams.there[index, 0]
    had = exams.there[index, 1] * torch.from_numpy((rng.random((count, 1)) >= NO_PRIOR).astype(np.float32))
    out = network(now, mask, before, had)
    sick = breasts.amax(1)
    return functional.binary_cross_entropy_with_logits(
        out.exam, sick
    ) + 2 * functional.binary_cross_entropy_with_logits(out.breasts, breasts)


def figures(network: ExamFusion, exams: Exams) -> dict[str, float]:
    """Return the AUC of exams by the plain rule, without priors and with them, and of breasts with them."""
    now, before = exams.embeddings[:, 0], exams.embeddings[:, 1]
    everything, had = exams.there[:, 0], exams.there[:, 1]
    with torch.inference_mode():
        alone = network(now, everything, before, torch.zeros_like(everything)).exam
        both = network(now, everything, before, had)
    plain = now[..., 0].reshape(-1, 2, 2).mean(2).amax(1)
    sick = exams.breasts.amax(1).numpy() == 1
    scores = {"plain": plain, "auc_no_prior": alone, "auc": both.exam}
    breasts = auc(both.breasts.flatten().numpy(), exams.breasts.flatten().numpy() == 1)
    return {**{name: auc(score.numpy(), sick) for name, score in scores.items()}, "breast": breasts}
