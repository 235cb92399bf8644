"""The HTTP reader against a real service that misbehaves in each way."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from readers.external.remote import http
from readers.plugins.contract import ReaderContext, SendMode
from screening.domain.ai_read import AiRead, AiStatus
from screening.domain.errors import InvalidInput, ModelUnusable
from screening.domain.quality import ReasonCode
from screening.domain.study import Laterality, Slot
from tests.readers.ai.studies import Pictures
from tests.readers.external.samples import STUDY, Files, context
from tests.readers.external.service import NAME, Behaviour, serving

LIMIT = 1.5
"""Seconds a service that drips is listened to; what it drips would take longer."""


def read(folder: Path, behaviour: Behaviour, calibrated: bool = True, send: SendMode = SendMode.FILES) -> AiRead:
    with serving(behaviour) as url:
        return http(context(Files(folder), calibrated, url, send)).read(STUDY, Pictures(), "unit-a")


def test_a_good_answer_is_a_read_where_a_calibration_holds(tmp_path: Path) -> None:
    result = read(tmp_path, Behaviour())
    assert (result.status, result.exam_score, result.flagged) == (AiStatus.OK, 9, False)
    assert result.identity is not None
    assert result.identity.product == "Other Product@4.2"
    assert {breast.laterality: breast.raw_score for breast in result.breasts} == {
        Laterality.RIGHT: 0.83,
        Laterality.LEFT: 0.1,
    }
    (mark,) = result.regions
    assert (mark.slot, mark.location.x0, mark.location.y1, mark.raw_score) == (Slot.RCC, 10.0, 90.0, 0.8)


def test_without_a_calibration_the_score_is_kept_and_is_no_read(tmp_path: Path) -> None:
    result = read(tmp_path, Behaviour(), calibrated=False)
    assert result.status is AiStatus.UNCALIBRATED
    assert (result.raw_score, result.exam_score) == (0.83, None)


def test_it_sends_the_files_under_neutral_names(tmp_path: Path) -> None:
    behaviour = Behaviour()
    read(tmp_path, behaviour)
    ((kind, body),) = behaviour.requests
    assert kind.startswith("multipart/form-data")
    for image in STUDY.images:
        assert b"pixels of " + image.digest.encode() in body
    assert str(tmp_path).encode() not in body
    assert b'filename="1.dcm"' in body


def test_it_can_send_ids_only(tmp_path: Path) -> None:
    behaviour = Behaviour()
    assert read(tmp_path, behaviour, send=SendMode.IDS).status is AiStatus.OK
    ((kind, body),) = behaviour.requests
    assert kind == "application/json"
    assert set(json.loads(body)) == {"apiVersion", "studyInstanceUid", "sopInstanceUids"}


BAD_ANSWERS = {
    "error": ReasonCode.MODEL_FAILED,
    "unauthorised": ReasonCode.MODEL_FAILED,
    "redirect": ReasonCode.MODEL_FAILED,
    "hangup": ReasonCode.MODEL_FAILED,
    "garbage": ReasonCode.ANSWER_INVALID,
    "cut": ReasonCode.ANSWER_INVALID,
    "empty": ReasonCode.ANSWER_INVALID,
    "list": ReasonCode.ANSWER_INVALID,
    "nan": ReasonCode.ANSWER_INVALID,
    "huge": ReasonCode.ANSWER_INVALID,
}


@pytest.mark.parametrize(("how", "reason"), BAD_ANSWERS.items())
def test_a_service_that_misbehaves_has_failed(
    tmp_path: Path, how: str, reason: ReasonCode, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    result = read(tmp_path, Behaviour(how))
    assert (result.status, result.reasons) == (AiStatus.FAILED, (reason,))
    assert {item.sop_instance_uid for item in result.excluded} == {i.sop_instance_uid for i in STUDY.images}
    assert NAME not in caplog.text + repr(result)
    assert "t0ken" not in caplog.text


@pytest.mark.parametrize("how", ["silent", "slow", "slow headers"])
def test_a_service_that_takes_too_long_is_cut_off_at_the_deadline(tmp_path: Path, how: str) -> None:
    with serving(Behaviour(how)) as url:
        reader = http(context(Files(tmp_path), url=url, timeout_s=LIMIT))
        begun = monotonic()
        result = reader.read(STUDY, Pictures(), "unit-a")
        taken = monotonic() - begun
    assert (result.status, result.reasons) == (AiStatus.TIMED_OUT, (ReasonCode.TIMED_OUT,))
    assert taken < 2 * LIMIT


def test_the_deadline_holds_for_who_it_is_too(tmp_path: Path) -> None:
    behaviour = Behaviour("slow headers", slow_info=True)
    with serving(behaviour) as url, pytest.raises(ModelUnusable, match="timed_out"):
        http(context(Files(tmp_path), url=url, timeout_s=LIMIT))


def test_no_connection_outlives_the_call(tmp_path: Path) -> None:
    """A reply that never ends is not listened to in the background either."""
    behaviour = Behaviour("slow headers")
    with serving(behaviour) as url:
        http(context(Files(tmp_path), url=url, timeout_s=LIMIT)).read(STUDY, Pictures(), "unit-a")
        assert behaviour.hung_up.wait(5)


@pytest.mark.parametrize(
    "changes",
    [
        {"studyInstanceUid": "1.2.3"},
        {"modelVersion": "4.3"},
        {"apiVersion": "2"},
        {"imagesRead": ["1.2.3.4.5"]},
        {"imagesRead": []},
        {"score": None},
        {"score": 1.2},
        {"score": "0.5"},
        {"patientName": "x"},
        {"status": "normal"},
        {"status": "refused"},
        {"breasts": [{"laterality": "R", "score": 0.1}, {"laterality": "R", "score": 0.2}]},
    ],
)
def test_an_answer_that_breaks_the_schema_or_the_exam_is_not_believed(tmp_path: Path, changes: dict[str, Any]) -> None:
    result = read(tmp_path, Behaviour(reply=changes))
    assert (result.status, result.reasons) == (AiStatus.FAILED, (ReasonCode.ANSWER_INVALID,))


def test_a_refusal_of_the_service_is_a_refusal(tmp_path: Path) -> None:
    nothing: dict[str, Any] = {
        "status": "refused",
        "score": None,
        "breasts": [],
        "imagesRead": [],
        "findings": [],
        "density": None,
    }
    assert read(tmp_path, Behaviour(reply=nothing)).status is AiStatus.UNSUPPORTED


@pytest.mark.parametrize(
    "mark",
    [
        {"sopInstanceUid": "9.9.9"},
        {"box": [-500.0, 0.0, -400.0, 10.0]},
        {"box": [10.0, 20.0, 10.0, 90.0]},
        {"frame": 7},
    ],
)
def test_a_mark_that_cannot_be_placed_is_refused_and_with_it_the_read(tmp_path: Path, mark: dict[str, Any]) -> None:
    uid = STUDY.images[0].sop_instance_uid
    good = {"sopInstanceUid": uid, "box": [10.0, 20.0, 60.0, 90.0], "type": "mass", "score": 0.8}
    result = read(tmp_path, Behaviour(reply={"findings": [good, good | mark]}))
    assert result.status is AiStatus.UNSUPPORTED
    assert result.reasons == (ReasonCode.MARK_ELSEWHERE,)
    assert len(result.regions) == 1


def test_a_service_that_is_gone_cannot_be_reached(tmp_path: Path) -> None:
    with serving(Behaviour()) as url:
        reader = http(context(Files(tmp_path), url=url))
    result = reader.read(STUDY, Pictures(), "unit-a")
    assert (result.status, result.reasons) == (AiStatus.FAILED, (ReasonCode.READER_UNREACHABLE,))


def unusable(files: Files) -> list[tuple[ReaderContext, type[Exception]]]:
    return [(context(files, url=url), InvalidInput) for url in ("", "ftp://host", "host")]


def test_settings_that_name_no_service_are_refused(tmp_path: Path) -> None:
    for given, error in unusable(Files(tmp_path)):
        with pytest.raises(error):
            http(given)


@pytest.mark.parametrize("info", [{"apiVersion": "2"}, {"modelName": ""}, {"extra": 1}, {"modelName": f"by {NAME}"}])
def test_a_service_that_does_not_say_who_it_is_is_unusable(tmp_path: Path, info: dict[str, Any]) -> None:
    with serving(Behaviour(info=info)) as url, pytest.raises(ModelUnusable) as error:
        http(context(Files(tmp_path), url=url))
    assert NAME not in str(error.value)


def test_the_scope_it_declares_is_taken(tmp_path: Path) -> None:
    declared = {"scope": {"kinds": ["dbt"], "ages": [50, 75], "manufacturers": ["Vendor"]}, "label": "trial version"}
    with serving(Behaviour(info=declared)) as url:
        reader = http(context(Files(tmp_path), url=url))
    assert (reader.scope.ages, reader.identity.label) == ((50, 75), "trial version")
    assert reader.scope.refusal(STUDY) is ReasonCode.MODALITY_OUT_OF_SCOPE
