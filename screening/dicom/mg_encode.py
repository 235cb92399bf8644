"""Pixel data of the mammograms we write: a burnt-in marker, and one lossless encoder per transfer syntax.

Lossless only: a phantom that was compressed with loss would teach decoders and models the wrong thing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.encoders.base import get_encoder
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless

from screening.domain.errors import InvalidInput
from screening.domain.identifiers import UID_ROOT
from screening.domain.study import Laterality

Pixels = NDArray[np.uint16]

IMPLEMENTATION_CLASS_UID = UID(f"{UID_ROOT}.2")


def _by_pydicom(transfer_syntax: UID, pixels: Pixels, bits_stored: int) -> bytes:
    return get_encoder(transfer_syntax).encode(
        pixels.tobytes(),
        encoding_plugin="pylibjpeg",
        rows=pixels.shape[0],
        columns=pixels.shape[1],
        number_of_frames=1,
        samples_per_pixel=1,
        bits_allocated=16,
        bits_stored=bits_stored,
        pixel_representation=0,
        photometric_interpretation="MONOCHROME2",
    )


def _jpeg_ls(pixels: Pixels, bits_stored: int) -> bytes:
    return bytes(imagecodecs.jpegls_encode(pixels))


_ENCODERS: dict[str, Callable[[Pixels, int], bytes] | None] = {
    ExplicitVRLittleEndian: None,
    JPEG2000Lossless: partial(_by_pydicom, JPEG2000Lossless),
    JPEGLSLossless: _jpeg_ls,
    RLELossless: partial(_by_pydicom, RLELossless),
}

TRANSFER_SYNTAXES: tuple[str, ...] = tuple(_ENCODERS)
"""What `encode` can write."""


def encode(dataset: Dataset, pixels: Pixels, transfer_syntax: str) -> None:
    """Put pixels (rows, columns) and file meta information into `dataset`.

    Raises InvalidInput for a transfer syntax that is not in `TRANSFER_SYNTAXES`.
    """
    if transfer_syntax not in _ENCODERS:
        raise InvalidInput("no encoder for this transfer syntax")
    encoder = _ENCODERS[transfer_syntax]
    ordered = np.ascontiguousarray(pixels, dtype="<u2")
    if encoder is None:
        dataset.PixelData = ordered.tobytes()
    else:
        dataset.PixelData = encapsulate([encoder(ordered, int(dataset.BitsStored))])
        dataset["PixelData"].is_undefined_length = True
    dataset["PixelData"].VR = "OW" if encoder is None else "OB"
    dataset.file_meta = _file_meta(dataset, transfer_syntax)


def _file_meta(dataset: Dataset, transfer_syntax: str) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = UID(transfer_syntax)
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    meta.ImplementationVersionName = "SECONDREAD"
    return meta


def with_marker(pixels: Pixels, marker: str, laterality: Laterality, bits_stored: int) -> Pixels:
    """A copy with `marker` in near-white letters in the upper corner of the air side; no marker, no copy.

    The letters are a thirtieth of the columns high, like the lead markers of real mammograms.
    """
    if not marker:
        return pixels
    rows, columns = pixels.shape
    font = ImageFont.load_default(size=max(8, columns // 30))
    margin = max(2, columns // 60)
    mask = PilImage.new("L", (columns, rows), 0)
    left, top, right, _ = font.getbbox(marker)
    x = columns - margin - (right - left) if laterality is Laterality.LEFT else margin
    ImageDraw.Draw(mask).text((x - left, margin - top), marker, fill=255, font=font)
    bright = np.uint16(0.9 * (2**bits_stored - 1))
    return np.where(np.asarray(mask) > 127, bright, pixels).astype(np.uint16)
