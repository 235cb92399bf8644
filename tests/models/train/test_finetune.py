"""Fine-tuning from a frame of labelled images: outlined and not, split by woman, judged on women held back."""

from __future__ import annotations

import json
import tomllib
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from models import cards, phantom
from models.architectures import build
from models.datasets.frame import Box, ImageRow
from models.datasets.images import LoadedImage
from models.evaluate import ExamCase, judge
from models.predict import assemble
from models.registry import statistics
from models.train import finetune as subject
from models.train import publish
from models.train.__main__ import run_finetune
from models.train.local_images import plane_of, planes_of
from models.train.local_scores import scored
from models.train.losses import label_loss
from models.train.plan import FFDM, smoke
from models.train.planes import UNKNOWN, presentation
from models.train.progress import Progress

if TYPE_CHECKING:
    from models.datasets.frame import Split
    from models.labels import LesionType


def rows() -> list[ImageRow]:
    """Eight women's left breasts; the outlines are filled in when the image is opened."""
    sides: tuple[Split, ...] = (*("train",) * 4, "validation", "validation", "test", "test")
    return [
        ImageRow(f"e{n}", f"w{n}", "L", view, Path(f"{n}-{view}"), cancer=bool(n % 2), density="b", split=side)
        for n, side in enumerate(sides)
        for view in phantom.VIEWS
    ]


def load(row: ImageRow) -> LoadedImage:
    """Take the woman's view; every other outline is withheld, as data sets do."""
    number = int(row.patient_id[1:])
    lesions = (phantom.LesionSpec("spiculated_mass", malignant=True, laterality="L"),) if row.cancer else ()
    view = phantom.breast(number, phantom.ExamSpec(lesions=lesions), "L")[phantom.VIEWS.index(row.view)]
    boxes = tuple(Box(*lesion.box, type="mass") for lesion in view.lesions) if row.view == "CC" else ()
    return LoadedImage(presentation(view), view.pixel_mm, boxes, mirrored=False)


def test_a_cancer_without_outline_leaves_its_cells_unknown_but_not_its_label() -> None:
    outlined, bare = (next(r for r in rows() if r.cancer and r.view == view) for view in ("CC", "MLO"))
    first, second = plane_of(outlined, load), plane_of(bare, load)
    assert (first.targets[0, 0] == 1).any()
    assert (second.targets[0, 0] == UNKNOWN).all()
    assert second.labels[0, 0] == 1


def test_a_split_without_women_is_refused(tmp_path: Path) -> None:
    some = [row for row in rows() if row.split != "test"]
    with pytest.raises(ValueError, match="test rows"):
        subject.finetune(smoke(FFDM), "phantom-ffdm", some, load, tmp_path, Progress(quiet=True))


def test_another_data_set_plan_or_start_never_takes_up_a_checkpoint() -> None:
    torch.manual_seed(1)
    network, other = build("global_local.tiny"), build("global_local.tiny")
    plan = smoke(FFDM)
    relabelled = [replace(row, cancer=not row.cancer) for row in rows()]
    signatures = {
        subject._signature(plan, network, rows()),
        subject._signature(plan, network, relabelled),
        subject._signature(plan, other, rows()),
        subject._signature(replace(plan, epochs=7), network, rows()),
    }
    assert len(signatures) == 4
    assert subject._signature(plan, network, rows()) in signatures


def test_the_card_of_a_fine_tuned_model_tells_what_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = replace(cards.read("phantom-ffdm"), architecture="global_local.tiny", fusion="exam_fusion.small")
    monkeypatch.setattr(subject, "card_of", lambda name: card)
    plan = subject.plan_from(FFDM, "phantom-ffdm")
    assert plan.architecture == "global_local.tiny"
    published = publish.Published("mine", "mine.safetensors", "0" * 64)
    report = judge("held-back women", [ExamCase("e", 0.5, False, (), ())])
    story = publish.finetuned("phantom-ffdm", "vindr", 12, 4)
    publish.write_card(tmp_path / "mine.toml", published, plan, {"images": 12.0}, {}, report, story)
    content = tomllib.loads((tmp_path / "mine.toml").read_text(encoding="utf-8"))
    assert content["training"]["plan"]["learning_rate"] == pytest.approx(subject.GENTLE * FFDM.learning_rate)
    assert "BI-RADS 4" in content["training"]["data"]
    assert "first_woman" not in content["held_out"]
    assert "first_training_woman" not in content["training"]


def test_a_model_of_another_family_is_no_start(monkeypatch: pytest.MonkeyPatch) -> None:
    card = replace(cards.read("phantom-ffdm"), architecture="dbt_slab.small")
    monkeypatch.setattr(subject, "card_of", lambda name: card)
    with pytest.raises(ValueError, match="global_local"):
        subject.plan_from(FFDM, "phantom-dbt")


