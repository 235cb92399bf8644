"""Fine-tuning from a frame of labelled images: outlined and not, split by woman, judged on women held back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from models import phantom
from models.architectures import build
from models.datasets.frame import Box, ImageRow
from models.datasets.images import LoadedImage
from models.train import finetune as subject
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
