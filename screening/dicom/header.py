"""Opening a DICOM file up to its pixels, with limits on everything a hostile file could inflate.

Pixels are never read here: their position and length are noted, so that a truncated file is found at the door.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset, read_preamble
from pydicom.tag import BaseTag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from screening.dicom.elements import MALFORMED, quiet, text
from screening.domain.errors import NotDicom, UnusableImage
from screening.domain.quality import ReasonCode

PIXEL_DATA = 0x7FE00010
UNDEFINED_LENGTH = 0xFFFFFFFF
DEFER_BYTES = 1 << 20
"""Elements longer than this stay in the file: no attribute a reader needs is as long."""

MAX_HEADER_BYTES = 64 << 20
"""A header longer than this is hostile: a tomosynthesis header of 200 frames has about 1 MB."""

MAX_INFLATED_BYTES = 1 << 30
"""Limit of a deflated data set once inflated: a deflate bomb stops here."""

_StopWhen = Callable[[BaseTag, str | None, int], bool]
_EXTENDED_LENGTH_VRS = frozenset({"OB", "OW", "OF", "OD", "OL", "OV", "UN", "SQ", "UC", "UR", "UT", "SV", "UV"})


@dataclass(frozen=True)
class PixelElement:
    """Where the Pixel Data value lies: offset of its first byte in the stream and stated length, None if undefined."""

    offset: int
    length: int | None
    vr: str


@dataclass(frozen=True)
class OpenedFile:
    """A parsed header.

    `stream` gives the bytes that `pixels.offset` counts in: the file itself, or the inflated data set. `truncated`
    says that the header itself runs past the end of the file.
    """

    dataset: Dataset
    transfer_syntax: str
    pixels: PixelElement | None
    size: int
    path: Path
    inflated: bytes | None = None
    truncated: bool = False
    private_groups: frozenset[int] = frozenset()
    warnings: tuple[ReasonCode, ...] = ()

    def stream(self) -> BinaryIO:
        """A fresh binary stream over the data set's bytes; the caller closes it."""
        return io.BytesIO(self.inflated) if self.inflated is not None else self.path.open("rb")

    @property
    def little_endian(self) -> bool:
        """Byte order of the data set."""
        return self.transfer_syntax != ExplicitVRBigEndian


def open_file(path: Path) -> OpenedFile:
    """Parse everything before Pixel Data.

    Raises NotDicom for an empty file or one that is no DICOM at all, UnusableImage (UNREADABLE, LIMITS_EXCEEDED) when
    it is DICOM but cannot be parsed within limits.
    """
    with quiet(), path.open("rb") as file:
        warnings = _skip_preamble(file)
        meta = _read(file, implicit=False, little=True, stop=lambda tag, _vr, _length: tag >> 16 != 2)
        syntax = text(meta, "TransferSyntaxUID") or _guess_syntax(file)
        inflated = _inflate(file) if syntax == DeflatedExplicitVRLittleEndian else None
        stream = io.BytesIO(inflated) if inflated is not None else file
        size = len(inflated) if inflated is not None else path.stat().st_size
        opened = _parse(stream, syntax, size, path, inflated)
    if warnings and not len(opened.dataset):
        raise NotDicom("no preamble and no data set")
    return OpenedFile(**{**vars(opened), "warnings": warnings})


def _skip_preamble(file: BinaryIO) -> tuple[ReasonCode, ...]:
    if not file.read(1):
        raise NotDicom("the file is empty")
    file.seek(0)
    if read_preamble(file, force=True) is not None:
        return ()
    start = file.read(4)
    file.seek(0)
    if len(start) < 4 or struct.unpack("<H", start[:2])[0] not in (2, 8):
        raise NotDicom("the file is not a DICOM object")
    return (ReasonCode.NO_PREAMBLE,)


def _guess_syntax(file: BinaryIO) -> str:
    """Transfer syntax of a data set that does not state one: explicit when a VR stands behind the first tag."""
    start = file.read(6)
    file.seek(-len(start), io.SEEK_CUR)
    explicit = len(start) == 6 and start[4:6].isalpha() and start[4:6].isupper()
    return str(ExplicitVRLittleEndian if explicit else ImplicitVRLittleEndian)


