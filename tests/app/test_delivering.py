"""Results reach a real PACS: when the policy lets them, once, patiently, and acknowledged by storage commitment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from screening.app.compose import Service
from screening.app.demo.clock import CountedIds, PlayedClock
from screening.app.settings import Settings
from screening.dicom.network.listener import Doing, Listening, StoreListener
from screening.dicom.network.partners import Partner, Partners
from screening.domain import events as ev
from screening.domain.ai_read import AiRead
from screening.domain.delivery import Delivery, DeliveryState
from screening.domain.identifiers import ReaderId
from screening.domain.opinion import NORMAL
from screening.domain.quality import ReasonCode
from screening.domain.study import Study
from screening.workflow.amend_case import amend_case
from screening.workflow.arbitrate import Arbitrate, arbitrate
from screening.workflow.finalise import finalise_due
from screening.workflow.ports import PixelSource, ReadInstance
from screening.workflow.read_by_ai import read_by_ai
from screening.workflow.release import release
from screening.workflow.submit_read import SubmitRead, submit_read
from tests.dicom.network.stations import Orthanc, free_port, running_orthanc
from tests.dicom_out.samples import HEADER, IDENTITY, OK_READ, STUDY
from tests.readers.ai.studies import Pictures
from tests.services import START
from tests.workflow.test_open_case import case_of, register

BLIND, SHOWN = "double-human+ai", "masai"
DIMSE = 'title = "ORTHANC"\nhost = "127.0.0.1"\nport = {port}\n'


@dataclass(frozen=True)
class KnownReader:
    """A reader whose answer is known."""

    answer: AiRead = OK_READ
    identity = IDENTITY

    def read(self, study: Study, pixels: PixelSource, site: str, prior: Study | None = None) -> AiRead:
        return self.answer


@contextmanager
def unit(folder: Path, policy: str, destination: str, port: int = 0) -> Iterator[Service]:
    """A service with one destination and the AI read of one exam."""
    folder.mkdir(parents=True, exist_ok=True)
    network = folder / "network.toml"
    network.write_text(f'[[partner]]\ntitle = "ORTHANC"\n[[destination]]\nname = "pacs"\n{destination}')
    settings = Settings(data_dir=folder, policy=policy, dicom_partners=network, dicom_port=port, dicom_spare_mib=0)
    service = Service(settings, PlayedClock(START), CountedIds())
    register(service, *(ReadInstance(HEADER, image) for image in STUDY.images))
    read_by_ai(service.units, KnownReader(), Pictures(), service.clock, case_of(service))
    try:
        yield service
    finally:
        service.close()


def work(service: Service) -> None:
    """Do what is due; the AI read itself is known, so its own job finds nothing to do."""
    service.runner().run_until_idle(30)


def delivery(service: Service) -> Delivery | None:
    with service.units() as uow:
        found = uow.deliveries.of_case(case_of(service))
    return found[0] if found else None


def conclude(service: Service) -> None:
    """Read by two, arbitrated because AI flagged, and released."""
    case, clock = case_of(service), service.clock
    for name in ("anne", "bert"):
        with service.units() as uow:
            submit_read(uow, clock, service.ids, SubmitRead(case, ev.Author(ReaderId(name), name), NORMAL))
    finalise(service)
    with service.units() as uow:
        arbitrate(uow, clock, service.ids, Arbitrate(case, (ev.Author(ReaderId("carl"), "carl"),), NORMAL, "seen"))
    finalise(service)
    with service.units() as uow:
        release(uow, clock, case, "desk")


def finalise(service: Service) -> None:
    """Let every correction window elapse."""
    assert isinstance(service.clock, PlayedClock)
    service.clock.advance(timedelta(days=1))
    with service.units() as uow:
        finalise_due(uow, service.clock)


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[Orthanc]:
    with running_orthanc(tmp_path / "orthanc", {}) as peer:
        yield peer


def test_a_result_that_every_reader_may_see_is_in_the_pacs_before_any_read(tmp_path: Path, pacs: Orthanc) -> None:
    with unit(tmp_path / "data", SHOWN, DIMSE.format(port=pacs.port)) as service:
        work(service)
        found = delivery(service)
        assert found is not None
        assert found.state is DeliveryState.SENT
        (stored,) = pacs.instances()
        tags = pacs.web.get(f"/instances/{stored}/simplified-tags").json()
    assert tags["SOPClassUID"] == "1.2.840.10008.5.1.4.1.1.88.50"
    assert tags["StudyInstanceUID"] == STUDY.study_instance_uid


def test_a_result_that_readers_must_not_see_stays_here_until_release(tmp_path: Path, pacs: Orthanc) -> None:
    with unit(tmp_path / "data", BLIND, DIMSE.format(port=pacs.port)) as service:
        work(service)
        assert delivery(service) is None
        assert pacs.instances() == []
        conclude(service)
        work(service)
        assert len(pacs.instances()) == 1


def test_sending_again_leaves_one_object(tmp_path: Path, pacs: Orthanc) -> None:
    with unit(tmp_path / "data", SHOWN, DIMSE.format(port=pacs.port)) as service:
        work(service)
        run = delivery(service)
        assert run is not None
        send = service.handlers()["send_result"]
        send(STUDY.study_instance_uid, run.run, "pacs", "0")
    assert len(pacs.instances()) == 1


def test_a_woman_who_objects_to_ai_has_nothing_of_it_in_the_pacs(tmp_path: Path, pacs: Orthanc) -> None:
    with unit(tmp_path / "data", SHOWN, DIMSE.format(port=pacs.port)) as service:
        with service.units() as uow:
            amend_case(uow, service.clock, case_of(service), ev.ObjectionRecorded(ev.Objection.NO_AI), "desk")
        work(service)
        assert delivery(service) is None
        assert pacs.instances() == []


def test_the_pacs_says_that_it_keeps_the_result(tmp_path: Path) -> None:
    port = free_port()
    with running_orthanc(tmp_path / "orthanc", {"us": ("SECONDREAD", port)}) as pacs:
        destination = DIMSE.format(port=pacs.port) + "commitment = true\n"
        with unit(tmp_path / "data", SHOWN, destination, port) as service:
            listener = service.listener()
            listener.start()
            service.runner().run_until_idle(5)
            state = wait_for(service, DeliveryState.COMMITTED)
            listener.stop()
    assert state is DeliveryState.COMMITTED


# The DIMSE library leaves the socket of a refused connection to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_pacs_that_is_down_for_a_while_gets_the_result_when_it_is_back(tmp_path: Path) -> None:
    port = free_port()
    with unit(tmp_path / "data", SHOWN, DIMSE.format(port=port)) as service:
        service.runner().run_until_idle(3)
        waiting = delivery(service)
        assert waiting is not None
        assert (waiting.state, waiting.reason) == (DeliveryState.WAITING, "partner_unreachable")
        with running_orthanc(tmp_path / "orthanc", {}, dicom_port=port) as pacs:
            work(service)
            assert len(pacs.instances()) == 1
        found = delivery(service)
        assert found is not None
        assert found.state is DeliveryState.SENT


def test_what_a_pacs_refuses_is_parked_for_a_person(tmp_path: Path) -> None:
    with refusing(tmp_path / "peer") as port, unit(tmp_path / "data", SHOWN, DIMSE.format(port=port)) as service:
        work(service)
        (parked,) = service.parked_jobs()
    assert (parked.name, parked.reason) == ("send_result", "partner_refused")


def test_a_result_goes_by_stow_where_the_destination_is_a_url(tmp_path: Path, pacs: Orthanc) -> None:
    url = f'url = "{pacs.web.base_url}/dicom-web"\n'.replace("//dicom-web", "/dicom-web")
    with unit(tmp_path / "data", SHOWN, url) as service:
        work(service)
    assert len(pacs.instances()) == 1


def wait_for(service: Service, state: DeliveryState) -> DeliveryState | None:
    """The state of the delivery once it is as expected, or what it is after a while of asking."""
    found = None
    for _ask in range(2000):
        current = delivery(service)
        found = current.state if current else None
        if found is state:
            break
    return found


@contextmanager
def refusing(folder: Path) -> Iterator[int]:
    """The port of a partner that understands nothing it is sent."""

    def receive(path: Path, partner: Partner) -> ReasonCode:
        return ReasonCode.UNREADABLE

    listening = Listening("127.0.0.1", 0, "ORTHANC", folder, spare_bytes=0)
    listener = StoreListener(listening, Partners(), Doing(receive, lambda _: None, lambda _: None))
    listener.start()
    try:
        yield listener.port
    finally:
        listener.stop()