def box(kind: LesionType | None, *, malignant: bool = True) -> LoadedImage:
    """A plain breast with one outlined finding."""
    pixels = np.zeros((640, 448), np.float32)
    pixels[100:540, :300] = 0.4 + 0.1 * np.random.default_rng(1).random((440, 300), dtype=np.float32)
    return LoadedImage(pixels, 0.3, (Box(80, 200, 140, 260, kind, malignant=malignant),), mirrored=False)


def plain(row: ImageRow) -> LoadedImage:
    """As `load`, with plain breasts: made at once."""
    found = box(None if row.patient_id == "w1" else "mass")
    return found if row.cancer and row.view == "CC" else replace(found, boxes=())


def test_a_finding_of_unknown_type_is_a_cancer_and_no_mass() -> None:
    row = rows()[2]
    typed, untyped = plane_of(row, lambda _: box("calcification")), plane_of(row, lambda _: box(None))
    marked = typed.targets[0, 0] == 1
    assert (untyped.targets[0, 0] == typed.targets[0, 0]).all()
    assert (untyped.targets[0, 1:, marked] == UNKNOWN).all()
    assert not untyped.targets[0, 1:, ~marked].any()
    assert typed.labels[0, :5].tolist() == [1, 0, 1, 0, 0]
    assert untyped.labels[0, :5].tolist() == [1, *[UNKNOWN] * 4]


def test_what_is_not_known_of_a_type_moves_nothing() -> None:
    logits = torch.zeros(2, 5, requires_grad=True)
    labels = torch.tensor([[1.0, *[UNKNOWN] * 4], [0.0, 1.0, 0.0, 0.0, 0.0]])
    label_loss(logits, labels).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert (logits.grad[0] != 0).tolist() == [True, False, False, False, False]
    assert (logits.grad[1] != 0).all()


def test_no_woman_teaches_both_nets_and_heads_and_both_see_cancers() -> None:
    sides = subject.divided(rows(), 7)
    parts = [{row.patient_id for row in part} for part in (sides.nets, sides.heads, sides.validation, sides.test)]
    assert [len(part) for part in parts] == [2, 2, 2, 2]
    assert len(set.union(*parts)) == 8
    assert all({row.cancer for row in part} == {True, False} for part in (sides.nets, sides.heads))
    assert subject.divided(rows()[::-1], 7).heads == sides.heads[::-1]
    with pytest.raises(ValueError, match="at least two"):
        subject.divided([row for row in rows() if row.patient_id not in ("w0", "w1")], 7)


def test_planes_of_many_images_lie_in_files_not_in_memory(tmp_path: Path) -> None:
    some = rows()[:1] * 60
    tracemalloc.start()
    planes = planes_of(some, lambda _: box("mass"), tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(planes.images, np.memmap)
    assert peak < planes.images.nbytes + planes.targets.nbytes
    one = plane_of(some[0], lambda _: box("mass"))
    assert (planes.images[59] == one.images[0]).all()
    assert (planes.targets[59] == one.targets[0]).all()
    assert planes.lesions["plane"].tolist() == list(range(60))


@pytest.mark.slow
def test_fine_tuning_publishes_files_and_judges_those_on_the_held_back_women(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = torch.get_num_threads()
    torch.manual_seed(1)
    start = build("global_local.tiny"), build("exam_fusion.small")
    monkeypatch.setattr(subject, "_start", lambda name: start)
    plan = replace(smoke(FFDM), crops=8, batch=4)
    story, folders = publish.finetuned("try", "vindr", 16), (tmp_path, tmp_path, tmp_path)
    report = run_finetune(plan, "mine", ("try", story), rows(), plain, tmp_path / "work", folders)
    torch.set_num_threads(threads)
    assert (report.exams, report.cancers, report.marks.images) == (2, 1, 4)
    card = cards.read("mine", tmp_path)
    model = assemble(card, tmp_path, threads=1)
    exams = scored(model, subject.divided(rows(), plan.seed).test, plain)
    assert judge(report.name, exams) == report
    told = json.loads((tmp_path / "mine.reference.json").read_text(encoding="utf-8"))
    assert told["weights_sha256"] == card.weights_sha256
    assert told["population"] == publish.LOCAL
    assert sum(row[0] == "exam" for row in told["scores"]) == 4
    assert tomllib.loads((tmp_path / "mine.toml").read_text(encoding="utf-8"))["training"]["ran"]["head_images"] == 4
    assert statistics(card, tmp_path).limit > 0
