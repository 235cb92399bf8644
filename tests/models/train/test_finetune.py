"""Fine-tuning from a frame of labelled images: outlined and not, split by woman, judged on women held back."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from models import cards, phantom
from models.architectures import build
from models.datasets.frame import Box, ImageRow
from models.datasets.images import LoadedImage
from models.evaluate import ExamCase, judge
from models.train import finetune as subject
from models.train import publish
from models.train.plan import FFDM, smoke
from models.train.planes import UNKNOWN, presentation
from models.train.progress import Progress

if TYPE_CHECKING:
    from models.datasets.frame import Split


def rows() -> list[ImageRow]:
    """Six women's left breasts; the outlines are filled in when the image is opened."""
    sides: tuple[Split, ...] = ("train", "train", "validation", "validation", "test", "test")
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
    first, second = subject._plane(outlined, load), subject._plane(bare, load)
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


@pytest.mark.slow
def test_fine_tuning_runs_through_and_is_judged_on_the_held_back_women(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = torch.get_num_threads()
    torch.manual_seed(1)
    start = build("global_local.tiny"), build("exam_fusion.small")
    monkeypatch.setattr(subject, "_start", lambda name: start)
    plan = replace(smoke(FFDM), crops=8, batch=4)
    trained, report = subject.finetune(plan, "try", rows(), load, tmp_path, Progress(quiet=True))
    torch.set_num_threads(threads)
    assert report.exams == 2
    assert report.cancers == 1
    assert report.marks.images == 4
    assert trained.ran["images"] == 4
