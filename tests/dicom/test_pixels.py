"""Pixels come out bit for bit, or not at all with the reason: one trusted decoder per syntax, never a second try."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from screening.dicom.decoders import CODECS, Codec, FrameFormat, decode_frame, sniff
from screening.dicom.header import open_file
from screening.dicom.pixels import Stored, read_frame, stored_values
from screening.domain.errors import UnusableImage
from screening.domain.quality import ReasonCode
from tests.dicom.builders import breast, compressed, lossless, mammogram, read_image, write
from tests.dicom.codec_streams import htj2k, j2k, jpeg_ls, rle
from tests.dicom.lossless_jpeg import wrapping_stream

R = ReasonCode
Pixels = NDArray[np.uint16]

SV1 = "1.2.840.10008.1.2.4.70"
LOSSLESS = "1.2.840.10008.1.2.4.57"
JPEG_LS = "1.2.840.10008.1.2.4.80"
JPEG_LS_NEAR = "1.2.840.10008.1.2.4.81"
J2K = "1.2.840.10008.1.2.4.90"
J2K_LOSSY = "1.2.840.10008.1.2.4.91"
HTJ2K = "1.2.840.10008.1.2.4.201"
RLE = "1.2.840.10008.1.2.5"
JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"


ENCODERS: dict[str, Callable[[Pixels], bytes]] = {
    SV1: lossless,
    LOSSLESS: lossless,
    JPEG_LS: jpeg_ls,
    J2K: j2k,
    J2K_LOSSY: j2k,
    HTJ2K: htj2k,
    RLE: rle,
}


def refusal(path: Path) -> tuple[str, str]:
    """Reason at the door and reason when decoded."""
    at_door = read_image(path).exclusion
    with pytest.raises(UnusableImage) as caught:
        read_frame(open_file(path))
    return str(at_door), str(caught.value.reason)


@pytest.mark.parametrize("syntax", ENCODERS)
def test_every_compressed_syntax_gives_the_pixels_back_bit_for_bit(tmp_path: Path, syntax: str) -> None:
    pixels = breast()
    path = write(compressed(mammogram(pixels), ENCODERS[syntax](pixels)), tmp_path / "a.dcm", syntax)
    assert read_image(path).exclusion is None
    assert np.array_equal(read_frame(open_file(path)), pixels)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_every_native_syntax_gives_the_pixels_back_bit_for_bit(tmp_path: Path, syntax: str) -> None:
    pixels = breast()
    ds = mammogram(pixels)
    if syntax == ExplicitVRBigEndian:
        ds.PixelData = pixels.astype(">u2").tobytes()
    assert np.array_equal(read_frame(open_file(write(ds, tmp_path / "a.dcm", syntax))), pixels)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(seed=st.integers(0, 2**32 - 1), bits=st.integers(9, 16), syntax=st.sampled_from([SV1, JPEG_LS, J2K, HTJ2K, RLE]))
def test_noise_of_any_depth_survives_every_codec(seed: int, bits: int, syntax: str) -> None:
    pixels = np.random.default_rng(seed).integers(0, 2**bits, (40, 33), dtype=np.uint16)
    pixels[0, 0] = 2**bits - 1
    form = FrameFormat(40, 33, 16, bits, signed=False)
    coder = {SV1: lambda p: lossless(p, bits), J2K: lambda p: j2k(p, bits)}
    stream = coder.get(syntax, ENCODERS[syntax])(pixels)
    assert np.array_equal(stored_values(decode_frame(CODECS[syntax], stream, form), form), pixels)


def test_near_lossless_stays_within_its_error(tmp_path: Path) -> None:
    pixels = breast()
    path = write(compressed(mammogram(pixels), jpeg_ls(pixels, level=3)), tmp_path / "a.dcm", JPEG_LS_NEAR)
    found = read_frame(open_file(path)).astype(int)
    assert 0 < np.abs(found - pixels).max() <= 3


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), bits=st.integers(9, 16))
def test_a_stream_that_wraps_around_legally_is_reduced_to_its_precision(seed: int, bits: int) -> None:
    """Differences carried past the top: only the value modulo 2^P counts (T.81 H.1.2.1)."""
    pixels = np.random.default_rng(seed).choice([0, 1, 2**bits - 1, 2 ** (bits - 1)], (24, 17)).astype(np.uint16)
    form = FrameFormat(24, 17, 16, bits, signed=False)
    found = decode_frame(Codec.JPEG_LOSSLESS, wrapping_stream(pixels, bits), form)
    assert np.array_equal(stored_values(found, form), pixels)


LIES = [
    (stated, actual)
    for stated in ENCODERS
    for actual in (SV1, JPEG_LS, J2K, HTJ2K, RLE)
    if CODECS[stated] is not CODECS[actual]
]


@pytest.mark.parametrize(("stated", "actual"), LIES)
def test_a_lie_about_the_syntax_is_named_and_no_other_decoder_is_tried(
    tmp_path: Path, stated: str, actual: str
) -> None:
    pixels = breast()
    path = write(compressed(mammogram(pixels), ENCODERS[actual](pixels)), tmp_path / "a.dcm", stated)
    assert refusal(path) == (R.TRANSFER_SYNTAX_MISMATCH, R.TRANSFER_SYNTAX_MISMATCH)
    assert CODECS[actual].value in read_image(path).detail


def test_native_pixels_under_a_compressed_syntax_and_the_reverse(tmp_path: Path) -> None:
    native = mammogram()
    native.PixelData = encapsulate([native.PixelData])
    native["PixelData"].is_undefined_length = True
    assert refusal(write(native, tmp_path / "a.dcm", J2K)) == (R.TRANSFER_SYNTAX_MISMATCH,) * 2
    data = bytearray(write(mammogram(), tmp_path / "b.dcm").read_bytes())
    at = data.index(b"1.2.840.10008.1.2.1\0", 132)
    data[at : at + 20] = b"1.2.840.10008.1.2.5\0"
    (tmp_path / "b.dcm").write_bytes(data)
    assert refusal(tmp_path / "b.dcm") == (R.TRANSFER_SYNTAX_MISMATCH,) * 2


@pytest.mark.parametrize("syntax", [JPEG_EXTENDED, "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.92", "1.2.3.4"])
def test_a_syntax_without_a_trusted_decoder_is_refused(tmp_path: Path, syntax: str) -> None:
    ds = compressed(mammogram(), bytes(imagecodecs.jpeg8_encode(breast(), bitspersample=12)))
    path = write(ds, tmp_path / "a.dcm", JPEG_EXTENDED)
    data = path.read_bytes().replace(JPEG_EXTENDED.encode().ljust(22, b"\0"), syntax.encode().ljust(22, b"\0"), 1)
    path.write_bytes(data)
    assert refusal(path) == (R.TRANSFER_SYNTAX_UNSUPPORTED,) * 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"PixelData": None}, R.PIXELS_MISSING),
        ({"PixelData": b""}, R.PIXELS_MISSING),
        ({"PixelData": bytes(1000)}, R.PIXELS_SHORT),
        ({"NumberOfFrames": 5}, R.PIXELS_SHORT),
        ({"NumberOfFrames": 0}, R.LIMITS_EXCEEDED),
        ({"NumberOfFrames": -3}, R.LIMITS_EXCEEDED),
        ({"NumberOfFrames": 100_000}, R.LIMITS_EXCEEDED),
        ({"Rows": 0}, R.LIMITS_EXCEEDED),
        ({"Rows": None}, R.LIMITS_EXCEEDED),
        ({"Columns": 2}, R.LIMITS_EXCEEDED),
        ({"Rows": 60_000, "Columns": 60_000}, R.LIMITS_EXCEEDED),
        ({"BitsAllocated": 32}, R.LIMITS_EXCEEDED),
        ({"BitsAllocated": 12}, R.LIMITS_EXCEEDED),
        ({"BitsStored": 0}, R.LIMITS_EXCEEDED),
        ({"BitsAllocated": 8, "Rows": 160}, R.BITS_STORED_EXCEEDED),
        ({"HighBit": 15}, R.BITS_STORED_EXCEEDED),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, R.PHOTOMETRIC_UNSUPPORTED),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, R.PHOTOMETRIC_UNSUPPORTED),
        ({"PhotometricInterpretation": None}, R.PHOTOMETRIC_UNSUPPORTED),
    ],
)
def test_pixel_descriptions_that_cannot_be_true_are_refused_at_the_door(
    tmp_path: Path, changes: dict[str, object], reason: ReasonCode
) -> None:
    assert refusal(write(mammogram(**changes), tmp_path / "a.dcm")) == (reason, reason)


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.97, 0.9999])
@pytest.mark.parametrize("syntax", [None, SV1, J2K, JPEG_LS, RLE, HTJ2K])
def test_a_truncated_file_is_found_at_the_door(tmp_path: Path, syntax: str | None, keep: float) -> None:
    pixels = breast()
    ds = mammogram(pixels)
    path = tmp_path / "a.dcm"
    write(compressed(ds, ENCODERS[syntax](pixels)), path, syntax) if syntax else write(ds, path)
    data = path.read_bytes()
    header = data.index(b"\xe0\x7f\x10\x00") + 30
    path.write_bytes(data[: header + int((len(data) - header) * keep)])
    assert refusal(path) == (R.PIXELS_SHORT, R.PIXELS_SHORT)


def test_pixels_that_are_too_long_are_used_with_a_warning(tmp_path: Path) -> None:
    padded = mammogram()
    padded.PixelData += bytes(1000)
    path = write(padded, tmp_path / "a.dcm")
    image = read_image(path)
    assert (image.exclusion, image.warnings) == (None, (R.TRAILING_BYTES,))
    assert np.array_equal(read_frame(open_file(path)), breast())


def test_one_pad_byte_is_no_news(tmp_path: Path) -> None:
    pixels = breast(rows=161, columns=129).astype(np.uint8)
    changes = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelData": pixels.tobytes() + b"\0"}
    image = read_image(write(mammogram(pixels.astype(np.uint16), **changes), tmp_path / "a.dcm"))
    assert (image.exclusion, image.warnings) == (None, ())


def test_values_above_bits_stored_are_refused_and_not_masked(tmp_path: Path) -> None:
    path = write(mammogram(BitsStored=10, HighBit=9), tmp_path / "a.dcm")
    with pytest.raises(UnusableImage) as caught:
        read_frame(open_file(path))
    assert caught.value.reason == R.BITS_STORED_EXCEEDED


@pytest.mark.parametrize("syntax", [SV1, J2K, JPEG_LS])
def test_a_compressed_stream_of_more_bits_than_stated_is_refused(tmp_path: Path, syntax: str) -> None:
    pixels = breast()
    ds = compressed(mammogram(pixels, BitsStored=10, HighBit=9), ENCODERS[syntax](pixels))
    with pytest.raises(UnusableImage) as caught:
        read_frame(open_file(write(ds, tmp_path / "a.dcm", syntax)))
    assert caught.value.reason == R.BITS_STORED_EXCEEDED


@pytest.mark.parametrize("syntax", [SV1, J2K, JPEG_LS, RLE, HTJ2K])
def test_a_stream_of_another_size_is_refused(tmp_path: Path, syntax: str) -> None:
    smaller = breast(rows=300, columns=256)
    ds = compressed(mammogram(breast()), ENCODERS[syntax](smaller))
    with pytest.raises(UnusableImage) as caught:
        read_frame(open_file(write(ds, tmp_path / "a.dcm", syntax)))
    assert caught.value.reason == R.PIXELS_UNDECODABLE


def test_eight_bit_samples_in_big_endian_words(tmp_path: Path) -> None:
    pixels = (breast() >> 4).astype(np.uint8)
    swapped = pixels.reshape(-1, 2)[:, ::-1].tobytes()
    changes = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelData": swapped}
    path = write(mammogram(pixels.astype(np.uint16), **changes), tmp_path / "a.dcm", ExplicitVRBigEndian)
    assert np.array_equal(read_frame(open_file(path)), pixels)


@given(st.lists(st.integers(-2048, 2047), min_size=4, max_size=4), st.booleans())
def test_signed_values_with_and_without_sign_extension(values: list[int], extended: bool) -> None:
    wanted = np.array(values, dtype=np.int16).reshape(2, 2)
    raw = wanted.view(np.uint16) if extended else wanted.view(np.uint16) & np.uint16(0x0FFF)
    found = stored_values(raw, FrameFormat(2, 2, 16, 12, signed=True))
    assert np.array_equal(found, wanted)


def test_signed_values_beyond_bits_stored_are_refused() -> None:
    raw = np.array([[3000, -3000]], dtype=np.int16).view(np.uint16)
    with pytest.raises(UnusableImage) as caught:
        stored_values(raw, FrameFormat(1, 2, 16, 12, signed=True))
    assert caught.value.reason == R.BITS_STORED_EXCEEDED


def volume(*frames: Pixels) -> Dataset:
    return mammogram(frames[0], NumberOfFrames=len(frames), PixelData=b"".join(f.tobytes() for f in frames))


@pytest.mark.parametrize("fragments_per_frame", [1, 3])
def test_each_frame_of_a_volume_is_found(tmp_path: Path, fragments_per_frame: int) -> None:
    frames = [breast(seed=seed) for seed in range(3)]
    ds = compressed(volume(*frames), *map(j2k, frames), fragments_per_frame=fragments_per_frame)
    opened = open_file(write(ds, tmp_path / "a.dcm", J2K))
    found: list[Stored] = [read_frame(opened, index) for index in range(3)]
    assert all(np.array_equal(one, frame) for one, frame in zip(found, frames, strict=True))


def test_a_native_volume_and_a_frame_that_is_not_there(tmp_path: Path) -> None:
    frames = [breast(seed=seed) for seed in range(3)]
    opened = open_file(write(volume(*frames), tmp_path / "a.dcm"))
    assert np.array_equal(read_frame(opened, 2), frames[2])
    with pytest.raises(UnusableImage):
        read_frame(opened, 3)


@given(st.binary(max_size=200))
def test_sniffing_never_fails_on_noise(noise: bytes) -> None:
    assert sniff(b"\xff\xd8" + noise) in (None, *Codec)
    assert sniff(noise) in (None, *Codec)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([SV1, JPEG_LS, J2K, RLE]), st.data())
def test_no_damaged_stream_crashes_or_changes_shape(syntax: str, data: st.DataObject) -> None:
    stream = bytearray(ENCODERS[syntax](breast(rows=64, columns=48)))
    for _ in range(data.draw(st.integers(1, 4))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    form = FrameFormat(64, 48, 16, 12, signed=False)
    try:
        found = decode_frame(CODECS[syntax], bytes(stream), form)
    except UnusableImage:
        return
    assert found.shape == (64, 48)
