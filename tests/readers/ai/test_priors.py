"""The prior exam helps where it can, and never stands in the way of a read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from models.predictions import ViewPrediction
from models.preprocess import PreparedView
from readers.ai.calibration import Calibrations
from readers.ai.reader import NeuralReader
from readers.ai.views import ViewKey
from screening.domain.ai_read import AiRead, AiStatus
from screening.domain.errors import NotFound
from screening.domain.identifiers import PersonId, SopInstanceUid
from screening.domain.quality import ReasonCode
from screening.domain.study import Image, Slot, Study
from screening.workflow.ports import PresentationImage
from tests.readers.ai.known_model import CALIBRATION, DBT_CALIBRATION, DBT_INFO, KnownEngine, KnownModel
from tests.readers.ai.studies import Pictures, image, prior_study, study, volume

R = ReasonCode
PRIOR = prior_study()
ALL: set[ViewKey] = {("L", "CC"), ("L", "MLO"), ("R", "CC"), ("R", "MLO")}


def read(
    prior: Study | None, model: KnownModel | None = None, pictures: Pictures | None = None, **current: Any
) -> AiRead:
    calibrations = Calibrations([CALIBRATION, DBT_CALIBRATION])
    reader = NeuralReader(model or KnownModel(), calibrations, seconds=lambda: 0.0, volumes=KnownModel(info=DBT_INFO))
    return reader.read(current.get("study", study()), pictures or Pictures(), "unit-a", prior)


def warned(read: AiRead) -> set[tuple[str, ReasonCode, str]]:
    return {(item.sop_instance_uid, item.reason, item.detail) for item in read.warnings}


def test_a_prior_is_compared_with_view_by_view_and_named() -> None:
    model = KnownModel()
    result = read(PRIOR, model)
    assert model.exams == [(ALL, ALL)]
    assert result.prior_used
    assert result.prior_digests == tuple(sorted(one.digest for one in PRIOR.images))
    assert result.warnings == ()
    assert all(breast.change == pytest.approx(0.0) for breast in result.breasts)
    assert {fill.sop_instance_uid for fill in result.slots} == {one.sop_instance_uid for one in study().images}


def test_without_a_prior_nothing_is_said_to_have_changed() -> None:
    result = read(None)
    assert (result.prior_used, result.prior_digests) == (False, ())
    assert all(breast.change is None for breast in result.breasts)
    assert all(item.change is None for item in result.explanation)


OTHER_WOMAN = {"participant": replace(PRIOR.header.participant, person=PersonId("TEST", "2"))}
OTHER_ISSUER = {"participant": replace(PRIOR.header.participant, person=PersonId("OTHER", "1"))}


@pytest.mark.parametrize(
    "header",
    [
        {"study_date": date(2026, 1, 5)},
        {"study_date": date(2027, 1, 5)},
        {"study_date": None},
        OTHER_WOMAN,
        OTHER_ISSUER,
    ],
)
def test_only_an_older_exam_of_the_same_woman_serves(header: dict[str, Any]) -> None:
    pictures = Pictures()
    result = read(prior_study(**header), pictures=pictures)
    assert (result.status, result.prior_used, result.prior_digests) == (AiStatus.OK, False, ())
    assert warned(result) == {(one.sop_instance_uid, R.PRIOR_REFUSED, "") for one in PRIOR.images}
    assert not any(uid.startswith("1.2.2.") for uid in pictures.loaded), "its pixels are not even looked at"


def test_an_exam_of_two_women_is_no_prior() -> None:
    result = read(replace(PRIOR, quarantine=R.TWO_PATIENTS))
    assert (result.status, result.prior_used) == (AiStatus.OK, False)


def test_a_prior_image_that_cannot_be_decoded_is_left_out_with_a_warning() -> None:
    broken = PRIOR.images[0].sop_instance_uid
    model = KnownModel()
    result = read(PRIOR, model, Pictures({broken: R.PIXELS_UNDECODABLE}))
    assert (result.status, result.prior_used, len(result.prior_digests)) == (AiStatus.OK, True, 3)
    assert warned(result) == {(broken, R.PRIOR_UNUSABLE, "pixels_undecodable")}
    assert model.exams == [(ALL, ALL - {("R", "CC")})]
    assert result.excluded == ()


class Pruned(Pictures):
    """A store from which the files of the prior are gone."""

    def load(self, image: Image) -> PresentationImage:
        """The picture, unless it is of the prior."""
        if image in PRIOR.images:
            raise NotFound("no such file")
        return super().load(image)


def test_a_prior_whose_files_are_gone_does_not_stop_the_read() -> None:
    result = read(PRIOR, pictures=Pruned())
    assert (result.status, result.prior_used) == (AiStatus.OK, False)
    assert warned(result) == {(one.sop_instance_uid, R.PRIOR_UNUSABLE, NotFound.code) for one in PRIOR.images}


def test_a_model_that_fails_on_a_prior_has_still_read_the_exam() -> None:
    result = read(PRIOR, KnownModel(KnownEngine(failing={6: RuntimeError("out of memory")})))
    assert (result.status, len(result.prior_digests)) == (AiStatus.OK, 3)
    assert {item[1:] for item in warned(result)} == {(R.PRIOR_UNUSABLE, "model_failed")}


class CannotCompare(KnownModel):
    """Fails whenever a prior is handed to the fusion of the exam."""

    def predict_exam(self, views: Any, priors: Any = None) -> Any:
        """As every model, but without priors."""
        if priors:
            raise RuntimeError("no graph for priors")
        return super().predict_exam(views)


def test_a_fusion_that_fails_with_the_prior_reads_without_it() -> None:
    result = read(PRIOR, CannotCompare())
    assert (result.status, result.prior_used, result.prior_digests) == (AiStatus.OK, False, ())
    assert warned(result) == {(one.sop_instance_uid, R.PRIOR_UNUSABLE, "model_failed") for one in PRIOR.images}


class UnknownPrior(KnownModel):
    """Knows the four views of the exam, and nothing that comes after them."""

    def predict(self, prepared: PreparedView) -> ViewPrediction:
        """The known answer; from the fifth view on, unlike anything in training."""
        answer = super().predict(prepared)
        return replace(answer, ood_score=3.0) if len(self.engine.seen) > 4 else answer


def test_a_prior_unlike_what_the_model_knows_is_not_compared_with() -> None:
    result = read(PRIOR, UnknownPrior())
    assert (result.status, result.prior_used) == (AiStatus.OK, False)
    assert {item[1:] for item in warned(result)} == {(R.PRIOR_UNUSABLE, "out_of_distribution")}


def test_kinds_are_not_mixed_between_an_exam_and_its_prior() -> None:
    volumes = study(*(volume(slot) for slot in Slot))
    result = read(PRIOR, study=volumes)
    assert (result.status, result.calibration_id, result.prior_used) == (AiStatus.OK, "cal-dbt", False)
    assert {item[1:] for item in warned(result)} == {(R.PRIOR_UNUSABLE, "mammogram_2d")}
    before = prior_study(*(volume(slot, f"1.2.2.{n}") for n, slot in enumerate(Slot, 1)))
    assert read(before, study=volumes).prior_used


def test_an_exam_that_gets_no_score_is_not_compared() -> None:
    pictures = Pictures({SopInstanceUid("1.2.3.1"): R.NO_BREAST})
    result = read(PRIOR, pictures=pictures)
    assert (result.status, result.prior_used, result.warnings) == (AiStatus.UNSUPPORTED, False, ())
    assert not any(uid.startswith("1.2.2.") for uid in pictures.loaded)


def test_of_several_prior_images_of_a_view_the_preferred_one_serves() -> None:
    small = image(Slot.RCC, "1.2.2.9", rows=400)
    prior = prior_study(*(image(slot, f"1.2.2.{n}") for n, slot in enumerate(Slot, 1)), small)
    result = read(prior)
    assert len(result.prior_digests) == 4
    assert prior.image(SopInstanceUid("1.2.2.9")).digest not in result.prior_digests
