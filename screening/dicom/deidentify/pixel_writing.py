"""The file of an object without identity: a cleaned header, and the pixel data copied byte for byte, or masked.

Copied in pieces, so that a volume of any size takes little memory. What follows the pixel data is left behind.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from screening.dicom.fragments import find_fragments
from screening.dicom.header import UNDEFINED_LENGTH, OpenedFile, PixelElement
from screening.dicom.mg_encode import IMPLEMENTATION_CLASS_UID

_CHUNK: Final = 1 << 20
_DELIMITER_BYTES: Final = 8


def write_object(opened: OpenedFile, dataset: Dataset, target: BinaryIO) -> None:
    """Write the cleaned data set and the pixel data as they were. Raises UnusableImage when the fragments end early.

    The transfer syntax stays, but that a deflated data set is written inflated.
    """
    syntax = opened.transfer_syntax
    syntax = str(ExplicitVRLittleEndian) if syntax == DeflatedExplicitVRLittleEndian else syntax
    _write_header(dataset, syntax, target)
    if opened.pixels is not None:
        length, bytes_in = _pixel_bytes(opened, opened.pixels)
        _write_pixels(target, syntax, opened.pixels.vr, length, bytes_in)


def write_masked(dataset: Dataset, frames: Iterable[NDArray[np.generic]], frame_count: int, target: BinaryIO) -> None:
    """Write the cleaned data set with these frames of stored values, native (Explicit VR Little Endian)."""
    syntax = str(ExplicitVRLittleEndian)
    _write_header(dataset, syntax, target)
    width = int(dataset.BitsAllocated) // 8
    length = int(dataset.Rows) * int(dataset.Columns) * width * frame_count
    vr = "OW" if width > 1 else "OB"
    _write_pixels(target, syntax, vr, length, (frame.astype(f"<u{width}").tobytes() for frame in frames))


def _write_header(dataset: Dataset, syntax: str, target: BinaryIO) -> None:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    dataset.file_meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    dataset.file_meta.ImplementationVersionName = "SECONDREAD"
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    target.write(buffer.getvalue())


def _write_pixels(target: BinaryIO, syntax: str, vr: str, length: int | None, pieces: Iterable[bytes]) -> None:
    """The Pixel Data element (PS3.5 7.1); `length` None is undefined, an odd one is padded."""
    stated = UNDEFINED_LENGTH if length is None else length + length % 2
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    target.write(struct.pack(order + "HH", 0x7FE0, 0x0010))
    if syntax != ImplicitVRLittleEndian:
        target.write(vr.encode("ascii") + b"\0\0")
    target.write(struct.pack(order + "I", stated))
    for piece in pieces:
        target.write(piece)
    if length is not None and length % 2:
        target.write(b"\0")


def _pixel_bytes(opened: OpenedFile, pixels: PixelElement) -> tuple[int | None, Iterator[bytes]]:
    """Length as stated and the bytes of the value, item and sequence delimiters included."""
    if pixels.length is not None:
        return pixels.length, _chunks(opened, pixels.offset, pixels.length)
    last = find_fragments(opened, pixels).spans[-1]
    return None, _chunks(opened, pixels.offset, last[0] + last[1] + _DELIMITER_BYTES - pixels.offset)


def _chunks(opened: OpenedFile, offset: int, length: int) -> Iterator[bytes]:
    with opened.stream() as stream:
        stream.seek(offset)
        while length > 0 and (piece := stream.read(min(_CHUNK, length))):
            length -= len(piece)
            yield piece
