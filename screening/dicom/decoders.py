"""One trusted decoder per transfer syntax, chosen by measurement; never a second try with another one.

A decoder that answers for a stream it does not understand is worse than none: the stream's own markers are read first,
and a stream that is not in the stated syntax is refused by name. Vendor libraries release the GIL, so frames may be
decoded in threads. Masking, signs and content are judged by the caller.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from openjpeg.utils import decode as openjpeg_decode

from screening.domain.errors import UnusableImage
from screening.domain.quality import ReasonCode

Samples = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.int16]
"""Decoded samples before masking, shape (rows, columns)."""


class Codec(StrEnum):
    """How one frame is coded."""

    NATIVE = "native"
    RLE = "rle"
    JPEG_LOSSLESS = "jpeg_lossless"
    JPEG_LS = "jpeg_ls"
    JPEG_2000 = "jpeg_2000"
    HTJ2K = "htj2k"
    JPEG_DCT = "jpeg_dct"
    """Baseline or extended sequential JPEG: recognised, never decoded."""


CODECS: dict[str, Codec] = {
    "1.2.840.10008.1.2": Codec.NATIVE,
    "1.2.840.10008.1.2.1": Codec.NATIVE,
    "1.2.840.10008.1.2.1.99": Codec.NATIVE,
    "1.2.840.10008.1.2.2": Codec.NATIVE,
    "1.2.840.10008.1.2.5": Codec.RLE,
    "1.2.840.10008.1.2.4.57": Codec.JPEG_LOSSLESS,
    "1.2.840.10008.1.2.4.70": Codec.JPEG_LOSSLESS,
    "1.2.840.10008.1.2.4.80": Codec.JPEG_LS,
    "1.2.840.10008.1.2.4.81": Codec.JPEG_LS,
    "1.2.840.10008.1.2.4.90": Codec.JPEG_2000,
    "1.2.840.10008.1.2.4.91": Codec.JPEG_2000,
    "1.2.840.10008.1.2.4.201": Codec.HTJ2K,
    "1.2.840.10008.1.2.4.202": Codec.HTJ2K,
    "1.2.840.10008.1.2.4.203": Codec.HTJ2K,
}
"""Transfer syntaxes with a trusted decoder (PS3.5 Annex A). JPEG Extended 12 bit is left out: two lossy samples of one
film agree only to lossy precision, which proves nothing bit for bit."""


@dataclass(frozen=True)
class FrameFormat:
    """What the header says of one frame (PS3.3 C.7.6.3)."""

    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    signed: bool

    @property
    def native_bytes(self) -> int:
        """Bytes of one uncompressed frame."""
        return self.rows * self.columns * (self.bits_allocated // 8)


def codec_of(transfer_syntax: str) -> Codec:
    """The trusted codec. Raises UnusableImage (TRANSFER_SYNTAX_UNSUPPORTED)."""
    try:
        return CODECS[transfer_syntax]
    except KeyError:
        raise UnusableImage(ReasonCode.TRANSFER_SYNTAX_UNSUPPORTED, transfer_syntax[:64]) from None


_START_OF_FRAME: dict[int, Codec] = {
    0xC0: Codec.JPEG_DCT,
    0xC1: Codec.JPEG_DCT,
    0xC2: Codec.JPEG_DCT,
    0xC3: Codec.JPEG_LOSSLESS,
    0xF7: Codec.JPEG_LS,
}
"""JPEG start-of-frame markers (ITU-T T.81 B.1.1.3, T.87 C.1.1)."""

_JPEG_START = b"\xff\xd8"
_J2K_START = b"\xff\x4f\xff\x51"


def sniff(stream: bytes) -> Codec | None:
    """The codec that the start of a coded frame announces, or None when it announces none."""
    if stream.startswith(_J2K_START) and len(stream) >= 8:
        capabilities = struct.unpack_from(">H", stream, 6)[0]
        return Codec.HTJ2K if capabilities & 0x4000 else Codec.JPEG_2000
    if stream.startswith(_JPEG_START):
        frame = _start_of_frame(stream)
        return _START_OF_FRAME.get(frame[0]) if frame else None
    return Codec.RLE if _is_rle_header(stream) else None


def lossless_precision(stream: bytes) -> int | None:
    """Sample precision P of a JPEG stream's frame header (T.81 B.2.2), or None when there is none."""
    frame = _start_of_frame(stream)
    return stream[frame[1] + 4] if frame and len(stream) > frame[1] + 4 else None


