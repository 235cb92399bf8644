"""Every number that decides a training run, in one frozen record that goes into the card."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Family = Literal["ffdm", "dbt"]

TRAIN_SEEDS = 1_000_000
HELD_OUT_SEEDS = 2_000_000
VALIDATION_SEEDS = 3_000_000
FUSION_SEEDS = 4_000_000
REFERENCE_SEEDS = 5_000_000
"""First woman of each split; splits are a million women apart and never meet."""

HELD_OUT_STYLE = "style-c"
"""Vendor style that only the held-out test shows; it is none of `phantom.TRAINING_STYLES`."""


@dataclass(frozen=True, slots=True)
class TrainPlan:
    """One reproducible run.

    `rich_breasts` hold several findings each and teach what lesions look like; `screening_breasts` are drawn like a
    screened population with `malignant_share` cancers and teach how to pool a view. An epoch of the global stage is
    `crops` crops of `crop_px` pixels. Of the `fusion_exams`, the part `head_share` teaches the view head and the rest
    the exam network, so that the second never sees answers the first has learned by heart; with `priors` half of them
    have an exam two years before. `minutes` limits all training stages together (0 = no limit): fewer breasts and
    epochs are then run than planned, and the card states how many. With `folds`, women of `fold` teach nothing and the
    exams of that fold judge. `reference_exams` more unseen women per training style are scored for the reference only,
    so that those devices can be calibrated; no stated figure counts them.
    """

    family: Family = "ffdm"
    architecture: str = "global_local.small"
    fusion: str = "exam_fusion.small"
    seed: int = 20260101
    rich_breasts: int = 1000
    screening_breasts: int = 600
    validation_breasts: int = 100
    validation_exams: int = 80
    malignant_share: float = 0.35
    crop_px: int = 160
    crops: int = 14400
    epochs: int = 10
    batch: int = 24
    learning_rate: float = 2e-3
    weight_decay: float = 0.03
    whole_epochs: int = 12
    windows_per_view: int = 10
    local_epochs: int = 5
    local_batch: int = 32
    combine_epochs: int = 40
    fusion_exams: int = 400
    fusion_epochs: int = 40
    head_share: float = 0.6
    fusion_malignant_share: float = 0.4
    held_out_exams: int = 500
    held_out_malignant_share: float = 0.2
    held_out_pixel_mm: float = 0.15
    reference_exams: int = 120
    reference_malignant_share: float = 0.35
    priors: bool = True
    workers: int = 2
    threads: int = 2
    minutes: float = 0.0
    fold: int = -1
    folds: int = 0

    def teaches(self, women: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which women may be trained on; without folds all may."""
        if self.folds < 2:
            return np.ones(len(women), bool)
        return np.asarray(fold_of(women, self.folds) != self.fold)

    def teaching_sha256(self) -> str:
        """Return a hash over everything that decides what is learned; how it is judged and how long may differ."""
        judging = ("held_out", "reference", "minutes", "workers")
        kept = {name: value for name, value in asdict(self).items() if not name.startswith(judging)}
        return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def fold_of(women: NDArray[np.int64], folds: int) -> NDArray[np.int64]:
    """Return each woman's fold, which turns by one from eight women to the next eight.

    A seed modulo 8 decides side, style and prior (`women`), so a fold by modulo alone could hold one side only.

    >>> fold_of(np.arange(18), 2).tolist()
    [0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1, 0, 0, 1]
    """
    return np.asarray((women % 8 + women // 8) % folds)


FFDM = TrainPlan()
DBT = TrainPlan(
    family="dbt",
    architecture="dbt_slab.small",
    rich_breasts=500,
    screening_breasts=240,
    validation_breasts=60,
    validation_exams=30,
    local_epochs=8,
    fusion_exams=120,
    fusion_malignant_share=0.7,
    held_out_exams=125,
    reference_exams=0,
    held_out_pixel_mm=0.2,
    priors=False,
)
PLANS: dict[Family, TrainPlan] = {"ffdm": FFDM, "dbt": DBT}


def smoke(plan: TrainPlan) -> TrainPlan:
    """Return a plan that runs the whole chain in about a minute and learns nothing."""
    return replace(
        plan,
        architecture=plan.architecture.replace(".small", ".tiny"),
        rich_breasts=3,
        screening_breasts=3,
        validation_breasts=2,
        validation_exams=2,
        crops=16,
        epochs=1,
        batch=4,
        whole_epochs=1,
        windows_per_view=5,
        local_epochs=1,
        local_batch=4,
        combine_epochs=1,
        fusion_exams=3,
        fusion_epochs=1,
        fusion_malignant_share=0.5,
        malignant_share=0.6,
        held_out_exams=4,
        reference_exams=min(2, plan.reference_exams),
        held_out_malignant_share=0.5,
        workers=1,
        threads=1,
    )
