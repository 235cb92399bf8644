"""Judges the published files, not the network in memory: unseen women, an unseen device, the front door."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from models import cards, phantom
from models.evaluate.cases import BreastCase, ExamCase, Finding, Mark, ViewCase
from models.labels import SLOTS, TYPE_OF_KIND
from models.phantom.tomosynthesis import volume
from models.predict import assemble
from models.train import store
from models.train.plan import HELD_OUT_SEEDS, HELD_OUT_STYLE, REFERENCE_SEEDS
from models.train.planes import presentation
from models.train.volumes import Frames, at_pitch
from models.train.women import with_prior

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from models.labels import Laterality, ViewName
    from models.phantom import PhantomView, PhantomVolume
    from models.phantom.spec import ExamSpec
    from models.predict import LoadedModel
    from models.predictions import ViewPrediction
    from models.train.plan import TrainPlan
    from models.train.progress import Progress

    Slot = tuple[Laterality, ViewName]
    Taken = PhantomView | PhantomVolume


@dataclass(frozen=True, slots=True)
class Group:
    """Women who are scored together: consecutive seeds, on one device style, with this share of cancers."""

    women: range
    style: str
    malignant_share: float


def groups(plan: TrainPlan) -> list[Group]:
    """Return the held-out women, then those of each training style whose scores are for calibration only."""
    first, count, share = HELD_OUT_SEEDS, plan.held_out_exams, plan.held_out_malignant_share
    found = [Group(range(first, first + count), HELD_OUT_STYLE, share)]
    for number, style in enumerate(phantom.TRAINING_STYLES if plan.reference_exams else ()):
        first = REFERENCE_SEEDS + number * plan.reference_exams
        women = range(first, first + plan.reference_exams)
        found.append(Group(women, style, plan.reference_malignant_share))
    return found


def score_exams(
    plan: TrainPlan, group: Group, name: str, folders: tuple[Path, Path], work: Path, progress: Progress
) -> list[ExamCase]:
    """Return a group's exams as the model of a card scores them; `folders` are those of cards and of weights."""
    card = cards.read(name, folders[0])
    make = partial(exam_columns, plan=plan, group=group, name=name, folders=folders, weights=card.weights_sha256)
    asked = f"{group.style}-{plan.held_out_pixel_mm:g}-{group.malignant_share:g}"
    kind = f"held_out-{card.weights_sha256[:8]}-{asked}"
    chunks = store.generated(kind, make, group.women, work, plan.workers, progress)
    return [case_of(json.loads(str(text))) for chunk in chunks for text in chunk["cases"]]


def exam_columns(
    women: range, plan: TrainPlan, group: Group, name: str, folders: tuple[Path, Path], weights: str
) -> dict[str, NDArray[np.generic]]:
    """Return the exams of these women as JSON texts, column `cases`."""
    model = _model(name, folders, weights)
    return {"cases": np.array([json.dumps(asdict(exam_case(plan, group, model, seed))) for seed in women])}


def exam_case(plan: TrainPlan, group: Group, model: LoadedModel, seed: int) -> ExamCase:
    """Take one woman's exam with the group's device, and her prior where she has one, and let the model read it."""
    spec = at_pitch(phantom.screening_spec(seed, group.malignant_share, group.style), plan.held_out_pixel_mm)
    prior = with_prior(seed, spec) if plan.priors else None
    taken = {slot: take(seed, spec, slot, plan.family) for slot in SLOTS}
    now = {slot: predict(model, image) for slot, image in taken.items()}
    before = {slot: predict(model, take(seed, prior, slot, plan.family)) for slot in SLOTS} if prior else {}
    answer = model.predict_exam(now, before)
    sick = {lesion.laterality for lesion in spec.lesions if lesion.malignant}
    return ExamCase(
        exam=str(seed),
        score=answer.malignancy,
        malignant=bool(sick),
        breasts=tuple(BreastCase(side, b.malignancy, side in sick) for side, b in answer.breasts.items()),
        views=tuple(view_case(taken[slot], now[slot]) for slot in SLOTS),
        strata={"vendor": spec.vendor, "prior": "yes" if answer.prior_used else "no"},
    )


