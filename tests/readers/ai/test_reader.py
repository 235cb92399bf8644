"""The AI reader end to end over a model whose answers are known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.errors import ModelError
from models.labels import ViewName
from readers.ai.calibration import Calibration, Calibrations, Stratum
from readers.ai.quality.measuring import Note
from readers.ai.reader import NeuralReader
from screening.domain.ai_read import AiRead, AiStatus
from screening.domain.quality import QualityCode, ReasonCode
from screening.domain.study import Device, Laterality, Slot
from tests.readers.ai.known_model import CALIBRATION, DBT_INFO, KnownEngine, KnownModel
from tests.readers.ai.studies import Pictures, image, study

LOCAL = Stratum("Maker", "Model", "1.0", "unit-a")


def read(engine: KnownEngine, pictures: Pictures | None = None, calibrated: bool = True, **of: Any) -> AiRead:
    images = [image(slot, **of) for slot in Slot]
    reader = NeuralReader(KnownModel(engine), Calibrations([CALIBRATION] if calibrated else []), seconds=lambda: 0.0)
    return reader.read(study(*images), pictures or Pictures(), "unit-a")


def test_a_complete_calibrated_exam_is_read() -> None:
    result = read(KnownEngine(malignancy=0.35))
    assert result.status is AiStatus.OK
    assert (result.exam_score, result.flagged) == (4, False)
    assert result.calibration_id == "cal-1"
    assert [breast.laterality for breast in result.breasts] == [Laterality.RIGHT, Laterality.LEFT]
    assert result.raw_score == pytest.approx(0.35)
    assert result.probability == pytest.approx(CALIBRATION.probability(0.35))
    assert len(result.input_digests) == 4
    assert result.density is not None
    assert result.density.value == "b"


def test_the_highest_decile_is_flagged() -> None:
    assert read(KnownEngine(malignancy=0.95)).flagged


def test_an_uncalibrated_device_gives_scores_that_are_no_read() -> None:
    result = read(KnownEngine(malignancy=0.95), device=Device("Maker", "Model", "2.0"))
    assert result.status is AiStatus.UNCALIBRATED
    assert result.reasons == (ReasonCode.STRATUM_UNCALIBRATED,)
    assert result.raw_score == pytest.approx(0.95)
    assert (result.exam_score, result.probability, result.flagged) == (None, None, False)
    assert all(breast.probability is None for breast in result.breasts)


def test_an_unusual_exam_is_refused_even_on_a_calibrated_device() -> None:
    result = read(KnownEngine(ood=1.3))
    assert result.status is AiStatus.UNSUPPORTED
    assert ReasonCode.OUT_OF_DISTRIBUTION in result.reasons
    assert not result.usable


def test_a_missing_view_means_no_exam_score() -> None:
    reader = NeuralReader(KnownModel(KnownEngine()), Calibrations([CALIBRATION]), seconds=lambda: 0.0)
    result = reader.read(study(*(image(slot) for slot in (Slot.RCC, Slot.LCC))), Pictures(), "unit-a")
    assert result.status is AiStatus.UNSUPPORTED
    assert result.reasons == (ReasonCode.VIEWS_MISSING,)
    assert len(result.breasts) == 2
    assert [fill.sop_instance_uid for fill in result.slots].count(None) == 2


def test_an_image_that_cannot_be_decoded_is_named_with_its_reason() -> None:
    broken = image(Slot.LMLO).sop_instance_uid
    result = read(KnownEngine(), Pictures({broken: ReasonCode.PIXELS_UNDECODABLE}))
    assert result.status is AiStatus.UNSUPPORTED
    assert (broken, ReasonCode.PIXELS_UNDECODABLE) in [(e.sop_instance_uid, e.reason) for e in result.excluded]


def test_nothing_readable_is_a_refusal_with_every_reason() -> None:
    everything = {image(slot).sop_instance_uid: ReasonCode.NO_BREAST for slot in Slot}
    result = read(KnownEngine(), Pictures(everything))
    assert result.status is AiStatus.UNSUPPORTED
    assert result.reasons == (ReasonCode.NO_USABLE_IMAGES, ReasonCode.NO_BREAST)
    assert result.raw_score is None


def test_two_devices_in_one_exam_belong_to_no_stratum() -> None:
    images = [image(slot, device=Device("Maker", "Model", f"{slot.view}")) for slot in Slot]
    reader = NeuralReader(KnownModel(KnownEngine()), Calibrations([CALIBRATION]), seconds=lambda: 0.0)
    assert reader.read(study(*images), Pictures(), "unit-a").status is AiStatus.UNCALIBRATED


def with_retake(pictures: Pictures) -> AiRead:
    """Four views and an earlier retake of the right CC."""
    retake = image(Slot.RCC, uid="1.2.3.77", acquired_at=datetime(2026, 1, 5, 7, 55, tzinfo=UTC))
    reader = NeuralReader(KnownModel(KnownEngine()), Calibrations([CALIBRATION]), seconds=lambda: 0.0)
    return reader.read(study(*(image(slot) for slot in Slot), retake), pictures, "unit-a")


def test_a_retake_is_marked_but_the_exam_uses_the_preferred_image() -> None:
    result = with_retake(Pictures())
    assert result.status is AiStatus.OK
    assert {fill.slot: fill.sop_instance_uid for fill in result.slots}[Slot.RCC] == "1.2.3.1"
    assert {region.location.sop_instance_uid for region in result.regions} >= {"1.2.3.1", "1.2.3.77"}
    assert [(e.sop_instance_uid, e.reason) for e in result.excluded] == [("1.2.3.77", ReasonCode.REPEAT_NOT_CHOSEN)]
    assert len(result.input_digests) == 5


def test_a_retake_stands_in_for_an_image_that_cannot_be_read() -> None:
    preferred = image(Slot.RCC).sop_instance_uid
    result = with_retake(Pictures({preferred: ReasonCode.PIXELS_UNDECODABLE}))
    assert result.status is AiStatus.OK
    assert {fill.slot: fill.sop_instance_uid for fill in result.slots}[Slot.RCC] == "1.2.3.77"
    assert [(e.sop_instance_uid, e.reason) for e in result.excluded] == [(preferred, ReasonCode.PIXELS_UNDECODABLE)]


def test_marks_come_back_in_stored_pixels_of_each_side() -> None:
    """The picture of a right breast was mirrored: its mark lies at the mirrored place of the left one's."""
    result = read(KnownEngine())
    boxes = {region.slot: region.location for region in result.regions}
    left, right = boxes[Slot.LCC], boxes[Slot.RCC]
    assert right.x0 == pytest.approx(512 - left.x1)
    assert right.x1 == pytest.approx(512 - left.x0)
    assert (right.y0, right.y1) == (left.y0, left.y1)


