"""Fine-tunes a published 2D model on a labelled data set.

The data set is a frame of `models.datasets` and a function that opens an image; nothing here reads files. The training
women are divided once more: what the heads learn from, the nets beneath them have not learned from, for a net is surer
of images it has seen. Judging is left to whoever has published the files (`local_scores`).
"""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.architectures import build
from models.ood import fit
from models.registry import card_of
from models.train import stage_fusion, stage_global, stage_local, stage_view
from models.train.chain import Trained
from models.train.local_images import planes_of, readings_of, windows_of
from models.weights import STORE, load_into

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from models.architectures.exam_fusion import ExamFusion
    from models.architectures.global_local import GlobalLocal
    from models.datasets.frame import ImageRow
    from models.ood import OodReference
    from models.train.local_images import Load
    from models.train.plan import TrainPlan
    from models.train.planes import Planes
    from models.train.progress import Progress
    from models.train.reading import Readings

GENTLE = 0.2
"""Part of the plan's learning rate: the start already knows what lesions look like."""
HEADS = 0.3
"""Share of the training women that teach the heads, the training distribution, and nothing else."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Rows by what they are for; no woman is on two sides."""

    nets: list[ImageRow]
    heads: list[ImageRow]
    validation: list[ImageRow]
    test: list[ImageRow]


def plan_from(plan: TrainPlan, start: str) -> TrainPlan:
    """Return the plan for going on from a published model: its networks, learning gently.

    Raises ValueError for a model that is not of the 2D family with a local network, UnknownModel for none.
    """
    card = card_of(start)
    if not card.architecture.startswith("global_local."):
        raise ValueError(f"only a global_local model can be fine-tuned; {start} is {card.architecture}")
    return replace(
        plan,
        family=card.family,
        architecture=card.architecture,
        fusion=card.fusion or plan.fusion,
        learning_rate=GENTLE * plan.learning_rate,
    )


def divided(rows: Sequence[ImageRow], seed: int) -> Sides:
    """Return the rows of known outcome by their split, the training women divided between nets and heads.

    Both sides of training hold women with and without cancer where there are two of a kind. Raises ValueError when a
    side is empty, or when fewer than two women are left for the heads.
    """
    known = [row for row in rows if row.cancer is not None]
    training, validation, test = ([row for row in known if row.split == s] for s in ("train", "validation", "test"))
    if not (training and validation and test):
        raise ValueError("fine-tuning needs training, validation and test rows with a known outcome")
    ill = {row.patient_id for row in training if row.cancer}
    kept: set[str] = set()
    for group in (ill, {row.patient_id for row in training} - ill):
        order = sorted(group, key=lambda woman: hashlib.sha256(f"heads:{seed}:{woman}".encode()).digest())
        kept |= set(order[: max(min(1, len(order) - 1), round(HEADS * len(order)))])
    if len(kept) < 2:
        raise ValueError("fine-tuning needs at least two training women with and two without a cancer")
    nets, heads = ([row for row in training if (row.patient_id in kept) == wanted] for wanted in (False, True))
    return Sides(nets, heads, validation, test)


def finetune(
    plan: TrainPlan, start: str, rows: Sequence[ImageRow], load: Load, work: Path, progress: Progress
) -> Trained:
    """Return the fine-tuned networks with the training distribution of the data set.

    `plan` is of `plan_from`; `rows` are usable rows with a split and a known `cancer`; women must not cross splits
    (`datasets.split.assign`). Test rows are not opened. A killed run of the same start, plan and rows goes on in
    `work`; any other begins anew. Raises ValueError as `divided`, and whatever `load` raises.
    """
    sides = divided(rows, plan.seed)
    network, fusion = _start(start)
    work = work / f"finetune-{_signature(plan, network, [*sides.nets, *sides.heads, *sides.validation])}"
    training, validation = (planes_of(part, load, work / name) for name, part in _taught(sides))
    _train_global(plan, network, training, validation, work / "global.pt", progress)
    most = plan.windows_per_view
    windows = [windows_of(network, part, load, most, work / name) for name, part in _taught(sides)]
    stage_local.train_on_windows(plan, network.local_net, windows[0], windows[1], work / "local.pt", progress, 0.0)
    data, judged = (readings_of(network, part, load) for part in (sides.heads, sides.validation))
    _train_heads(plan, network, fusion, data, judged, work, progress)
    ran = {"images": float(len(sides.nets) + len(sides.heads)), "head_images": float(len(sides.heads))}
    return Trained(network.eval(), fusion.eval(), _distribution(data, judged), ran)


def _taught(sides: Sides) -> tuple[tuple[str, list[ImageRow]], ...]:
    """What the nets learn from and are watched with, by the name of its folder."""
    return ("nets", sides.nets), ("validation", sides.validation)


def _start(name: str) -> tuple[GlobalLocal, ExamFusion]:
    """The published networks to go on from."""
    card = card_of(name)
    network, fusion = build(card.architecture), build(card.fusion or "exam_fusion.small")
    load_into(network, STORE / card.weights_file, card.weights_sha256, fusion if card.fusion else None)
    network.to(memory_format=torch.channels_last)
    return network, fusion


def _signature(plan: TrainPlan, network: GlobalLocal, rows: Sequence[ImageRow]) -> str:
    """What a checkpoint depends on, so that one of another data set, plan or start is never taken up."""
    digest = hashlib.sha256(repr((astuple(plan), [astuple(row) for row in rows])).encode())
    for value in network.state_dict().values():
        digest.update(value.contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def _train_global(
    plan: TrainPlan, network: GlobalLocal, training: Planes, validation: Planes, checkpoint: Path, progress: Progress
) -> None:
    net = network.global_net
    stage_global.train_on_crops(plan, net, training, validation, checkpoint, progress, 0.0)
    stage_global.settle(plan, net, training, np.random.Generator(np.random.PCG64([plan.seed, 7])))
    stage_global.fit_pooling(plan, net, training, progress, untyped=True)


def _train_heads(
    plan: TrainPlan,
    network: GlobalLocal,
    fusion: ExamFusion,
    data: Readings,
    judged: Readings,
    work: Path,
    progress: Progress,
) -> None:
    """Train the view head on some women and the exam network on the others, as `chain` does."""
    women = np.random.Generator(np.random.PCG64([plan.seed, 8])).permutation(np.unique(data.women))
    first = np.isin(data.women, women[: max(1, min(len(women) - 1, round(plan.head_share * len(women))))])
    stage_view.train_view_head(plan, network.view_head, data.take(first), judged, work / "view.pt", progress)
    stage_fusion.train_fusion(plan, fusion, network.view_head, data.take(~first), judged, work / "fusion.pt", progress)


def _distribution(data: Readings, judged: Readings) -> OodReference:
    """What local images look like to the nets: women they have not learned from, the limit by other women's."""
    known, other = (part.descriptors[:, 0][part.there[:, 0] > 0] for part in (data, judged))
    return fit(known, other)