def _start_of_frame(stream: bytes) -> tuple[int, int] | None:
    """Marker code and offset of the start-of-frame segment of a JPEG stream."""
    at = 2
    while at + 4 <= len(stream) and stream[at] == 0xFF:
        marker = stream[at + 1]
        if marker in _START_OF_FRAME:
            return marker, at
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        at += 2 + int(struct.unpack_from(">H", stream, at + 2)[0])
    return None


def _is_rle_header(stream: bytes) -> bool:
    """Whether 64 bytes of segment offsets stand at the start (PS3.5 G.5)."""
    if len(stream) < 64:
        return False
    count, first = struct.unpack_from("<2I", stream)
    return bool(1 <= count <= 15 and first == 64)


def check_syntax(stated: Codec, stream: bytes) -> None:
    """Raise UnusableImage (TRANSFER_SYNTAX_MISMATCH) when the stream announces another codec than the stated one."""
    announced = sniff(stream)
    if announced is not stated:
        raise UnusableImage(
            ReasonCode.TRANSFER_SYNTAX_MISMATCH,
            f"{stated.value} is stated, the stream is {announced.value if announced else 'none of the known ones'}",
        )


def decode_frame(codec: Codec, stream: bytes, form: FrameFormat) -> Samples:
    """Decode one coded frame to shape (rows, columns).

    Raises UnusableImage: TRANSFER_SYNTAX_MISMATCH for a stream of another syntax, PIXELS_UNDECODABLE when the decoder
    fails or its shape or type is not what the header says.
    """
    check_syntax(codec, stream)
    try:
        found = _DECODERS[codec](stream, form)
    except (RuntimeError, ValueError, TypeError, IndexError, MemoryError) as error:
        raise UnusableImage(ReasonCode.PIXELS_UNDECODABLE, f"the {codec.value} decoder failed") from error
    if found.shape != (form.rows, form.columns):
        raise UnusableImage(ReasonCode.PIXELS_UNDECODABLE, f"decoded to {found.shape}")
    if found.dtype.kind not in "ui" or found.dtype.itemsize > 2:
        raise UnusableImage(ReasonCode.PIXELS_UNDECODABLE, f"decoded to {found.dtype}")
    return found


def _jpeg_lossless(stream: bytes, _form: FrameFormat) -> Samples:
    """Reduced modulo 2^P: the predictor may legally wrap, and the library leaves the carry in (T.81 H.1.2.1)."""
    found: Samples = imagecodecs.jpegsof3_decode(stream)
    precision = lossless_precision(stream) or 16
    if found.dtype == np.uint16 and precision < 16:
        found &= np.uint16((1 << precision) - 1)
    return found


def _jpeg_ls(stream: bytes, _form: FrameFormat) -> Samples:
    found: Samples = imagecodecs.jpegls_decode(stream)
    return found


def _jpeg_2000(stream: bytes, _form: FrameFormat) -> Samples:
    found: Samples = imagecodecs.jpeg2k_decode(stream)
    return found


def _htj2k(stream: bytes, _form: FrameFormat) -> Samples:
    found: Samples = openjpeg_decode(stream, j2k_format=0)
    return found


def _rle(stream: bytes, form: FrameFormat) -> Samples:
    """Byte planes, most significant first, each packed on its own and exactly one frame long (PS3.5 G.2).

    Unpacked here by imagecodecs: pylibjpeg-rle ends the whole process's job on some damaged streams, because what it
    raises is no Exception.
    """
    count, *offsets = struct.unpack_from("<16I", stream)
    size = form.rows * form.columns
    if count != form.bits_allocated // 8:
        raise ValueError("wrong number of segments")
    ends = (*offsets[1:count], len(stream))
    planes = [imagecodecs.packbits_decode(stream[start:end]) for start, end in zip(offsets[:count], ends, strict=True)]
    if any(len(plane) != size for plane in planes):
        raise ValueError("a segment is not one frame long")
    if count == 1:
        return np.frombuffer(planes[0], dtype=np.uint8).reshape(form.rows, form.columns)
    joined = np.frombuffer(planes[0], dtype=np.uint8).astype(np.uint16) << 8
    joined |= np.frombuffer(planes[1], dtype=np.uint8)
    return joined.reshape(form.rows, form.columns)


_DECODERS: dict[Codec, Callable[[bytes, FrameFormat], Samples]] = {
    Codec.JPEG_LOSSLESS: _jpeg_lossless,
    Codec.JPEG_LS: _jpeg_ls,
    Codec.JPEG_2000: _jpeg_2000,
    Codec.HTJ2K: _htj2k,
    Codec.RLE: _rle,
}
