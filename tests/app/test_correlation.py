"""One id follows an exam through every log line, from C-STORE to the PACS's word that it keeps the result."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from screening.app.compose import Service
from screening.app.demo.clock import CountedIds, PlayedClock
from screening.app.logging import configure_logging, get_log
from screening.app.settings import Settings
from screening.domain.ai_read import AiRead, SlotFill
from screening.domain.delivery import DeliveryState
from screening.domain.study import Study, exam_id
from screening.workflow.ports import PixelSource
from tests.app.test_listening import exam
from tests.dicom.network.stations import free_port, running_orthanc, send
from tests.dicom_out.samples import IDENTITY, OK_READ
from tests.services import START

SHOWN = "masai"


@dataclass(frozen=True)
class ReaderOfAnything:
    """Gives the same answer for every exam, on the images it was given."""

    identity = IDENTITY

    def read(self, study: Study, pixels: PixelSource, site: str, prior: Study | None = None) -> AiRead:
        slots = tuple(SlotFill(image.slot, image.sop_instance_uid) for image in study.images if image.slot)
        own = replace(OK_READ, study_instance_uid=study.study_instance_uid, slots=slots, excluded=())
        return replace(own, regions=(), explanation=(), quality=())


@pytest.fixture
def loud() -> Iterator[None]:
    """Logs as a service of its own writes them."""
    configure_logging("INFO")
    yield
    configure_logging("WARNING")


def logged(capfd: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """Every line on standard error; each must be one JSON object."""
    return [json.loads(line) for line in capfd.readouterr().err.splitlines()]


@pytest.mark.slow
def test_one_id_leads_from_the_first_image_to_the_acknowledgement(
    tmp_path: Path, loud: None, capfd: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    with running_orthanc(tmp_path / "orthanc", {"SECONDREAD": ("SECONDREAD", port)}) as pacs:
        network = tmp_path / "network.toml"
        network.write_text(
            '[[partner]]\ntitle = "ORTHANC"\n[[partner]]\ntitle = "UNIT1"\n[[destination]]\nname = "pacs"\n'
            f'commitment = true\ntitle = "ORTHANC"\nhost = "127.0.0.1"\nport = {pacs.port}\n'
        )
        settings = Settings(
            data_dir=tmp_path / "data", policy=SHOWN, dicom_partners=network, dicom_port=port, dicom_spare_mib=0
        )
        service = Service(settings, PlayedClock(START), CountedIds())
        service.__dict__["ai_reader"] = ReaderOfAnything()
        listener = service.listener()
        listener.start()
        try:
            run_through(service, port, tmp_path)
            lines = logged(capfd)
            with service.units() as uow:
                (study,) = uow.exams.studies()
                header = uow.exams.study(study).header
        finally:
            listener.stop()
            service.close()
    ours = [line for line in lines if line.get("exam") == exam_id(header)]
    events = [(line.get("event"), line.get("job")) for line in ours]
    assert events.count(("object kept", None)) == 4
    assert ("exam taken up", None) in events
    assert {"ai_read", "plan_deliveries", "send_result"} <= {job for event, job in events if event == "job done"}
    assert ("storage commitment answered", None) in events
    assert len({line["association"] for line in ours if line["event"] == "object kept"}) == 1
    assert {line.get("exam") for line in lines} - {None} == {exam_id(header)}
    told = json.dumps(lines)
    assert not [
        part for part in (header.person.value, header.participant.family, header.accession_number) if part in told
    ]


def run_through(service: Service, port: int, folder: Path) -> None:
    """Send four views, wait until they are an exam, read them, deliver, and have the delivery acknowledged."""
    assert send(port, *exam(folder)).returncode == 0
    assert isinstance(service.clock, PlayedClock)
    service.clock.advance(timedelta(seconds=61))
    (case,) = service.take_up_exams()
    runner = service.runner()
    runner.start()
    try:
        committed = False
        while not committed:
            with service.units() as uow:
                committed = any(found.state is DeliveryState.COMMITTED for found in uow.deliveries.of_case(case))
    finally:
        runner.stop()


def test_what_other_libraries_log_is_json_and_shows_no_text_of_an_error(
    loud: None, capfd: pytest.CaptureFixture[str]
) -> None:
    try:
        raise ValueError("Vandersynthetic")
    except ValueError:
        logging.getLogger("some.library").exception("it failed")
        get_log().exception("we failed")
    theirs, ours = logged(capfd)
    assert (theirs["event"], theirs["failure"], theirs["level"]) == ("it failed", "ValueError", "error")
    assert (ours["event"], ours["failure"]) == ("we failed", "ValueError")
    assert "Vandersynthetic" not in json.dumps([theirs, ours])
