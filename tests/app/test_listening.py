"""The DICOM listener with real senders: what is kept, what each object is answered, and who may call at all."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from screening.app.compose import Service
from screening.app.demo.clock import CountedIds, PlayedClock
from screening.app.listening import partners_of
from screening.app.settings import Settings
from screening.dicom.network.caller import Station, echo, store
from screening.domain.errors import Forbidden, PartnerUnreachable
from screening.domain.quality import ReasonCode
from screening.workflow.recorded_case import load
from tests.dicom.builders import breast, mammogram, write
from tests.dicom.network.stations import Orthanc, free_port, running_orthanc, send, tool
from tests.services import START

VIEWS = (("L", "CC", ["A", "R"]), ("R", "CC", ["P", "L"]), ("L", "MLO", ["A", "R"]), ("R", "MLO", ["P", "L"]))


@contextmanager
def listening(folder: Path, **more: object) -> Iterator[tuple[Service, int]]:
    """A service whose DICOM listener runs, and its port."""
    given = {"data_dir": folder, "policy": "double-human", "dicom_spare_mib": 0, **more}
    service = Service(Settings.model_validate(given), PlayedClock(START), CountedIds())
    listener = service.listener()
    listener.start()
    try:
        yield service, listener.port
    finally:
        listener.stop()
        service.close()


def exam(folder: Path) -> list[Path]:
    """Four views of one examination."""
    return [image(folder / f"{number}.dcm", number) for number in range(4)]


def image(path: Path, number: int = 0, **changes: object) -> Path:
    side, view, orientation = VIEWS[number]
    stored = breast(side="left" if side == "L" else "right")
    named = {"SOPInstanceUID": f"1.2.826.0.1.3680043.8.498.3.{number + 1}", "ImageLaterality": side}
    named["StudyDate"] = "20260105"
    changed = {**named, "ViewPosition": view, "PatientOrientation": orientation, "ViewCodeSequence": None, **changes}
    return write(mammogram(stored, **changed), path)


def pass_time(service: Service, seconds: float = 61.0) -> None:
    assert isinstance(service.clock, PlayedClock)
    service.clock.advance(timedelta(seconds=seconds))


def test_an_exam_pushed_by_a_real_sender_becomes_one_case_after_the_quiet_period(tmp_path: Path) -> None:
    with listening(tmp_path / "data") as (service, port):
        sent = send(port, *exam(tmp_path))
        assert sent.returncode == 0, sent.stderr
        assert service.take_up_exams() == []
        pass_time(service)
        (case,) = service.take_up_exams()
        with service.units() as uow:
            (summary,) = uow.cases.list()
            assert summary.case == case
            assert len(uow.exams.study(summary.study).images) == 4
    assert list((tmp_path / "data" / "receiving").iterdir()) == []


def test_the_bytes_of_the_data_set_are_kept_as_sent(tmp_path: Path) -> None:
    (path, *_rest) = exam(tmp_path)
    with listening(tmp_path / "data") as (service, port):
        assert send(port, path).returncode == 0
        (digest,) = service.files.digests()
        kept, sent = dcmread(service.files.path(digest)), dcmread(path)
    assert kept == sent
    assert kept.file_meta.TransferSyntaxUID == sent.file_meta.TransferSyntaxUID


def test_the_same_object_sent_twice_is_one_and_another_under_its_uid_is_set_aside(tmp_path: Path) -> None:
    first, second = image(tmp_path / "a.dcm"), image(tmp_path / "b.dcm", StationName="CHANGED")
    with listening(tmp_path / "data") as (service, port):
        assert [send(port, path).returncode for path in (first, first, second)] == [0, 0, 0]
        with service.units() as uow:
            ((_digest, reason, study),) = uow.exams.quarantined()
            assert reason is ReasonCode.DUPLICATE_DIFFERS
            assert len(uow.exams.study(study).images) == 1


def test_a_second_patient_in_a_study_quarantines_the_exam_and_opens_no_case(tmp_path: Path) -> None:
    files = [image(tmp_path / "a.dcm"), image(tmp_path / "b.dcm", 1, PatientID="P-OTHER")]
    with listening(tmp_path / "data") as (service, port):
        assert send(port, *files).returncode == 0
        pass_time(service)
        assert service.take_up_exams() == []
        with service.units() as uow:
            assert [reason for _digest, reason, _study in uow.exams.quarantined()] == [ReasonCode.TWO_PATIENTS]


def test_a_nearly_full_disk_refuses_with_a700_and_keeps_nothing(tmp_path: Path) -> None:
    with listening(tmp_path / "data", dicom_spare_mib=1 << 30) as (service, port):
        sent = send(port, image(tmp_path / "a.dcm"))
        assert "0xa700" in sent.stderr.lower() or "OutOfResources" in sent.stderr
        assert list(service.files.digests()) == []


def test_verification_succeeds_for_whom_the_list_names_and_for_nobody_else(tmp_path: Path) -> None:
    partners = tmp_path / "partners.toml"
    partners.write_text('[[partner]]\ntitle = "UNIT1"\nunit = "unit one"\nnetworks = ["127.0.0.0/8"]\n')
    with listening(tmp_path / "data", dicom_partners=partners) as (service, port):
        assert echoed(port, "UNIT1") == 0
        assert echoed(port, "STRANGER") != 0
        assert send(port, image(tmp_path / "a.dcm")).returncode == 0
        pass_time(service)
        service.take_up_exams()
        with service.units() as uow:
            (summary,) = uow.cases.list()
            assert uow.exams.episode(summary.episode).unit == "unit one"


def test_a_known_title_from_a_foreign_network_stores_nothing(tmp_path: Path) -> None:
    partners = tmp_path / "partners.toml"
    partners.write_text('[[partner]]\ntitle = "UNIT1"\nnetworks = ["10.0.0.0/8"]\n')
    with listening(tmp_path / "data", dicom_partners=partners) as (service, port):
        sent = send(port, image(tmp_path / "a.dcm"))
        assert sent.returncode != 0 or "0x0124" in sent.stderr
        assert list(service.files.digests()) == []


def test_wrong_headers_of_a_site_are_corrected_by_its_rules_and_its_bytes_are_not(tmp_path: Path) -> None:
    partners = tmp_path / "partners.toml"
    partners.write_text(
        '[[partner]]\ntitle = "UNIT1"\n[[partner.headers]]\nwhen = { Manufacturer = "Mak.*" }\n'
        'put = { ManufacturerModelName = "Corrected" }\ncopy = { AccessionNumber = "StudyID" }\n'
    )
    path = image(tmp_path / "a.dcm", StudyID="ORDER-7", AccessionNumber="")
    with listening(tmp_path / "data", dicom_partners=partners) as (service, port):
        assert send(port, path).returncode == 0
        with service.units() as uow:
            study = uow.exams.study(uow.exams.studies()[0])
        assert (study.header.accession_number, study.images[0].device.model) == ("ORDER-7", "Corrected")
        assert dcmread(service.files.path(study.images[0].digest)) == dcmread(path)


def test_an_address_that_others_reach_needs_a_list_of_partners(tmp_path: Path) -> None:
    with pytest.raises(Forbidden):
        partners_of(Settings(data_dir=tmp_path, dicom_host="0.0.0.0"))  # noqa: S104


# The DIMSE library leaves the socket of a refused connection to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_our_own_sender_stores_and_says_why_it_could_not(tmp_path: Path) -> None:
    with listening(tmp_path / "data") as (service, port):
        us = Station("SECONDREAD", "127.0.0.1", port, "UNIT1")
        echo(us)
        assert store(us, exam(tmp_path)) == 4
        assert len(list(service.files.digests())) == 4
    with pytest.raises(PartnerUnreachable):
        echo(us)
    with listening(tmp_path / "full", dicom_spare_mib=1 << 30) as (_service, port), pytest.raises(PartnerUnreachable):
        store(Station("SECONDREAD", "127.0.0.1", port, "UNIT1"), exam(tmp_path))


@contextmanager
def asking(folder: Path) -> Iterator[tuple[Orthanc, Service]]:
    """An Orthanc that has an exam and may send to us, and where the answers to its questions go."""
    port = free_port()
    with running_orthanc(folder / "orthanc", {"us": ("SECONDREAD", port)}) as peer:
        partners = folder / "partners.toml"
        partners.write_text(f'[[partner]]\ntitle = "ORTHANC"\nhost = "127.0.0.1"\nport = {peer.port}\n')
        peer.upload(*exam(folder))
        with listening(folder / "data", dicom_partners=partners, dicom_port=port) as (service, _port):
            yield peer, service


def committed(peer: Orthanc, service: Service) -> Any:
    """What Orthanc is answered when it asks whether all it has is safe here."""
    asked = peer.web.post("/modalities/us/storage-commitment", json={"Resources": peer.instances()}).json()
    assert service.runner().run_until_idle(30).done == 1
    return peer.web.get(asked["Path"]).json()


def test_orthanc_pushes_an_exam_and_is_told_that_it_is_safe(tmp_path: Path) -> None:
    with asking(tmp_path) as (peer, service):
        assert peer.job("/modalities/us/store", {"Resources": peer.instances()})["State"] == "Success"
        answer = committed(peer, service)
    assert answer["Status"] == "Success", answer
    assert len(answer["Success"]) == 4


def test_what_is_not_here_is_not_committed(tmp_path: Path) -> None:
    with asking(tmp_path) as (peer, service):
        first, *_rest = peer.instances()
        peer.job("/modalities/us/store", {"Resources": [first]})
        answer = committed(peer, service)
    assert answer["Status"] == "Failure"
    assert (len(answer["Success"]), len(answer["Failures"])) == (1, 3)


def prior(folder: Path) -> list[Path]:
    """Four views of the same woman two years before."""
    folder.mkdir()
    study = {"StudyInstanceUID": "1.2.826.0.1.3680043.8.498.77", "StudyDate": "20240105", "AccessionNumber": "ACC-OLD"}
    uid = "1.2.826.0.1.3680043.8.498.78"
    return [image(folder / f"{n}.dcm", n, SOPInstanceUID=f"{uid}.{n + 1}", **study) for n in range(4)]


def test_a_prior_comes_from_the_archive_before_the_exam_is_taken_up(tmp_path: Path) -> None:
    port = free_port()
    with running_orthanc(tmp_path / "orthanc", {"us": ("SECONDREAD", port)}) as peer:
        network = tmp_path / "network.toml"
        network.write_text(f'[[archive]]\ntitle = "ORTHANC"\nhost = "127.0.0.1"\nport = {peer.port}\n')
        peer.upload(*prior(tmp_path / "prior"))
        with listening(tmp_path / "data", dicom_partners=network, dicom_port=port) as (service, _port):
            assert send(port, *exam(tmp_path)).returncode == 0
            pass_time(service)
            assert service.take_up_exams() == []
            assert service.runner().run_until_idle(60).done == 1
            (case,) = service.take_up_exams()
            with service.units() as uow:
                opened = load(uow, case).facts.opened
                assert opened is not None
                assert opened.prior_study == "1.2.826.0.1.3680043.8.498.77"
                assert len(uow.exams.study(opened.prior_study).images) == 4
                assert len(uow.cases.list()) == 1


# The DIMSE library leaves the socket of a refused connection to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_archive_that_cannot_be_reached_holds_up_nothing(tmp_path: Path) -> None:
    network = tmp_path / "network.toml"
    network.write_text(f'[[archive]]\ntitle = "ORTHANC"\nhost = "127.0.0.1"\nport = {free_port()}\n')
    with listening(tmp_path / "data", dicom_partners=network) as (service, port):
        assert send(port, *exam(tmp_path)).returncode == 0
        service.runner().run_until_idle(60)
        pass_time(service)
        assert len(service.take_up_exams()) == 1
        assert [job.reason for job in service.parked_jobs()] == ["partner_unreachable"]


def echoed(port: int, calling: str) -> int:
    command = [tool("echoscu"), "-aet", calling, "-aec", "SECONDREAD", "127.0.0.1", str(port)]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode
