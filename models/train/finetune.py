"""Fine-tunes a published 2D model on a labelled data set, and judges it on the part that was held back.

The data set is a frame of `models.datasets` and a function that opens an image; nothing here reads files. An image with
a cancer but no outline teaches the view and the exam, and no place: its cells are unknown.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import astuple, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.architectures import build
from models.evaluate import BreastCase, ExamCase, Finding, Mark, ViewCase, judge
from models.labels import LESION_TYPES, SLOTS
from models.ood import fit
from models.pipeline import ImagePipeline, ImagePlaces
from models.pipeline_exam import predict_exam
from models.preprocess import prepare
from models.registry import card_of
from models.train import reading, stage_fusion, stage_global, stage_local, stage_view
from models.train.chain import Trained
from models.train.networks import ANYTHING, Recorder
from models.train.planes import UNKNOWN, Spot, joined, plane, quantise
from models.train.stage_local import Windows
from models.train.windows import label_at, suspicious
from models.weights import STORE, load_into

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from models.architectures.exam_fusion import ExamFusion
    from models.architectures.global_local import GlobalLocal
    from models.datasets.frame import Box, ImageRow
    from models.datasets.images import LoadedImage
    from models.evaluate import TestReport
    from models.labels import Laterality
    from models.predictions import ViewPrediction
    from models.train.plan import TrainPlan
    from models.train.planes import Planes
    from models.train.progress import Progress
    from models.train.reading import Columns, Readings

    Load = Callable[[ImageRow], LoadedImage]

GENTLE = 0.2
"""Part of the plan's learning rate: the start already knows what lesions look like."""


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


def finetune(
    plan: TrainPlan, start: str, rows: Sequence[ImageRow], load: Load, work: Path, progress: Progress
) -> tuple[Trained, TestReport]:
    """Return the fine-tuned networks and their report on the rows whose split is `test`.

    `plan` is of `plan_from`; `rows` are usable rows with a split and a known `cancer`; women must not cross splits
    (`datasets.split.assign`). A killed run of the same start, plan and rows goes on in `work`; any other begins anew.
    Raises ValueError when a split is empty, and whatever `load` raises.
    """
    known = [row for row in rows if row.cancer is not None]
    sides = {side: [row for row in known if row.split == side] for side in ("train", "validation", "test")}
    if not all(sides.values()):
        raise ValueError("fine-tuning needs training, validation and test rows with a known outcome")
    network, fusion = _start(start)
    work = work / f"finetune-{_signature(plan, network, known)}"
    work.mkdir(parents=True, exist_ok=True)
    training, validation = (joined([_plane(r, load) for r in sides[s]]) for s in ("train", "validation"))
    _train_global(plan, network, training, validation, work / "global.pt", progress)
    windows = [_windows(network, sides[side], load, plan) for side in ("train", "validation")]
    stage_local.train_on_windows(plan, network.local_net, windows[0], windows[1], work / "local.pt", progress, 0.0)
    data, judged = (_readings(network, sides[side], load) for side in ("train", "validation"))
    stage_view.train_view_head(plan, network.view_head, data, judged, work / "view.pt", progress)
    stage_fusion.train_fusion(plan, fusion, network.view_head, data, judged, work / "fusion.pt", progress)
    ood = fit(data.descriptors[:, 0][data.there[:, 0] > 0], judged.descriptors[:, 0][judged.there[:, 0] > 0])
    trained = Trained(network.eval(), fusion.eval(), ood, {"images": len(training)})
    return trained, judge(f"fine-tuned from {start}, held-back women", scored(trained, sides["test"], load))


def scored(trained: Trained, rows: Sequence[ImageRow], load: Load) -> list[ExamCase]:
    """Return the exams of these rows as the model reads them."""
    engine = Recorder(trained.network, trained.fusion)
    pipeline = ImagePipeline(engine, trained.ood)
    return [_exam_case(exam, views, pipeline, engine, load) for exam, views in _exams(rows).items()]


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
    stage_global.fit_pooling(plan, net, training, progress)


def _plane(row: ImageRow, load: Load) -> Planes:
    """One image with its outlines on the grid; a cancer without outline leaves the cells unknown."""
    image = load(row)
    prepared = prepare(image.pixels01, image.pixel_mm)
    found = _spots(image, row)
    made = plane(prepared.array, prepared, found, row.density, _number(row.patient_id))
    if row.cancer and not any(spot.malignant for spot in found):
        made.targets[:, 0] = UNKNOWN
        made.labels[:, 0] = 1
    return made


def _spots(image: LoadedImage, row: ImageRow) -> list[Spot]:
    """Outlined findings; one that the set does not judge alone is judged as its breast is."""
    return [_spot(box, image, bool(row.cancer) if box.malignant is None else box.malignant) for box in image.boxes]


def _spot(box: Box, image: LoadedImage, malignant: bool) -> Spot:
    mask = np.zeros(image.pixels01.shape, bool)
    mask[int(box.y0) : max(int(box.y0) + 1, int(box.y1)), int(box.x0) : max(int(box.x0) + 1, int(box.x1))] = True
    kind = LESION_TYPES.index(box.type) if box.type else 0
    return Spot(mask, malignant, kind, max(box.x1 - box.x0, box.y1 - box.y0) * image.pixel_mm)