@pytest.mark.parametrize("error", [RuntimeError("CUDA out of memory"), ModelError("bad"), MemoryError()])
def test_a_model_that_fails_on_one_view_has_not_read_the_exam(error: Exception) -> None:
    result = read(KnownEngine(malignancy=0.95, failing={3: error}))
    assert (result.status, result.reasons) == (AiStatus.FAILED, (ReasonCode.MODEL_FAILED,))
    assert (result.raw_score, result.exam_score, result.flagged) == (None, None, False)
    assert (result.breasts, result.regions, result.input_digests) == ((), (), ())
    named = {item.sop_instance_uid: item.reason for item in result.excluded}
    assert named == {image(slot).sop_instance_uid: ReasonCode.MODEL_FAILED for slot in Slot}


def test_an_undecodable_image_keeps_its_own_reason_when_the_model_fails() -> None:
    broken = image(Slot.LMLO).sop_instance_uid
    result = read(KnownEngine(failing={3: RuntimeError()}), Pictures({broken: ReasonCode.PIXELS_UNDECODABLE}))
    assert result.status is AiStatus.FAILED
    reasons = [item.reason for item in result.excluded if item.sop_instance_uid == broken]
    assert reasons == [ReasonCode.PIXELS_UNDECODABLE]


def fingerprint(*calibrations: Calibration) -> str:
    return NeuralReader(KnownModel(), Calibrations(calibrations)).fingerprint


def test_another_calibration_or_model_has_another_fingerprint() -> None:
    changed, local = replace(CALIBRATION, flag_from=9), replace(CALIBRATION, id="local", stratum=LOCAL)
    prints = {fingerprint(*made) for made in ((), (CALIBRATION,), (changed,), (CALIBRATION, local))}
    volumes = NeuralReader(KnownModel(), Calibrations([CALIBRATION]), volumes=KnownModel(info=DBT_INFO))
    assert len({*prints, volumes.fingerprint}) == 5
    assert fingerprint(local, CALIBRATION) == fingerprint(CALIBRATION, local)


@dataclass
class Saying:
    """A measurement that says this of every picture, or fails on it."""

    notes: tuple[Note, ...] | None

    def __call__(self, pixels01: NDArray[np.float32], pixel_mm: float, view: ViewName) -> tuple[Note, ...]:
        """The same as ever."""
        if self.notes is None:
            raise ValueError("not this picture")
        return self.notes


@pytest.mark.parametrize(("said", "expected"), [(None, None), ((), ()), (((QualityCode.NOISE, 7.5),), ("7.5 dB",) * 4)])
def test_quality_that_cannot_be_measured_is_not_called_good(
    said: tuple[Note, ...] | None, expected: tuple[str, ...] | None
) -> None:
    """None is not measured, an empty list measured without a remark; the read stands in any case."""
    reader = NeuralReader(KnownModel(), Calibrations([CALIBRATION]), measure=Saying(said))
    result = reader.read(study(), Pictures(), "")
    assert result.status is AiStatus.OK
    assert (None if result.quality is None else tuple(note.measured for note in result.quality)) == expected
