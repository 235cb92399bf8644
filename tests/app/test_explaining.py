"""Scored exams hold their explanation when it is asked for, of mammograms and of volumes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage

from readers.ai.calibration import Calibrations
from readers.ai.plugin import NativeReader
from readers.ai.reader import NeuralReader
from readers.plugins.scoped import ScopedReader
from screening.app.explaining import FOLDER, write_explanation
from screening.app.pictures import pictures_of
from screening.app.scoring import ScoredExam, Scorer, score_all
from screening.app.system import SystemClock
from screening.dicom.cad_sr import MammographyCadSrWriter
from screening.domain.study import Slot, Study
from tests.readers.ai.known_model import CALIBRATION, DBT_CALIBRATION, DBT_INFO, KnownEngine, KnownModel
from tests.readers.ai.studies import Pictures, image, study, volume

FOUR_VIEWS, FOUR_VOLUMES = study(), study(*(volume(slot) for slot in Slot))


def reader(engine: KnownEngine | None = None) -> ScopedReader:
    known, runs = Calibrations([CALIBRATION, DBT_CALIBRATION]), engine or KnownEngine()
    neural = NeuralReader(KnownModel(runs), known, volumes=KnownModel(runs, DBT_INFO))
    return ScopedReader("native", NativeReader(neural), known)


def score(out: Path, exam: Study = FOUR_VIEWS, explained: bool = True, engine: KnownEngine | None = None) -> ScoredExam:
    scorer = Scorer(reader(engine), Pictures(), MammographyCadSrWriter(), SystemClock(), "", "1", explained)
    (scored,) = score_all(scorer, [exam], out)
    return scored


def names(scored: ScoredExam) -> set[str]:
    return {path.name for path in (scored.folder / FOLDER).iterdir()}


@pytest.mark.parametrize("exam", [FOUR_VIEWS, FOUR_VOLUMES])
def test_every_view_and_mark_is_explained(tmp_path: Path, exam: Study) -> None:
    scored = score(tmp_path, exam)
    assert {f"saliency-{slot.value}.png" for slot in Slot} <= names(scored)
    assert sum(name.startswith("region-") for name in names(scored)) == len(scored.read.regions) == 4
    document = json.loads((scored.folder / FOLDER / "explanation.json").read_text(encoding="utf-8"))
    assert document["study_instance_uid"] == exam.study_instance_uid
    assert all(region["evidence"]["text"] for region in document["regions"])


@pytest.mark.parametrize("exam", [FOUR_VIEWS, FOUR_VOLUMES])
def test_read_and_explanation_come_of_one_run_of_the_network(tmp_path: Path, exam: Study) -> None:
    plain, explained = KnownEngine(), KnownEngine()
    without = score(tmp_path / "plain", exam, explained=False, engine=plain).read
    with_it = score(tmp_path / "explained", exam, engine=explained).read
    assert len(plain.seen) == len(explained.seen) == 4
    assert replace(without, timing=None) == replace(with_it, timing=None)


def test_what_is_kept_for_the_explanation_is_small() -> None:
    """A map per image of the exam, no pixels and no retake."""
    retake = image(Slot.RCC, "1.2.3.77", rows=600)
    found = reader().explained(study(*FOUR_VIEWS.images, retake), Pictures(), "")
    assert set(found.saliency) == {one.sop_instance_uid for one in FOUR_VIEWS.images}
    assert sum(one.cells.nbytes for one in found.saliency.values()) < 100_000


def test_saliency_is_drawn_for_mammograms_and_volumes(tmp_path: Path) -> None:
    """On a grey picture the legend alone is coloured; without a map not even that."""
    for number, exam in enumerate((FOUR_VIEWS, FOUR_VOLUMES)):
        scored = score(tmp_path / str(number), exam)
        with PilImage.open(scored.folder / FOLDER / "saliency-LCC.png") as shown:
            pixels = np.asarray(shown.convert("RGB")).astype(int)[:640]
        assert ((pixels[:, :, 0] - pixels[:, :, 2]) > 10).mean() > 0.1


def test_a_mark_on_another_frame_has_its_own_close_look(tmp_path: Path) -> None:
    read = reader().read(FOUR_VOLUMES, Pictures(), "")
    first, *others = read.regions
    moved = replace(first, location=replace(first.location, frame=2), raw_score=0.1)
    two = replace(read, regions=(first, *others, moved), explanation=(*read.explanation, read.explanation[0]))
    pictures = pictures_of(FOUR_VOLUMES, two, Pictures())
    write_explanation(FOUR_VOLUMES, two, pictures, Pictures(), {}, tmp_path)
    slot = first.slot.value
    bright, dark = (tmp_path / FOLDER / f"region-{name}-{slot}.png" for name in ("01", "05"))
    document = json.loads((tmp_path / FOLDER / "explanation.json").read_text(encoding="utf-8"))
    assert [region["crop"] for region in document["regions"]][-1] == dark.name
    assert bright.read_bytes() != dark.read_bytes()
    assert document["regions"][-1]["frame"] == 2


def test_without_it_there_is_no_folder_and_asking_later_makes_it(tmp_path: Path) -> None:
    plain = score(tmp_path, explained=False)
    assert not (plain.folder / FOLDER).exists()
    asked = score(tmp_path)
    assert (asked.done_before, (asked.folder / FOLDER).exists()) == (False, True)


def test_a_volume_is_shown_by_the_frame_of_its_mark() -> None:
    read = reader().read(FOUR_VOLUMES, Pictures(), "")
    assert {region.location.frame for region in read.regions} == {7}
    pictures = pictures_of(FOUR_VOLUMES, read, Pictures())
    assert all(picture.pixels[200:240, 100:140].min() == 1.0 for picture in pictures.values())
    unmarked = pictures_of(FOUR_VOLUMES, replace(read, regions=()), Pictures())
    assert set(unmarked) == set(Slot)
    assert all(picture.pixels[200:240, 100:140].min() < 1.0 for picture in unmarked.values())
