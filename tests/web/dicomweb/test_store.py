"""Storing over HTTP: what is kept, what each instance and the whole request is answered; garbage is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2 as httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from screening.app.compose import Service
from screening.domain.errors import StoreUnavailable
from screening.domain.quality import ReasonCode
from screening.web.dicomweb.archive import Archive
from screening.workflow.intake import Received
from tests.app.test_listening import exam, image, pass_time
from tests.web.dicomweb.serving import SENT_AS, STUDY, body_of, served, stow, values

STORED, FAILED, OTHERS = "00081199", "00081198", "0008119A"
UID, REASON, URL = "00081155", "00081197", "00081190"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Service, httpx.Client]]:
    with served(tmp_path / "data") as both:
        yield both


def left_over(service: Service) -> list[Path]:
    return list((service.settings.data_dir / "uploading").iterdir())


def reasons(answer: httpx.Response, sequence: str = FAILED) -> list[object]:
    return [values(item, REASON)[0] for item in values(answer.json(), sequence)]  # type: ignore[arg-type]


def test_an_exam_is_stored_as_sent_and_becomes_a_case_after_the_quiet_period(
    running: tuple[Service, httpx.Client], tmp_path: Path
) -> None:
    service, client = running
    files = exam(tmp_path)
    answer = stow(client, *files)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/dicom+json"
    stored = values(answer.json(), STORED)
    assert len(stored) == 4
    assert {path.read_bytes() for path in files} == {
        service.files.path(digest).read_bytes() for digest in service.files.digests()
    }
    for item in stored:
        (url,) = values(item, URL)  # type: ignore[arg-type]
        assert client.get(str(url)).status_code == 200
    assert service.take_up_exams() == []
    pass_time(service)
    assert len(service.take_up_exams()) == 1
    assert left_over(service) == []


def test_storing_again_is_harmless_and_other_bytes_under_a_known_uid_fail(
    running: tuple[Service, httpx.Client], tmp_path: Path
) -> None:
    service, client = running
    first, other = image(tmp_path / "a.dcm"), image(tmp_path / "b.dcm", StationName="CHANGED")
    assert [stow(client, first).status_code for _ in range(2)] == [200, 200]
    answer = stow(client, other)
    assert (answer.status_code, reasons(answer)) == (409, [0x0111])
    with service.units() as uow:
        assert [reason for _digest, reason, _study in uow.exams.quarantined()] == [ReasonCode.DUPLICATE_DIFFERS]


def test_an_instance_of_another_study_fails_alone_and_is_not_kept(
    running: tuple[Service, httpx.Client], tmp_path: Path
) -> None:
    service, client = running
    ours, strange = image(tmp_path / "a.dcm"), image(tmp_path / "b.dcm", 1, StudyInstanceUID="1.2.3.99")
    answer = stow(client, ours, strange, study=STUDY)
    assert (answer.status_code, reasons(answer)) == (202, [0xA900])
    assert len(values(answer.json(), STORED)) == 1
    assert len(list(service.files.digests())) == 1
    assert stow(client, strange, study=STUDY).status_code == 409


def test_a_class_or_syntax_that_the_listener_would_refuse_is_refused_here_too(
    running: tuple[Service, httpx.Client], tmp_path: Path
) -> None:
    service, client = running
    waveform = image(tmp_path / "a.dcm", SOPClassUID="1.2.840.10008.5.1.4.1.1.9.1.1")
    answer = stow(client, waveform)
    assert (answer.status_code, reasons(answer)) == (409, [0x0122])
    video = image(tmp_path / "b.dcm").read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.9\0")
    answer = client.post("/studies", content=body_of([video]), headers=SENT_AS)
    assert (answer.status_code, reasons(answer)) == (409, [0xC122])
    assert list(service.files.digests()) == []


def test_a_part_that_is_no_dicom_fails_beside_one_that_is_stored(
    running: tuple[Service, httpx.Client], tmp_path: Path
) -> None:
    service, client = running
    parts = [image(tmp_path / "a.dcm").read_bytes(), b"not an object at all"]
    answer = client.post("/studies", content=body_of(parts), headers=SENT_AS)
    assert (answer.status_code, reasons(answer, OTHERS)) == (202, [0xC000])
    with service.units() as uow:
        assert [reason for _digest, reason in uow.exams.refusals()] == [ReasonCode.NOT_DICOM]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", SENT_AS, 400),
        (b"garbage", SENT_AS, 400),
        (b"--edge--", SENT_AS, 400),
        (body_of([b"garbage"]), SENT_AS, 400),
        (body_of([b""]), SENT_AS, 400),
        (body_of([b"x"])[:-12], SENT_AS, 400),
        (body_of([b"x"], "text/plain"), SENT_AS, 400),
        (body_of([b"x"]), {"Content-Type": "multipart/related; type=application/dicom"}, 400),
        (body_of([b"x"]), {"Content-Type": 'multipart/related; type="application/dicom+json"; boundary=edge'}, 415),
        (body_of([b"x"]), {"Content-Type": "multipart/form-data; boundary=edge"}, 415),
        (b"x", {"Content-Type": "application/json"}, 415),
        (b"x", {}, 415),
        (b"garbage", {"Content-Type": "application/dicom"}, 400),
        (body_of([b"x"]), {**SENT_AS, "Accept": "application/dicom+xml"}, 406),
    ],
)
def test_garbage_is_refused_and_leaves_nothing_behind(
    running: tuple[Service, httpx.Client], body: bytes, headers: dict[str, str], status: int
) -> None:
    service, client = running
    assert client.post("/studies", content=body, headers=headers).status_code == status
    assert not (service.settings.data_dir / "uploading").exists() or left_over(service) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.text(st.characters(codec="latin-1"), max_size=40), st.booleans())
def test_no_body_and_no_header_makes_it_fail_by_itself(
    running: tuple[Service, httpx.Client], body: bytes, header: str, framed: bool
) -> None:
    _service, client = running
    clean = "".join(letter for letter in header if letter.isprintable()).strip()
    sent = body_of([body]) if framed else b"--edge\r\n" + body
    headers = {b"Content-Type": clean.encode("latin-1")} if clean and not framed else None
    answer = client.post("/studies", content=sent, headers=headers or SENT_AS)
    assert answer.status_code in (400, 415)


def test_one_instance_alone_may_be_the_whole_body(running: tuple[Service, httpx.Client], tmp_path: Path) -> None:
    _service, client = running
    path = image(tmp_path / "a.dcm")
    answer = client.post("/studies", content=path.read_bytes(), headers={"Content-Type": "application/dicom"})
    assert (answer.status_code, len(values(answer.json(), STORED))) == (200, 1)


def test_too_many_or_too_large_parts_are_413(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Service.archive

    def small(service: Service) -> Archive:
        archive = made(service)
        return replace(archive, limits=replace(archive.limits, parts=2, part_bytes=200_000))

    monkeypatch.setattr(Service, "archive", small)
    with served(tmp_path / "data") as (service, client):
        assert stow(client, *exam(tmp_path)).status_code == 413
        assert len(list(service.files.digests())) == 2
        large = client.post("/studies", content=body_of([bytes(200_001)]), headers=SENT_AS)
        assert large.status_code == 413
        assert left_over(service) == []


def test_a_nearly_full_disk_is_503_and_keeps_nothing(tmp_path: Path) -> None:
    with served(tmp_path / "data", dicom_spare_mib=1 << 30) as (service, client):
        answer = stow(client, image(tmp_path / "a.dcm"))
        assert (answer.status_code, reasons(answer, OTHERS)) == (503, [0xA700])
        assert list(service.files.digests()) == []
        assert left_over(service) == []


def test_a_store_that_fails_for_one_instance_says_so_for_that_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Service.archive

    def failing(service: Service) -> Archive:
        archive = made(service)
        calls = iter([False, True])

        def receive(path: Path) -> Received:
            if next(calls):
                raise StoreUnavailable("the disk is gone")
            return archive.receive(path)

        return replace(archive, receive=receive)

    monkeypatch.setattr(Service, "archive", failing)
    with served(tmp_path / "data") as (_service, client):
        answer = stow(client, *exam(tmp_path)[:2])
    assert (answer.status_code, reasons(answer)) == (202, [0xA700])


def test_a_sender_that_breaks_off_leaves_whole_instances_only(
    running: tuple[Service, httpx.Client], tmp_path: Path
) -> None:
    service, client = running
    first, second, *_rest = (path.read_bytes() for path in exam(tmp_path))
    body = body_of([first, second])

    def broken() -> Iterator[bytes]:
        yield body[: len(first) + 1000]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        client.post("/studies", content=broken(), headers=SENT_AS)
    assert stow(client, tmp_path / "1.dcm").status_code == 200
    assert left_over(service) == []
