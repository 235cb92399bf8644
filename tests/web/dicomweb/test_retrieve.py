"""Retrieving over HTTP: the bytes that were stored, headers as JSON, frames in the form that is asked for, pictures."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import httpx2 as httpx
import numpy as np
import pytest
from PIL import Image as Pillow
from pydicom import Dataset, dcmread

from screening.app.compose import Service
from screening.dicom.bto_object import write_bto
from tests.app.test_listening import exam, image
from tests.dicom.builders import breast, compressed, lossless, mammogram, write
from tests.dicom.codec_streams import Pixels, htj2k, j2k, jpeg_ls, rle
from tests.dicom.test_volume import FRAMES, volume
from tests.web.dicomweb.serving import FIRST, INSTANCE, SERIES, STUDY, served, stow

EXPLICIT = "1.2.840.10008.1.2.1"
CODED: dict[str, tuple[str, Callable[[Pixels], bytes]]] = {
    "1.2.840.10008.1.2.5": ("image/dicom-rle", rle),
    "1.2.840.10008.1.2.4.70": ("image/jpeg", lossless),
    "1.2.840.10008.1.2.4.80": ("image/jls", jpeg_ls),
    "1.2.840.10008.1.2.4.90": ("image/jp2", j2k),
    "1.2.840.10008.1.2.4.201": ("image/jphc", htj2k),
}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Service, httpx.Client]]:
    with served(tmp_path / "data") as both:
        yield both


def parts(answer: httpx.Response) -> list[tuple[str, bytes]]:
    """Content type and bytes of every part, by the standard library's own parser of such messages."""
    assert answer.status_code == 200, answer.text
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    boundary = answer.headers["content-type"].split("boundary=")[1].encode()
    message = message_from_bytes(head + answer.content)
    types = [part.get_content_type() + _syntax(part) for part in message.walk() if not part.is_multipart()]
    bodies = [part.split(b"\r\n\r\n", 1)[1][:-2] for part in answer.content.split(b"--" + boundary)[1:-1]]
    return list(zip(types, bodies, strict=True))


def _syntax(part: Message) -> str:
    stated = part.get_param("transfer-syntax")
    return f"; transfer-syntax={stated}" if stated else ""


def coded(path: Path, syntax: str) -> tuple[Path, bytes, Pixels]:
    """A mammogram in this syntax, its coded frame and its pixels."""
    pixels = breast()
    stream = CODED[syntax][1](pixels)
    return write(compressed(mammogram(pixels, SOPInstanceUID=FIRST), stream), path, syntax), stream, pixels


@pytest.mark.parametrize("target", [f"/studies/{STUDY}", f"/studies/{STUDY}/series/{SERIES}"])
@pytest.mark.parametrize("accept", ["*/*", "multipart/related", 'multipart/related; type="application/dicom"'])
def test_an_exam_comes_back_byte_for_byte(
    running: tuple[Service, httpx.Client], tmp_path: Path, target: str, accept: str
) -> None:
    _service, client = running
    files = exam(tmp_path)
    stow(client, *files)
    answer = client.get(target, headers={"Accept": accept})
    assert parts(answer) == [(f"application/dicom; transfer-syntax={EXPLICIT}", path.read_bytes()) for path in files]
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["cache-control"] == "private, no-store"


def test_one_instance_comes_in_a_part_or_alone(running: tuple[Service, httpx.Client], tmp_path: Path) -> None:
    _service, client = running
    path = image(tmp_path / "a.dcm")
    stow(client, path)
    assert [body for _type, body in parts(client.get(INSTANCE))] == [path.read_bytes()]
    alone = client.get(INSTANCE, headers={"Accept": "application/dicom; transfer-syntax=*"})
    assert alone.headers["content-type"].startswith("application/dicom")
    assert alone.content == path.read_bytes()


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ('multipart/related; type="application/dicom"; transfer-syntax=*', 200),
        (f'multipart/related; type="application/dicom"; transfer-syntax={EXPLICIT}', 406),
        ('multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.70', 200),
        ('multipart/related; type="application/dicom+xml"', 406),
        ("image/jpeg", 406),
        ("application/dicom;q=0", 406),
    ],
)
def test_a_transfer_syntax_that_is_not_held_is_not_acceptable(
    running: tuple[Service, httpx.Client], tmp_path: Path, accept: str, status: int
) -> None:
    _service, client = running
    stow(client, coded(tmp_path / "a.dcm", "1.2.840.10008.1.2.4.70")[0])
    assert client.get(INSTANCE, headers={"Accept": accept}).status_code == status


