"""The fragments of encapsulated Pixel Data (PS3.5 A.4): where they lie and which make up a frame.

Only item headers are read here, so that a truncated volume of any size is found in milliseconds.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from screening.dicom.header import OpenedFile, PixelElement
from screening.domain.errors import UnusableImage
from screening.domain.quality import ReasonCode

_ITEM = (0xFFFE, 0xE000)
_DELIMITER = (0xFFFE, 0xE0DD)
MAX_FRAGMENTS = 100_000


@dataclass(frozen=True)
class Fragments:
    """Offsets and lengths of the fragments, in stream order, and the Basic Offset Table."""

    offset_table: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]

    def of_frame(self, frame: int, frames: int) -> tuple[tuple[int, int], ...]:
        """Spans that make up one frame (from 0). Raises UnusableImage (PIXELS_SHORT, PIXELS_UNDECODABLE)."""
        if len(self.spans) < frames:
            raise UnusableImage(ReasonCode.PIXELS_SHORT, f"{len(self.spans)} fragments for {frames} frames")
        if frames == 1:
            return self.spans
        if len(self.spans) == frames:
            return (self.spans[frame],)
        if len(self.offset_table) != frames:
            raise UnusableImage(ReasonCode.PIXELS_UNDECODABLE, "several fragments per frame and no offset table")
        origin = self.spans[0][0] - 8
        first = origin + self.offset_table[frame]
        last = origin + self.offset_table[frame + 1] if frame + 1 < frames else self.spans[-1][0] + 1
        return tuple(span for span in self.spans if first <= span[0] - 8 < last)


def find_fragments(opened: OpenedFile, pixels: PixelElement) -> Fragments:
    """Walk the items. Raises UnusableImage (PIXELS_SHORT) when the file ends before the sequence does."""
    spans: list[tuple[int, int]] = []
    with opened.stream() as stream:
        at = pixels.offset
        while (length := _item_length(stream, at)) is not None:
            spans.append((at + 8, length))
            at += 8 + length
            if at > opened.size:
                raise UnusableImage(ReasonCode.PIXELS_SHORT, "the file ends inside a fragment")
            if len(spans) > MAX_FRAGMENTS:
                raise UnusableImage(ReasonCode.LIMITS_EXCEEDED, "too many fragments")
        table = _offset_table(stream, *spans[0]) if spans else ()
    if len(spans) < 2:
        raise UnusableImage(ReasonCode.PIXELS_MISSING, "no fragment")
    return Fragments(table, tuple(spans[1:]))


def read_spans(opened: OpenedFile, spans: tuple[tuple[int, int], ...]) -> bytes:
    """The bytes of some fragments, joined."""
    with opened.stream() as stream:
        return b"".join(_read_at(stream, offset, length) for offset, length in spans)


def _item_length(stream: BinaryIO, at: int) -> int | None:
    """Length of the item at `at`; None at the Sequence Delimitation Item."""
    head = _read_at(stream, at, 8)
    if len(head) < 8:
        raise UnusableImage(ReasonCode.PIXELS_SHORT, "the file ends before the last fragment")
    group, element, length = struct.unpack("<HHI", head)
    if (group, element) == _DELIMITER:
        return None
    if (group, element) != _ITEM or length == 0xFFFFFFFF:
        raise UnusableImage(ReasonCode.PIXELS_UNDECODABLE, "the pixel data is not a sequence of fragments")
    return int(length)


def _offset_table(stream: BinaryIO, offset: int, length: int) -> tuple[int, ...]:
    found = _read_at(stream, offset, length - length % 4)
    return struct.unpack(f"<{len(found) // 4}I", found)


def _read_at(stream: BinaryIO, offset: int, length: int) -> bytes:
    stream.seek(offset)
    return stream.read(length)
