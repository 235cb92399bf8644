"""Cross-validation: the same chain K times, each time without the women it is then judged on.

Folds are by woman: no view of a woman, current or prior, is on both sides.
"""

from __future__ import annotations

import json
from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING

from models.train.chain import train

if TYPE_CHECKING:
    from pathlib import Path

    from models.train.plan import TrainPlan
    from models.train.progress import Progress


def cross_validate(plan: TrainPlan, folds: int, work: Path, progress: Progress) -> dict[str, dict[str, float]]:
    """Return the figures of each fold's exams, and their mean; also written to `work`/folds.json.

    Raises ValueError for fewer than two folds.
    """
    if folds < 2:
        raise ValueError("cross-validation needs at least two folds")
    minutes = plan.minutes / folds
    found = {
        f"fold {fold + 1}": train(replace(plan, fold=fold, folds=folds, minutes=minutes), work, progress).judged
        for fold in range(folds)
    }
    names = next(iter(found.values()))
    found["mean"] = {name: fmean(figures[name] for figures in found.values()) for name in names}
    (work / "folds.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for fold, figures in found.items():
        progress.say(f"{fold}: " + ", ".join(f"{name} {value:.3f}" for name, value in figures.items()))
    return found