@pytest.mark.parametrize(
    "target",
    [
        *("/studies/1.2.3", f"/studies/{STUDY}/series/1.2", INSTANCE[:-1] + "9", f"{INSTANCE}/frames/2"),
        *("/studies/1.2.3/metadata", f"{INSTANCE}/frames/2/rendered", f"{INSTANCE}/bulkdata/00100010"),
    ],
)
def test_what_is_not_there_is_not_found(running: tuple[Service, httpx.Client], tmp_path: Path, target: str) -> None:
    _service, client = running
    stow(client, image(tmp_path / "a.dcm"))
    assert client.get(target).status_code == 404


@pytest.mark.parametrize(
    "target", ["/frames/0", "/frames/a", "/frames/1,,2", "/frames/-1", "/bulkdata/x", "/rendered?window=1,2,linear"]
)
def test_a_malformed_address_is_a_bad_request(
    running: tuple[Service, httpx.Client], tmp_path: Path, target: str
) -> None:
    _service, client = running
    stow(client, image(tmp_path / "a.dcm"))
    assert client.get(INSTANCE + target).status_code == 400


def test_metadata_is_the_header_without_its_pixels(running: tuple[Service, httpx.Client], tmp_path: Path) -> None:
    _service, client = running
    files = exam(tmp_path)
    stow(client, *files)
    found = client.get(f"/studies/{STUDY}/metadata").json()
    for path, shown in zip(files, found, strict=True):
        sent = dcmread(path)
        assert shown["7FE00010"]["BulkDataURI"].endswith(f"{sent.SOPInstanceUID}/bulkdata/7FE00010")
        assert shown.pop("00083002")["Value"] == [EXPLICIT]
        del sent.PixelData, shown["7FE00010"]
        assert Dataset.from_json(shown) == sent


def test_a_long_value_is_named_by_an_address_that_gives_it(
    running: tuple[Service, httpx.Client], tmp_path: Path
) -> None:
    _service, client = running
    table = Dataset()
    table.add_new(0x00283006, "OW", bytes(range(256)) * 16)
    stow(client, image(tmp_path / "a.dcm", VOILUTSequence=[table]))
    (shown,) = client.get(f"{INSTANCE}/metadata").json()
    address = shown["00283010"]["Value"][0]["00283006"]["BulkDataURI"]
    ((media_type, found),) = parts(client.get(address))
    assert (media_type, found) == ("application/octet-stream", bytes(range(256)) * 16)


def test_numbers_that_json_has_no_word_for_are_left_out(running: tuple[Service, httpx.Client], tmp_path: Path) -> None:
    _service, client = running
    stow(client, image(tmp_path / "a.dcm", CompressionForce="NaN", EntranceDoseInmGy="1e999", RealWorldValueSlope=1.5))
    (shown,) = client.get(f"{INSTANCE}/metadata").json()
    assert "001811A2" not in shown


def test_a_stored_frame_comes_as_octets(running: tuple[Service, httpx.Client], tmp_path: Path) -> None:
    _service, client = running
    path = image(tmp_path / "a.dcm")
    stow(client, path)
    for accept in ("*/*", 'multipart/related; type="application/octet-stream"'):
        ((media_type, frame),) = parts(client.get(f"{INSTANCE}/frames/1", headers={"Accept": accept}))
        assert media_type == f"application/octet-stream; transfer-syntax={EXPLICIT}"
        assert frame == dcmread(path).PixelData
    alone = client.get(f"{INSTANCE}/frames/1", headers={"Accept": "application/octet-stream"})
    assert alone.content == dcmread(path).PixelData
    assert client.get(f"{INSTANCE}/frames/1", headers={"Accept": "image/jp2"}).status_code == 406


@pytest.mark.parametrize("syntax", CODED)
def test_a_compressed_frame_comes_as_it_is_or_decompressed_when_asked(
    running: tuple[Service, httpx.Client], tmp_path: Path, syntax: str
) -> None:
    _service, client = running
    path, stream, pixels = coded(tmp_path / "a.dcm", syntax)
    stow(client, path)
    for accept in ("*/*", f'multipart/related; type="{CODED[syntax][0]}"; transfer-syntax={syntax}'):
        ((media_type, frame),) = parts(client.get(f"{INSTANCE}/frames/1", headers={"Accept": accept}))
        assert media_type == f"{CODED[syntax][0]}; transfer-syntax={syntax}"
        assert frame[: len(stream)] == stream
    asked = {"Accept": f'multipart/related; type="application/octet-stream"; transfer-syntax={EXPLICIT}'}
    ((media_type, frame),) = parts(client.get(f"{INSTANCE}/frames/1", headers=asked))
    assert media_type == f"application/octet-stream; transfer-syntax={EXPLICIT}"
    assert frame == pixels.astype("<u2").tobytes()


