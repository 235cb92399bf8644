"""Every number that decides a training run, in one frozen record that goes into the card."""

from __future__ import annotations

from dataclasses import dataclass

TRAIN_SEEDS = 1_000_000
HELD_OUT_SEEDS = 2_000_000
VALIDATION_SEEDS = 3_000_000
"""First woman of each split; splits are a million women apart and never meet."""


@dataclass(frozen=True, slots=True)
class TrainPlan:
    """One reproducible run. Shares are chances that a woman has a cancer: enriched, so that the network sees some."""

    architecture: str = "saliency_fpn.tiny"
    seed: int = 20260101
    breasts: int = 2600
    malignant_share: float = 0.55
    validation_breasts: int = 250
    epochs: int = 3
    batch: int = 8
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    held_out_exams_per_vendor: int = 250
    held_out_malignant_share: float = 0.35
    workers: int = 2
    threads: int = 2


SMOKE = TrainPlan(
    breasts=8,
    validation_breasts=8,
    epochs=1,
    batch=4,
    held_out_exams_per_vendor=10,
    held_out_malignant_share=0.5,
    workers=1,
    threads=1,
)
"""Runs the whole chain in about a minute and learns nothing."""
