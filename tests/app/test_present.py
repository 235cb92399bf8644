"""What `secondread score` shows of a read: why it was refused, what was seen, and what a radiographer may note."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path

from rich.console import Console

from readers.ai.calibration import Calibrations
from readers.ai.reader import NeuralReader
from screening.app.pictures import pictures_of
from screening.app.present import exam_panel
from screening.app.scoring import ScoredExam
from screening.domain.ai_read import AiRead
from screening.domain.quality import QUALITY_TEXTS, QualityCode, QualityNote
from screening.domain.study import Slot, Study
from tests.readers.ai.known_model import CALIBRATION, DBT_CALIBRATION, DBT_INFO, KnownModel
from tests.readers.ai.studies import Pictures, prior_study, study, volume

VOLUMES = study(*(volume(slot) for slot in Slot))


def read(exam: Study, prior: Study | None = None) -> AiRead:
    calibrations = Calibrations([CALIBRATION, DBT_CALIBRATION])
    reader = NeuralReader(KnownModel(), calibrations, volumes=KnownModel(info=DBT_INFO))
    return reader.read(exam, Pictures(), "unit-a", prior)


def shown(exam: Study, result: AiRead) -> str:
    out = StringIO()
    Console(file=out, width=240).print(exam_panel(ScoredExam(exam, result, Path("exam-1"), done_before=False), {}))
    return out.getvalue()


def test_the_evidence_of_marks_and_breasts_is_shown() -> None:
    text = shown(study(), read(study(), prior_study()))
    assert "view 0.80, crop 0.95, 70% of evidence, agrees" in text
    assert "+0.60 since prior" in text
    assert "views agree 100%" in text
    assert text.count("decides the exam") == 1
    assert "compared with 4 prior images" in text


def test_marks_on_volumes_name_their_frame() -> None:
    assert " frame 7" in shown(VOLUMES, read(VOLUMES))


def test_quality_notes_are_shown_with_what_was_measured() -> None:
    image = study().images[0]
    note = QualityNote(image.sop_instance_uid, QualityCode.NIPPLE_NOT_IN_PROFILE, 1.25)
    result = replace(read(study()), quality=(note,))
    text = shown(study(), result)
    assert QUALITY_TEXTS[note.code] in text
    assert "1.25 mm" in text
    assert "Image quality: measured, nothing to note" in shown(study(), replace(result, quality=()))
    assert "Image quality: not measured" in shown(study(), replace(result, quality=None))


def test_a_refusal_shows_its_code_and_every_image_left_out() -> None:
    exam = replace(VOLUMES, images=VOLUMES.images[1:])
    text = shown(exam, read(exam))
    assert "views_missing" in text
    assert "RCC   empty" in text


def test_the_picture_of_a_volume_is_the_frame_with_its_strongest_mark() -> None:
    result = read(VOLUMES)
    pictures = pictures_of(VOLUMES, result, Pictures())
    assert set(pictures) == set(Slot)
    assert all((picture.pixels[200:240, 100:140] == 1.0).all() for picture in pictures.values())
    unmarked = replace(result, regions=(), explanation=())
    assert all((p.pixels[200:240, 100:140] < 1.0).any() for p in pictures_of(VOLUMES, unmarked, Pictures()).values())
