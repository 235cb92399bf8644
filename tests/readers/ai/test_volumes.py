"""Exams of tomosynthesis, of mammograms and of both: one model reads, and every other image is listed with a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from readers.ai.calibration import Calibrations
from readers.ai.reader import NeuralReader
from screening.domain.ai_read import AiRead, AiStatus
from screening.domain.quality import ReasonCode
from screening.domain.study import Image, ImageKind, Slot
from tests.readers.ai.known_model import CALIBRATION, DBT_CALIBRATION, DBT_INFO, KnownEngine, KnownModel
from tests.readers.ai.studies import Pictures, image, study, volume

MAMMOGRAMS = tuple(image(slot) for slot in Slot)
VOLUMES = tuple(volume(slot) for slot in Slot)
R = ReasonCode


def read(*images: Image, pictures: Pictures | None = None, volumes: KnownModel | None = None) -> AiRead:
    both = volumes or KnownModel(info=DBT_INFO)
    calibrations = Calibrations([CALIBRATION, DBT_CALIBRATION])
    reader = NeuralReader(KnownModel(), calibrations, seconds=lambda: 0.0, volumes=both)
    return reader.read(study(*images), pictures or Pictures(), "unit-a")


def reasons(read: AiRead) -> dict[str, ReasonCode]:
    return {item.sop_instance_uid: item.reason for item in read.excluded}


def test_an_exam_of_volumes_is_read_by_the_model_of_volumes() -> None:
    result = read(*VOLUMES)
    assert (result.status, result.calibration_id, result.excluded) == (AiStatus.OK, "cal-dbt", ())
    assert result.identity is not None
    assert result.identity.product == "net-dbt@1"
    assert {fill.sop_instance_uid for fill in result.slots} == {one.sop_instance_uid for one in VOLUMES}


def test_an_exam_of_both_is_read_from_its_mammograms_and_the_volumes_are_listed() -> None:
    result = read(*VOLUMES, *MAMMOGRAMS)
    assert (result.status, result.calibration_id) == (AiStatus.OK, "cal-1")
    assert reasons(result) == {one.sop_instance_uid: R.TOMOSYNTHESIS for one in VOLUMES}


def test_where_a_mammogram_is_missing_the_complete_volumes_are_read_and_nothing_is_mixed() -> None:
    result = read(*MAMMOGRAMS[1:], *VOLUMES)
    assert (result.status, result.calibration_id) == (AiStatus.OK, "cal-dbt")
    assert reasons(result) == {one.sop_instance_uid: R.MAMMOGRAM_2D for one in MAMMOGRAMS[1:]}
    assert set(result.input_digests) == {one.digest for one in VOLUMES}


def test_a_mammogram_that_cannot_be_decoded_makes_room_for_the_volumes() -> None:
    broken = MAMMOGRAMS[0].sop_instance_uid
    result = read(*MAMMOGRAMS, *VOLUMES, pictures=Pictures({broken: R.PIXELS_UNDECODABLE}))
    assert (result.status, result.calibration_id) == (AiStatus.OK, "cal-dbt")
    told = {one.sop_instance_uid: R.MAMMOGRAM_2D for one in MAMMOGRAMS[1:]}
    assert reasons(result) == {**told, broken: R.PIXELS_UNDECODABLE}
    assert len(result.excluded) == 4


def test_a_missing_volume_means_no_exam_score() -> None:
    result = read(*VOLUMES[1:])
    assert (result.status, result.reasons) == (AiStatus.UNSUPPORTED, (R.VIEWS_MISSING,))
    assert result.exam_score is None


def test_without_a_model_of_volumes_they_are_refused_as_what_they_are() -> None:
    reader = NeuralReader(KnownModel(), Calibrations([CALIBRATION]), seconds=lambda: 0.0)
    result = reader.read(study(*VOLUMES), Pictures(), "unit-a")
    assert (result.status, result.reasons) == (AiStatus.UNSUPPORTED, (R.NO_USABLE_IMAGES, R.TOMOSYNTHESIS))
    assert reasons(result) == {one.sop_instance_uid: R.TOMOSYNTHESIS for one in VOLUMES}


@pytest.mark.parametrize("stack", [tuple(range(8)), tuple(range(7, -1, -1)), (3, 6, 1, 0, 7, 2, 5, 4)])
def test_a_mark_names_the_stored_frame_counted_from_1_however_frames_are_stacked(stack: tuple[int, ...]) -> None:
    pictures = Pictures()
    pictures.stack = stack
    result = read(*VOLUMES, pictures=pictures)
    assert {region.location.frame for region in result.regions} == {7}


def test_every_frame_is_shown_to_the_model_once_from_the_detector_up() -> None:
    model = KnownModel(info=DBT_INFO)
    read(*VOLUMES, volumes=model)
    assert model.frames == [*range(8)] * 4


def test_a_broken_frame_refuses_its_volume_with_the_code_of_the_frame() -> None:
    pictures = Pictures()
    pictures.broken = 1
    result = read(*VOLUMES, pictures=pictures)
    assert (result.status, result.reasons) == (AiStatus.UNSUPPORTED, (R.NO_USABLE_IMAGES, R.PIXELS_UNDECODABLE))
    assert set(reasons(result).values()) == {R.PIXELS_UNDECODABLE}


def test_a_model_that_fails_on_one_volume_has_not_read_the_exam() -> None:
    failing = KnownModel(KnownEngine(failing={2: MemoryError()}), info=DBT_INFO)
    result = read(*VOLUMES, volumes=failing)
    assert (result.status, result.reasons, result.regions) == (AiStatus.FAILED, (R.MODEL_FAILED,), ())
    assert set(reasons(result)) == {one.sop_instance_uid for one in VOLUMES}


def test_thin_slices_go_before_thick_slabs_which_are_not_read() -> None:
    slabs = volume(Slot.LCC, "1.2.3.50", frames=2, slice_mm=6.0, acquired_at=datetime(2026, 1, 5, 9, 0, tzinfo=UTC))
    result = read(slabs, *VOLUMES)
    assert result.status is AiStatus.OK
    assert reasons(result) == {slabs.sop_instance_uid: R.SLABS_NOT_CHOSEN}
    assert len(result.input_digests) == 4


def test_a_volume_without_slice_spacing_cannot_be_read() -> None:
    unmeasured = replace(VOLUMES[0], slice_mm=None)
    result = read(unmeasured, *VOLUMES[1:])
    assert reasons(result) == {unmeasured.sop_instance_uid: R.SPACING_MISSING}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": ImageKind.SYNTHETIC_2D, "frames": 1}, R.SYNTHETIC_2D),
        ({"kind": ImageKind.PROJECTION}, R.PROJECTION),
        ({"kind": ImageKind.PROPRIETARY_TOMOSYNTHESIS}, R.PROPRIETARY_TOMOSYNTHESIS),
        ({"partial_view": True}, R.PARTIAL_VIEW),
        ({"laterality": None}, R.LATERALITY_UNKNOWN),
        ({"view": None}, R.VIEW_UNKNOWN),
        ({"row_spacing_mm": None}, R.SPACING_MISSING),
        ({"exclusion": R.PIXELS_SHORT}, R.PIXELS_SHORT),
    ],
)
def test_what_is_no_readable_volume_says_why(changes: dict[str, object], reason: ReasonCode) -> None:
    odd = replace(VOLUMES[0], **changes)  # type: ignore[arg-type]
    result = read(odd, *VOLUMES[1:])
    assert (result.status, reasons(result)) == (AiStatus.UNSUPPORTED, {odd.sop_instance_uid: reason})


@pytest.mark.parametrize("reason", [R.FOR_PROCESSING, R.SPECIMEN, R.PIXELS_MISSING])
def test_an_exam_without_any_readable_image_says_why(reason: ReasonCode) -> None:
    result = read(*(replace(one, exclusion=reason) for one in MAMMOGRAMS))
    assert (result.status, result.reasons) == (AiStatus.UNSUPPORTED, (R.NO_USABLE_IMAGES, reason))