def take(seed: int, spec: ExamSpec, slot: Slot, family: str) -> Taken:
    """Return the image or volume of one slot."""
    scene = _breast(seed, spec, slot[0]).scene(slot[1])
    style = phantom.STYLES[spec.vendor]
    return phantom.mammogram(scene, style) if family == "ffdm" else volume(scene, style)


@lru_cache(maxsize=2)
def _breast(seed: int, spec: ExamSpec, laterality: Laterality) -> phantom.Breast:
    """One breast for its two views: its tissue is laid once."""
    return phantom.Breast(seed, spec, laterality)


def predict(model: LoadedModel, taken: Taken) -> ViewPrediction:
    """Hand an image or a volume to the front door."""
    if isinstance(taken, phantom.PhantomView):
        return model.predict_view(presentation(taken), taken.pixel_mm)
    return model.predict_volume(Frames(taken))


def view_case(taken: Taken, answer: ViewPrediction) -> ViewCase:
    """Put truth and answer side by side, in pixels with the chest wall left."""
    densities = answer.densities
    return ViewCase(
        laterality=taken.laterality,
        view=taken.view,
        score=answer.malignancy,
        malignant=taken.malignant,
        pixel_mm=taken.pixel_mm,
        marks=tuple(Mark(r.box, r.score, r.lesion_type or "", r.frame) for r in answer.regions),
        findings=tuple(_finding(taken, index) for index in range(len(taken.lesions))),
        slice_mm=getattr(taken, "slice_mm", None),
        density=taken.density,
        density_guess=max(densities, key=lambda letter: densities[letter]),
        ood_score=answer.ood_score,
    )


def case_of(row: dict[str, object]) -> ExamCase:
    """Undo `asdict` of an exam case."""
    views = tuple(_view_of(view) for view in row.pop("views"))  # type: ignore[attr-defined]
    breasts = tuple(BreastCase(**breast) for breast in row.pop("breasts"))  # type: ignore[attr-defined]
    return ExamCase(**row, views=views, breasts=breasts)  # type: ignore[arg-type]


def _view_of(row: dict[str, object]) -> ViewCase:
    marks = tuple(Mark(**mark | {"box": tuple(mark["box"])}) for mark in row.pop("marks"))  # type: ignore[attr-defined]
    found = tuple(Finding(**f | {"box": tuple(f["box"])}) for f in row.pop("findings"))  # type: ignore[attr-defined]
    return ViewCase(**row, marks=marks, findings=found)  # type: ignore[arg-type]


def _finding(taken: Taken, index: int) -> Finding:
    lesion = taken.lesions[index]
    x0, y0, x1, y1 = lesion.box
    width = taken.breast_mask.shape[1]
    box = (x0, y0, x1, y1) if taken.laterality == "L" else (width - x1, y0, width - x0, y1)
    return Finding(
        box=tuple(float(edge) for edge in box),  # type: ignore[arg-type]
        malignant=lesion.malignant,
        key="cancer" if lesion.malignant else f"benign-{index}",
        lesion_type=TYPE_OF_KIND[lesion.kind],
        kind=lesion.kind,
        size_mm=float(lesion.size_mm),
        frame=lesion.frame if isinstance(lesion, phantom.VolumeTruth) else None,
    )


@lru_cache(maxsize=1)
def _model(name: str, folders: tuple[Path, Path], weights: str) -> LoadedModel:
    """The model of a card, one thread, in a worker process."""
    card = cards.read(name, folders[0])
    if card.weights_sha256 != weights:
        raise ValueError("the card changed while its model was judged")
    return assemble(card, folders[1], "auto", "f32", threads=1)
