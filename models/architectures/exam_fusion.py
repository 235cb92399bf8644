"""Family `exam_fusion`: from the embeddings of up to four views, and of a prior exam, to breasts and the exam.

A view's embedding is `blocks.ViewOutput.embedding`, EMBEDDING numbers. Slots are in the order of `labels.SLOTS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import nn
from torch.nn import functional

from models.architectures.graphs import EMBEDDING, Graph

if TYPE_CHECKING:
    from torch import Tensor

_SLOTS = 4


class Output(NamedTuple):
    """Raw outputs of B exams: breasts (B, 2), left then right, and exam (B,)."""

    breasts: Tensor
    exam: Tensor


class ExamFusion(nn.Module):
    """Symmetric in CC and MLO, and in left and right: exchanging sides exchanges the breast logits and no more.

    Inputs of B exams: views (B, 4, EMBEDDING), mask (B, 4) with 1 where the view exists, priors and their mask alike.
    Train with slots and priors left out at random. A breast's logit is the mean of its views' logits plus a learned
    correction from both views, the other breast and the prior; the exam's is a soft maximum of its breasts, scaled.
    """

    def __init__(self, width: int = 24, hidden: int = 24) -> None:
        super().__init__()
        self.embedding = EMBEDDING
        self.encode = nn.Sequential(nn.LayerNorm(EMBEDDING), nn.Linear(EMBEDDING, width), nn.ReLU())
        self.hidden = nn.Linear(4 * width + 5, hidden)
        self.output = nn.Linear(hidden, 1)
        self.scale = nn.Parameter(torch.ones(2))
        self.exam_scale = nn.Parameter(torch.ones(1))
        self.exam_shift = nn.Parameter(torch.zeros(1))
        nn.init.normal_(self.output.weight, std=0.01)
        nn.init.zeros_(self.output.bias)

    def forward(self, views: Tensor, mask: Tensor, priors: Tensor, prior_mask: Tensor) -> Output:
        """Return the logits. A breast without any view gets the logit ABSENT_BREAST and does not move the exam's."""
        now, logit = self._breasts(views, mask)
        before, prior_logit = self._breasts(priors, prior_mask)
        seen, had = sides(mask).amax(2), sides(prior_mask).amax(2)
        both = (seen * had)[..., None]
        mean, spread = now
        change = (mean - before[0]) * both
        asymmetry = (mean - mean.flip(1)) * (seen * seen.flip(1))[..., None]
        rise = (logit - prior_logit) * both[..., 0]
        lead = (logit - logit.flip(1)) * seen * seen.flip(1)
        facts = torch.stack([logit, rise, lead, had, sides(mask).amin(2)], 2)
        hidden = functional.relu(self.hidden(torch.cat([mean, spread, asymmetry, change, facts], 2)))
        breasts = logit * self.scale[0] + rise * (self.scale[1] - 1.0) + self.output(hidden)[..., 0]
        breasts = breasts * seen + ABSENT_BREAST * (1.0 - seen)
        exam = torch.logsumexp(breasts, 1) * self.exam_scale + self.exam_shift
        return Output(breasts, exam)

    def _breasts(self, views: Tensor, mask: Tensor) -> tuple[tuple[Tensor, Tensor], Tensor]:
        """Mean and difference of the views of each breast (B, 2, width), and the mean of their logits (B, 2)."""
        code = sides(self.encode(views))
        there = sides(mask)
        count = there.sum(2).clamp(min=1.0)
        mean = (code * there[..., None]).sum(2) / count[..., None]
        spread = (code[:, :, 0] - code[:, :, 1]).abs() * there.amin(2)[..., None]
        logit = (sides(views[..., 0]) * there).sum(2) / count
        return (mean, spread), logit

    def graphs(self) -> dict[str, Graph]:
        """Return the graph `fusion`; see `architectures.graphs`."""
        views, mask = (1, _SLOTS, EMBEDDING), (1, _SLOTS)
        return {"fusion": Graph(self, (views, mask, views, mask), Output._fields)}


def sides(slots: Tensor) -> Tensor:
    """Return (B, 4, ...) slots as (B, 2 sides, 2 views, ...)."""
    return slots.reshape(slots.shape[0], 2, 2, *slots.shape[2:])


ABSENT_BREAST = -12.0
"""Logit of a breast that no view shows."""


def small() -> ExamFusion:
    """About 4,000 parameters."""
    return ExamFusion()


VARIANTS = {"exam_fusion.small": small}