def _windows(network: GlobalLocal, rows: Sequence[ImageRow], load: Load, plan: TrainPlan) -> Windows:
    """Full-resolution windows of outlined findings and of what the map suspects."""
    engine = Recorder(network.eval())
    parts, labels, women = [], [], []
    for row in rows:
        image = load(row)
        prepared = prepare(image.pixels01, image.pixel_mm)
        found = _spots(image, row)
        centres = [((b.x0 + b.x1) / 2, (b.y0 + b.y1) / 2) for b in image.boxes] + suspicious(engine, prepared)
        if row.cancer and not any(spot.malignant for spot in found):
            continue
        for centre in centres[: plan.windows_per_view]:
            parts.append(quantise(ImagePlaces(prepared).crops([centre])))
            labels.append(label_at(centre, image.pixel_mm, found))
            women.append(_number(row.patient_id))
    return Windows(np.concatenate(parts), np.stack(labels), np.array(women, np.int64))


def _exams(rows: Iterable[ImageRow]) -> dict[str, dict[tuple[str, str], ImageRow]]:
    """Rows by exam and slot; of several images of a slot the first in the frame stands for it."""
    exams: dict[str, dict[tuple[str, str], ImageRow]] = defaultdict(dict)
    for row in rows:
        if row.laterality is not None:
            exams[row.exam_id].setdefault((row.laterality, row.view), row)
    return exams


def _readings(network: GlobalLocal, rows: Sequence[ImageRow], load: Load) -> Readings:
    """Every exam as the pipeline reads it; absent slots are zeros."""
    engine = Recorder(network.eval())
    return reading.from_columns([_reading(engine, views, load) for views in _exams(rows).values()])


def _reading(engine: Recorder, views: dict[tuple[str, str], ImageRow], load: Load) -> Columns:
    columns = {slot: _view_columns(engine, views[slot], load) for slot in SLOTS if slot in views}
    like = next(iter(columns.values()))
    filled = [columns.get(slot) or {name: np.zeros_like(value) for name, value in like.items()} for slot in SLOTS]
    now = {name: np.stack([view[name] for view in filled]) for name in like}
    there = np.array([[float(slot in views) for slot in SLOTS], [0.0] * len(SLOTS)], np.float32)
    sick = [any(bool(r.cancer) for r in views.values() if r.laterality == side) for side in ("L", "R")]
    both: Columns = {name: np.stack([value, np.zeros_like(value)])[None] for name, value in now.items()}
    woman = _number(next(iter(views.values())).patient_id)
    return both | {"there": there[None], "breast_labels": np.array([sick], np.float32), "women": np.array([woman])}


def _view_columns(engine: Recorder, row: ImageRow, load: Load) -> Columns:
    image = load(row)
    prepared = prepare(image.pixels01, image.pixel_mm)
    found = _spots(image, row)
    whole = ImagePipeline(engine, ANYTHING).whole(prepared)
    noted = reading.Noted(ImagePlaces(prepared), [], [])
    columns = reading.view_columns(engine, prepared, whole, noted, lambda index: found, found)
    columns["view_labels"][0] = float(bool(row.cancer))
    return columns


def _exam_case(
    exam: str, views: dict[tuple[str, str], ImageRow], pipeline: ImagePipeline, engine: Recorder, load: Load
) -> ExamCase:
    """One exam with truth and answers side by side."""
    images = {slot: load(row) for slot, row in views.items()}
    answers = {slot: pipeline.predict(prepare(i.pixels01, i.pixel_mm)) for slot, i in images.items()}
    found = predict_exam(engine, answers, {})  # type: ignore[arg-type]
    sick: set[Laterality | None] = {row.laterality for row in views.values() if row.cancer}
    return ExamCase(
        exam=exam,
        score=found.malignancy,
        malignant=bool(sick),
        breasts=tuple(BreastCase(side, b.malignancy, side in sick) for side, b in found.breasts.items()),
        views=tuple(_view_case(views[slot], images[slot], answers[slot]) for slot in views),
        strata={"machine": next(iter(views.values())).machine or "unknown"},
    )


def _view_case(row: ImageRow, image: LoadedImage, answer: ViewPrediction) -> ViewCase:
    densities = answer.densities
    boxes = [(b, s) for b, s in zip(image.boxes, _spots(image, row), strict=True)]
    return ViewCase(
        laterality=row.laterality or "",
        view=row.view,
        score=answer.malignancy,
        malignant=bool(row.cancer),
        pixel_mm=image.pixel_mm,
        marks=tuple(Mark(r.box, r.score, r.lesion_type or "", r.frame) for r in answer.regions),
        findings=tuple(
            Finding((b.x0, b.y0, b.x1, b.y1), s.malignant, str(n), b.type or "", b.said, s.size_mm)
            for n, (b, s) in enumerate(boxes)
        ),
        density=row.density or "",
        density_guess=max(densities, key=lambda letter: densities[letter]),
        ood_score=answer.ood_score,
    )


def _number(patient: str) -> int:
    """A stable number for a pseudonym."""
    return int.from_bytes(hashlib.sha256(patient.encode()).digest()[:7], "big")