def _inflate(file: BinaryIO) -> bytes:
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        found = engine.decompress(file.read(MAX_INFLATED_BYTES), MAX_INFLATED_BYTES)
    except zlib.error as error:
        raise UnusableImage(ReasonCode.UNREADABLE, "the deflated data set cannot be inflated") from error
    if engine.unconsumed_tail:
        raise UnusableImage(ReasonCode.LIMITS_EXCEEDED, "the deflated data set is too large")
    return found


def _parse(stream: BinaryIO, syntax: str, size: int, path: Path, inflated: bytes | None) -> OpenedFile:
    """Read up to group 7E00 first and then on to the pixels, so that vendor blobs between are skipped unread."""
    implicit, little = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
    dataset = _read(stream, implicit, little, lambda tag, _vr, _length: int(tag) >> 16 > 0x7E00)
    implicit, truncated = bool(dataset.original_encoding[0]), _settle(dataset, size)
    groups: set[int] = set()

    def stop(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        groups.add(tag >> 16)
        return int(tag) >= PIXEL_DATA

    if _next_tag(stream, little) < PIXEL_DATA:
        _read(stream, implicit, little, stop)
    pixels = _pixel_element(stream, implicit, little) if _next_tag(stream, little) == PIXEL_DATA else None
    return OpenedFile(dataset, syntax, pixels, size, path, inflated, truncated, frozenset(groups))


def _next_tag(stream: BinaryIO, little: bool) -> int:
    """The tag that follows, without consuming it; a number above every tag at the end of the file."""
    start = stream.read(4)
    stream.seek(-len(start), io.SEEK_CUR)
    if len(start) < 4:
        return 1 << 32
    group, element = struct.unpack("<HH" if little else ">HH", start)
    return int(group << 16 | element)


def _read(stream: BinaryIO, implicit: bool, little: bool, stop: _StopWhen) -> Dataset:
    """One data set, large values left in the file; parse errors become UnusableImage."""
    start = stream.tell()

    def guarded(tag: BaseTag, vr: str | None, length: int) -> bool:
        if stream.tell() - start > MAX_HEADER_BYTES and tag >> 16 < 0x7E00:
            raise UnusableImage(ReasonCode.LIMITS_EXCEEDED, "the header is too long")
        return stop(tag, vr, length)

    try:
        return read_dataset(stream, implicit, little, stop_when=guarded, defer_size=DEFER_BYTES)
    except RecursionError as error:
        raise UnusableImage(ReasonCode.LIMITS_EXCEEDED, "sequences are nested too deeply") from error
    except (*MALFORMED, EOFError) as error:
        raise UnusableImage(ReasonCode.UNREADABLE, "the header cannot be parsed") from error


def _pixel_element(stream: BinaryIO, implicit: bool, little: bool) -> PixelElement | None:
    """Tag, VR and length of Pixel Data at the current position (PS3.5 7.1); None when the file ends inside."""
    start, order = stream.read(12), "<" if little else ">"
    if len(start) < 12:
        return None
    vr = "OW" if implicit else start[4:6].decode("ascii", "replace")
    at = 4 if implicit else 8 if vr in _EXTENDED_LENGTH_VRS else 6
    width = 2 if at == 6 else 4
    length = int(struct.unpack_from(order + ("H" if width == 2 else "I"), start, at)[0])
    offset = stream.tell() - len(start) + at + width
    return PixelElement(offset, None if length == UNDEFINED_LENGTH else length, vr)


def _settle(dataset: Dataset, size: int) -> bool:
    """Drop what was too long to load; returns whether an element states more bytes than the file has."""
    overruns = False
    for tag in tuple(dataset.keys()):
        element = cast("DataElement | RawDataElement", dataset.get_item(tag, keep_deferred=True))
        if isinstance(element, DataElement) or element.length == UNDEFINED_LENGTH:
            continue
        overruns |= element.value_tell + element.length > size
        if element.value is None and element.length:
            del dataset[tag]
    return overruns
