"""Frames of stored images for DICOMweb (PS3.18 10.4): as stored, decompressed, or rendered for a quick look.

Every frame is read from disk when its turn comes; no image is ever held whole.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image as Pillow

from screening.dicom.attributes import frames
from screening.dicom.decoders import CODECS, Codec
from screening.dicom.elements import quiet
from screening.dicom.fragments import find_fragments, read_spans
from screening.dicom.header import OpenedFile, PixelElement, open_file
from screening.dicom.pixels import check_pixels, frame_format, read_frame
from screening.dicom.voi import voi_table
from screening.domain.errors import NotDicom, UnusableImage
from screening.domain.quality import ReasonCode

EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
OCTETS: Final = "application/octet-stream"
JPEG: Final = "image/jpeg"
PNG: Final = "image/png"

_BLOCK: Final = 1 << 18
_DCT: Final = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")
_MEDIA_TYPES: Final = {
    Codec.NATIVE: OCTETS,
    Codec.RLE: "image/dicom-rle",
    Codec.JPEG_LOSSLESS: JPEG,
    Codec.JPEG_LS: "image/jls",
    Codec.JPEG_2000: "image/jp2",
    Codec.HTJ2K: "image/jphc",
}


def media_type_of(transfer_syntax: str) -> str:
    """Media type of a stored frame (PS3.18 Table 8.7.3-4 and -5); octet-stream for what is not compressed."""
    if transfer_syntax in _DCT:
        return JPEG
    return _MEDIA_TYPES[CODECS.get(transfer_syntax, Codec.NATIVE)]


@dataclass(frozen=True)
class FrameSource:
    """The frames of one stored image, numbered from 1."""

    opened: OpenedFile
    pixels: PixelElement
    count: int

    def stored(self, number: int) -> bytes:
        """A frame as it lies in the file. Raises UnusableImage."""
        index = self._index(number)
        if self.compressed:
            return read_spans(self.opened, find_fragments(self.opened, self.pixels).of_frame(index, self.count))
        size = frame_format(self.opened).native_bytes
        return read_spans(self.opened, ((self.pixels.offset + index * size, size),))

    def little_endian(self, number: int) -> bytes:
        """A frame decompressed, as Explicit VR Little Endian has it. Raises UnusableImage."""
        index = self._index(number)
        if not self.compressed and self.opened.little_endian:
            return self.stored(number)
        found = read_frame(self.opened, index)
        return found.astype(found.dtype.newbyteorder("<"), copy=False).tobytes()

    def rendered(self, number: int, media_type: str, fit: tuple[int, int] | None, quality: int) -> bytes:
        """A frame as PNG or JPEG, 8 bits, in the grey values its maker wants and as it is stored, nothing turned.

        `fit` is the width and height in pixels that it is made to fit into. Raises UnusableImage.
        """
        index = self._index(number)
        with quiet():
            form = frame_format(self.opened)
            table = voi_table(self.opened.dataset, form.bits_stored, form.signed, frame=index)
        shown = table.apply(read_frame(self.opened, index))
        picture = Pillow.fromarray(np.rint(shown * 255).astype(np.uint8))
        if fit is not None:
            picture.thumbnail(fit)
        written = io.BytesIO()
        picture.save(written, "PNG" if media_type == PNG else "JPEG", quality=quality)
        return written.getvalue()

    @property
    def compressed(self) -> bool:
        """Whether the frames are encapsulated (PS3.5 A.4)."""
        return media_type_of(self.opened.transfer_syntax) != OCTETS

    def require(self, number: int) -> None:
        """Raise UnusableImage (PIXELS_MISSING) when there is no such frame."""
        if not 1 <= number <= self.count:
            raise UnusableImage(ReasonCode.PIXELS_MISSING, f"there are {self.count} frames")

    def _index(self, number: int) -> int:
        self.require(number)
        return number - 1


def open_frames(path: Path) -> FrameSource:
    """The frames of the image in a file.

    Raises UnusableImage: PIXELS_MISSING where there is no image, and whatever forbids reading its pixels.
    """
    try:
        opened = open_file(path)
    except NotDicom as error:
        raise UnusableImage(ReasonCode.UNREADABLE) from error
    if opened.pixels is None:
        raise UnusableImage(ReasonCode.PIXELS_MISSING, "the object has no frames")
    with quiet():
        if opened.transfer_syntax not in _DCT:
            check_pixels(opened)
        return FrameSource(opened, opened.pixels, frames(opened.dataset))


def blocks_of(path: Path) -> Iterator[bytes]:
    """The bytes of a file, block by block."""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def numbers_of(listed: str) -> Sequence[int] | None:
    """Frame numbers of a list such as `1,3,4` (PS3.18 10.4.1.1.3); None when it is no such list.

    >>> numbers_of("1,3"), numbers_of("1,,3"), numbers_of("0")
    ([1, 3], None, None)
    """
    parts = listed.split(",")
    if not all(part.isascii() and part.isdigit() and len(part) < 7 for part in parts):
        return None
    found = [int(part) for part in parts]
    return found if min(found) > 0 else None
