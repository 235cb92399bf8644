"""From a parsed header to stored values, or a coded refusal.

Lengths and limits are checked when a file is received (`check_pixels`), decoding happens when it is scored
(`read_frame`). Values outside Bits Stored are refused, never masked away: they mean that the header lies.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from screening.dicom.attributes import frames
from screening.dicom.decoders import (
    Codec,
    FrameFormat,
    Samples,
    check_syntax,
    codec_of,
    decode_frame,
)
from screening.dicom.elements import integer, text
from screening.dicom.fragments import find_fragments, read_spans
from screening.dicom.header import OpenedFile, PixelElement
from screening.domain.errors import UnusableImage
from screening.domain.quality import ReasonCode

MIN_SIDE = 32
MAX_SIDE = 16_384
MAX_FRAMES = 1_024
MAX_BYTES = 8 << 30
"""Limits on what is decoded: the largest detectors have about 5,000 pixels a side and volumes about 200 frames."""

_SNIFFED_BYTES = 1 << 16

Stored = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.int16]
"""Stored values of one frame, shape (rows, columns)."""


def frame_format(opened: OpenedFile) -> FrameFormat:
    """Matrix and sample format.

    Raises UnusableImage: LIMITS_EXCEEDED, PHOTOMETRIC_UNSUPPORTED, BITS_STORED_EXCEEDED.
    """
    ds = opened.dataset
    if integer(ds, "SamplesPerPixel") not in (1, None) or text(ds, "PhotometricInterpretation") not in (
        "MONOCHROME1",
        "MONOCHROME2",
    ):
        raise UnusableImage(ReasonCode.PHOTOMETRIC_UNSUPPORTED, text(ds, "PhotometricInterpretation")[:16])
    found = FrameFormat(
        rows=integer(ds, "Rows") or 0,
        columns=integer(ds, "Columns") or 0,
        bits_allocated=integer(ds, "BitsAllocated") or 0,
        bits_stored=integer(ds, "BitsStored") or 0,
        signed=integer(ds, "PixelRepresentation") == 1,
    )
    _check_limits(found, frames(ds))
    high_bit = integer(ds, "HighBit")
    if found.bits_stored > found.bits_allocated or high_bit not in (None, found.bits_stored - 1):
        raise UnusableImage(
            ReasonCode.BITS_STORED_EXCEEDED,
            f"bits allocated {found.bits_allocated}, stored {found.bits_stored}, high bit {high_bit}",
        )
    return found


def _check_limits(form: FrameFormat, count: int) -> None:
    sides = (form.rows, form.columns)
    if min(sides) < MIN_SIDE or max(sides) > MAX_SIDE:
        raise UnusableImage(ReasonCode.LIMITS_EXCEEDED, f"{form.rows} x {form.columns} pixels")
    if not 1 <= count <= MAX_FRAMES or count * form.native_bytes > MAX_BYTES:
        raise UnusableImage(ReasonCode.LIMITS_EXCEEDED, f"{count} frames of {form.native_bytes} bytes")
    if form.bits_allocated not in (8, 16) or not 1 <= form.bits_stored <= 16:
        raise UnusableImage(ReasonCode.LIMITS_EXCEEDED, f"{form.bits_allocated} bits allocated")


def check_pixels(opened: OpenedFile) -> tuple[ReasonCode, ...]:
    """Judge the pixel data without decoding it; returns warnings.

    Raises UnusableImage: PIXELS_MISSING, PIXELS_SHORT (truncated file or too few fragments), LIMITS_EXCEEDED,
    TRANSFER_SYNTAX_UNSUPPORTED, TRANSFER_SYNTAX_MISMATCH, PHOTOMETRIC_UNSUPPORTED, BITS_STORED_EXCEEDED.
    """
    if opened.pixels is None or opened.pixels.length == 0:
        raise UnusableImage(ReasonCode.PIXELS_SHORT if opened.truncated else ReasonCode.PIXELS_MISSING)
    form, count = frame_format(opened), frames(opened.dataset)
    codec = codec_of(opened.transfer_syntax)
    if codec is Codec.NATIVE:
        return _check_native(opened, opened.pixels, form.native_bytes * count)
    if opened.pixels.length is not None:
        raise UnusableImage(ReasonCode.TRANSFER_SYNTAX_MISMATCH, "compressed is stated, the pixel data is native")
    found = find_fragments(opened, opened.pixels)
    first = found.of_frame(0, count)[0]
    check_syntax(codec, read_spans(opened, ((first[0], min(first[1], _SNIFFED_BYTES)),)))
    return ()


def _check_native(opened: OpenedFile, pixels: PixelElement, expected: int) -> tuple[ReasonCode, ...]:
    if pixels.length is None:
        raise UnusableImage(ReasonCode.TRANSFER_SYNTAX_MISMATCH, "native is stated, the pixel data is compressed")
    there = min(pixels.length, opened.size - pixels.offset)
    if there < min(expected, pixels.length) or pixels.length < expected:
        raise UnusableImage(ReasonCode.PIXELS_SHORT, f"{there} of {expected} bytes")
    return (ReasonCode.TRAILING_BYTES,) if pixels.length > expected + expected % 2 else ()


def read_frame(opened: OpenedFile, frame: int = 0) -> Stored:
    """Stored values of one frame (from 0), shape (rows, columns), every value within Bits Stored.

    Raises UnusableImage as `check_pixels`, and PIXELS_UNDECODABLE or BITS_STORED_EXCEEDED.
    """
    check_pixels(opened)
    pixels = opened.pixels
    if pixels is None:
        raise UnusableImage(ReasonCode.PIXELS_MISSING)
    form, count = frame_format(opened), frames(opened.dataset)
    if not 0 <= frame < count:
        raise UnusableImage(ReasonCode.PIXELS_MISSING, f"no frame {frame} of {count}")
    codec = codec_of(opened.transfer_syntax)
    if codec is Codec.NATIVE:
        samples = _native_frame(opened, pixels, form, frame)
    else:
        stream = read_spans(opened, find_fragments(opened, pixels).of_frame(frame, count))
        samples = decode_frame(codec, stream, form)
    return stored_values(samples, form)


def _native_frame(opened: OpenedFile, pixels: PixelElement, form: FrameFormat, frame: int) -> Samples:
    """Uncompressed samples; 8-bit samples packed into big-endian words are swapped back (PS3.5 8.1.1)."""
    with opened.stream() as stream:
        stream.seek(pixels.offset + frame * form.native_bytes)
        raw = stream.read(form.native_bytes)
    order = "<" if opened.little_endian else ">"
    if form.bits_allocated == 16:
        return np.frombuffer(raw, dtype=f"{order}u2").reshape(form.rows, form.columns)
    samples = np.frombuffer(raw, dtype=np.uint8)
    if not opened.little_endian and pixels.vr == "OW" and samples.size % 2 == 0:
        samples = samples.reshape(-1, 2)[:, ::-1]
    return samples.reshape(form.rows, form.columns)


def stored_values(samples: Samples, form: FrameFormat) -> Stored:
    """Samples as stored values: unsigned, or two's complement in Bits Stored (PS3.5 8.1.1).

    Raises UnusableImage (BITS_STORED_EXCEEDED) when a value does not fit in Bits Stored.
    """
    width = np.dtype(f"u{samples.dtype.itemsize}")
    mask, sign = (1 << form.bits_stored) - 1, 1 << (form.bits_stored - 1)
    if not form.signed:
        if int(samples.max()) > mask or int(samples.min()) < 0:
            raise UnusableImage(ReasonCode.BITS_STORED_EXCEEDED, f"maximum {int(samples.max())}, limit {mask}")
        return samples.astype(np.uint8, copy=False) if width.itemsize == 1 else samples.astype(np.uint16, copy=False)
    raw = samples.astype(width, copy=False).astype(np.int32)
    low = raw & mask
    extended = (low ^ sign) - sign
    if not bool(np.all((raw == low) | (raw == (extended & ((1 << 8 * width.itemsize) - 1))))):
        raise UnusableImage(ReasonCode.BITS_STORED_EXCEEDED, f"signed values do not fit in {form.bits_stored} bits")
    return extended.astype(np.int16)
