"""A file is refused at the door only when it is no DICOM; a damaged or hostile one is kept with a reason."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
)

from screening.dicom import header
from screening.domain.errors import NotDicom, UnusableImage
from screening.domain.quality import ReasonCode
from screening.domain.study import StoredObject
from tests.dicom.builders import STUDY_UID, mammogram, read, read_image, read_other, write

R = ReasonCode


@pytest.mark.parametrize(
    "content",
    [b"", b"\0", b"<html>not here</html>" * 20, b"\x89PNG\r\n\x1a\n" + bytes(500), b"%PDF-1.7\n" * 50, bytes(4000)],
    ids=["empty", "one_byte", "html", "png", "pdf", "zeros"],
)
def test_what_is_no_dicom_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(content)
    with pytest.raises(NotDicom):
        read(path)


def test_a_missing_preamble_is_forgiven_and_told(tmp_path: Path) -> None:
    path = write(mammogram(), tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes()[132:])
    image = read_image(path)
    assert (image.exclusion, image.warnings) == (None, (R.NO_PREAMBLE,))


def test_a_bare_data_set_is_read_too(tmp_path: Path) -> None:
    ds = mammogram()
    path = tmp_path / "a.dcm"
    ds.save_as(path, implicit_vr=True, little_endian=True)
    image = read_image(path)
    assert (image.exclusion, image.warnings, image.rows) == (None, (R.NO_PREAMBLE,), 320)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_every_uncompressed_syntax_is_read(tmp_path: Path, syntax: str) -> None:
    image = read_image(write(mammogram(), tmp_path / "a.dcm", syntax))
    assert (image.exclusion, image.warnings, image.rows, image.columns) == (None, (), 320, 256)
    assert image.study_instance_uid == STUDY_UID


def test_a_file_that_is_only_a_prefix_is_kept_as_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(bytes(128) + b"DICM" + b"\xff" * 40)
    found = read_other(path)
    assert found.reason is R.UNREADABLE
    assert found.sop_instance_uid.startswith("2.25.")
    assert read_other(path) == found


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "StudyInstanceUID", "SOPClassUID"])
@pytest.mark.parametrize("written", [None, "", "../../etc/passwd", "1.2." + "3" * 80])
def test_an_object_without_usable_identity_is_kept_as_unreadable(
    tmp_path: Path, keyword: str, written: str | None
) -> None:
    ds = mammogram(**{keyword: written})
    found = read_other(write(ds, tmp_path / "a.dcm"))
    assert found.reason is R.UNREADABLE
    assert "/" not in found.sop_instance_uid + found.study_instance_uid


def test_a_missing_series_is_no_reason_to_lose_an_image(tmp_path: Path) -> None:
    image = read_image(write(mammogram(SeriesInstanceUID=None), tmp_path / "a.dcm"))
    assert image.exclusion is None
    assert image.series_instance_uid.startswith("2.25.")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cut=st.floats(0, 0.9999))
def test_no_truncated_file_passes_as_a_scorable_image(tmp_path: Path, cut: float) -> None:
    whole = write(mammogram(), tmp_path / "whole.dcm").read_bytes()
    path = tmp_path / "cut.dcm"
    path.write_bytes(whole[: int(len(whole) * cut)])
    try:
        content = read(path).content
    except NotDicom:
        assert len(whole) * cut < 132 + 8
        return
    if isinstance(content, StoredObject):
        assert content.reason in (R.UNREADABLE, R.NOT_AN_IMAGE)
    else:
        assert content.exclusion is not None


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(at=st.integers(0, 1900), value=st.integers(0, 255))
def test_no_flipped_header_byte_makes_the_reader_crash(tmp_path: Path, at: int, value: int) -> None:
    data = bytearray(write(mammogram(), tmp_path / "whole.dcm").read_bytes())
    data[at] = value
    path = tmp_path / "flipped.dcm"
    path.write_bytes(bytes(data))
    try:
        found = read(path)
    except NotDicom:
        assert at < 140
        return
    assert found.content.digest


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=600))
def test_noise_behind_the_prefix_never_makes_the_reader_crash(tmp_path: Path, noise: bytes) -> None:
    path = tmp_path / "noise.dcm"
    path.write_bytes(bytes(128) + b"DICM" + noise)
    content = read(path).content
    assert isinstance(content, StoredObject)


def nested(depth: int) -> bytes:
    """An undefined-length sequence within sequences, Explicit VR Little Endian, tag (0008,1115)."""
    opening = struct.pack("<HH2sHI", 0x0008, 0x1115, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF
    )
    closing = struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    return opening * depth + closing * depth


def test_deeply_nested_sequences_are_refused_by_their_depth(tmp_path: Path) -> None:
    path = write(mammogram(), tmp_path / "a.dcm")
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"\x08\x00\x05\x00")] + nested(5_000))
    assert read_other(path).reason is R.LIMITS_EXCEEDED


def test_a_deflate_bomb_is_refused_without_unpacking_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header, "MAX_INFLATED_BYTES", 1 << 20)
    path = write(mammogram(), tmp_path / "a.dcm", DeflatedExplicitVRLittleEndian)
    data = path.read_bytes()
    engine = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = engine.compress(bytes(64 << 20)) + engine.flush()
    meta = 132 + 12 + struct.unpack_from("<I", data, 140)[0]
    path.write_bytes(data[:meta] + bomb)
    tracemalloc.start()
    reason = read_other(path).reason
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reason is R.LIMITS_EXCEEDED
    assert peak < 16 << 20


def test_a_corrupt_deflated_data_set_is_unreadable(tmp_path: Path) -> None:
    path = write(mammogram(), tmp_path / "a.dcm", DeflatedExplicitVRLittleEndian)
    data = path.read_bytes()
    meta = 132 + 12 + struct.unpack_from("<I", data, 140)[0]
    path.write_bytes(data[:meta] + b"\xff" * 200)
    assert read_other(path).reason is R.UNREADABLE


def test_an_endless_header_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header, "MAX_HEADER_BYTES", 4_000)
    ds = mammogram(ImageComments="x" * 9_000)
    assert read_other(write(ds, tmp_path / "a.dcm")).reason is R.LIMITS_EXCEEDED


def test_pixels_are_never_read_into_memory(tmp_path: Path) -> None:
    ds = mammogram(NumberOfFrames=200, PixelData=mammogram().PixelData * 200)
    path = write(ds, tmp_path / "a.dcm")
    tracemalloc.start()
    header.open_file(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 30 << 20
    assert peak < 2 << 20


def test_deep_but_legal_sequences_are_read(tmp_path: Path) -> None:
    inner = Dataset()
    for _ in range(12):
        outer = Dataset()
        outer.ReferencedSeriesSequence = Sequence([inner])
        inner = outer
    ds = mammogram(ReferencedSeriesSequence=Sequence([inner]))
    assert read_image(write(ds, tmp_path / "a.dcm")).exclusion is None


def test_open_file_says_why(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(bytes(128) + b"DICM" + nested(5_000))
    with pytest.raises(UnusableImage) as caught:
        header.open_file(path)
    assert caught.value.reason == R.LIMITS_EXCEEDED
