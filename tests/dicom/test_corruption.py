"""The whole chain against damaged streams of real mammograms: a lost stretch is refused by one check or another.

Two things are known to pass: a single changed byte that spoils less than one pixel in a hundred, and some zeroed
stretches of JPEG 2000, which only blur part of one wavelet band.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray

from screening.dicom.content import examine
from screening.dicom.decoders import Codec, FrameFormat, decode_frame
from screening.dicom.header import open_file
from screening.dicom.pixels import read_frame, stored_values
from screening.domain.errors import UnusableImage
from tests.dicom.builders import lossless
from tests.dicom.codec_streams import htj2k, j2k, jpeg_ls, rle

CODERS: dict[Codec, Callable[[NDArray[np.uint16]], bytes]] = {
    Codec.JPEG_LOSSLESS: lossless,
    Codec.JPEG_2000: j2k,
    Codec.JPEG_LS: jpeg_ls,
    Codec.HTJ2K: htj2k,
    Codec.RLE: rle,
}


def refused(codec: Codec, stream: bytes, form: FrameFormat) -> bool:
    try:
        stored = stored_values(decode_frame(codec, stream, form), form)
        examine(stored.astype(np.float32) / np.float32(2**form.bits_stored - 1))
    except UnusableImage:
        return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize("codec", CODERS)
@pytest.mark.parametrize("name", ["nyu-1/LCC", "nyu-2/RCC"])
def test_a_lost_stretch_of_any_stream_is_refused(shared_data: Path, name: str, codec: Codec) -> None:
    pixels = read_frame(open_file(shared_data / "exams" / f"{name}.dcm")).astype(np.uint16)
    form = FrameFormat(pixels.shape[0], pixels.shape[1], 16, 12, signed=False)
    stream = CODERS[codec](pixels)
    assert not refused(codec, stream, form)
    for at in (0.2, 0.5, 0.7):
        start, length = int(len(stream) * at), len(stream) // 20
        assert refused(codec, stream[:start], form), f"cut at {at}"
        if codec is not Codec.JPEG_2000:
            zeroed = stream[:start] + bytes(length) + stream[start + length :]
            assert refused(codec, zeroed, form), f"zeroed at {at}"


def test_the_lossless_coders_here_are_lossless() -> None:
    pixels = np.random.default_rng(2).integers(0, 4096, (48, 40), dtype=np.uint16)
    assert np.array_equal(imagecodecs.jpeg2k_decode(j2k(pixels)), pixels)
    assert np.array_equal(imagecodecs.jpegls_decode(jpeg_ls(pixels)), pixels)