def test_a_frame_that_cannot_be_decoded_is_not_acceptable_decompressed(
    running: tuple[Service, httpx.Client], tmp_path: Path
) -> None:
    _service, client = running
    syntax, stream = "1.2.840.10008.1.2.5", rle(breast())
    broken = mammogram(SOPInstanceUID=FIRST)
    stow(client, write(compressed(broken, stream[: len(stream) // 8]), tmp_path / "a.dcm", syntax))
    asked = {"Accept": 'multipart/related; type="application/octet-stream"'}
    assert client.get(f"{INSTANCE}/frames/1", headers=asked).status_code == 406
    assert client.get(f"{INSTANCE}/rendered").status_code == 406
    assert client.get(f"{INSTANCE}/frames/1").status_code == 200


def test_frames_of_a_volume_come_in_the_order_asked_for(running: tuple[Service, httpx.Client], tmp_path: Path) -> None:
    _service, client = running
    write_bto(volume(), tmp_path / "dbt.dcm")
    stow(client, tmp_path / "dbt.dcm")
    sent = dcmread(tmp_path / "dbt.dcm")
    instance = f"/studies/{sent.StudyInstanceUID}/series/{sent.SeriesInstanceUID}/instances/{sent.SOPInstanceUID}"
    asked = {"Accept": 'multipart/related; type="application/octet-stream"'}
    frames = [body for _type, body in parts(client.get(f"{instance}/frames/3,1", headers=asked))]
    stored = np.asarray(sent.pixel_array, dtype="<u2")
    assert frames == [stored[2].tobytes(), stored[0].tobytes()]
    everything = parts(client.get(f"{instance}/bulkdata/7FE00010", headers=asked))
    assert len(everything) == FRAMES
    middle = client.get(f"{instance}/rendered", headers={"Accept": "image/png"})
    assert (
        middle.content
        == client.get(f"{instance}/frames/{FRAMES // 2 + 1}/rendered", headers={"Accept": "image/png"}).content
    )


def test_a_picture_shows_the_image_as_stored_and_says_what_it_is_not_for(
    running: tuple[Service, httpx.Client], tmp_path: Path
) -> None:
    _service, client = running
    path = image(tmp_path / "a.dcm", 1)
    stow(client, path)
    answer = client.get(INSTANCE[:-1] + "2/rendered", headers={"Accept": "image/png"})
    assert "ot for primary diagnosis" in answer.headers["warning"]
    shown = np.asarray(Pillow.open(io.BytesIO(answer.content)), dtype=np.float64)
    linear = np.clip((dcmread(path).pixel_array - 2047.5) / 4095 + 0.5, 0, 1)
    assert shown.shape == linear.shape
    assert np.abs(shown - 255 * linear).max() <= 0.51
    small = client.get(INSTANCE[:-1] + "2/rendered?viewport=64,64&quality=50")
    assert small.headers["content-type"] == "image/jpeg"
    assert max(Pillow.open(io.BytesIO(small.content)).size) == 64


def test_a_report_has_no_frames_and_no_picture(
    running: tuple[Service, httpx.Client], tmp_path: Path, shared_data: Path
) -> None:
    _service, client = running
    path = shared_data / "dicom-samples" / "MG-RDSR-Hologic_2D.dcm"
    assert stow(client, path).status_code == 200
    sent = dcmread(path)
    instance = f"/studies/{sent.StudyInstanceUID}/series/{sent.SeriesInstanceUID}/instances/{sent.SOPInstanceUID}"
    assert client.get(f"{instance}/rendered").status_code == 404
    assert client.get(f"{instance}/metadata").json()[0]["00080060"]["Value"] == ["SR"]
    assert parts(client.get(instance))[0][1] == path.read_bytes()


def test_every_real_sample_goes_in_and_comes_out_unchanged(
    running: tuple[Service, httpx.Client], shared_data: Path
) -> None:
    service, client = running
    samples = sorted((shared_data / "dicom-samples").glob("*.dcm"))
    for path in samples:
        stow(client, path)
    located = service.archive().catalogue
    studies = client.get("/studies").json()
    bodies = [body for study in studies for _type, body in parts(client.get(study["00081190"]["Value"][0]))]
    assert bodies
    assert {path.read_bytes() for path in samples} >= set(bodies)
    for study in studies:
        uid = study["0020000D"]["Value"][0]
        metadata = client.get(f"/studies/{uid}/metadata").json()
        assert len(metadata) == len(located.located(uid)) == study["00201208"]["Value"][0]
