"""Pixel data of the mammograms we write: a burnt-in marker, and a lossless encoder per transfer syntax.

Lossless only: a phantom that was compressed with loss would teach decoders and models the wrong thing.
"""

from __future__ import annotations

from collections.abc import Callable

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.encoders.base import get_encoder
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from screening.domain.errors import InvalidInput
from screening.domain.identifiers import UID_ROOT
from screening.domain.study import Laterality

Pixels = NDArray[np.uint16]

IMPLEMENTATION_CLASS_UID = UID(f"{UID_ROOT}.2")


def _rle(pixels: Pixels, bits_stored: int) -> bytes:
    return get_encoder(RLELossless).encode(
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


def _jpeg_lossless(pixels: Pixels, bits_stored: int) -> bytes:
    """First-order prediction (T.81 Annex H, selection value 1)."""
    return bytes(imagecodecs.ljpeg_encode(pixels, bitspersample=bits_stored))


def _jpeg_ls(pixels: Pixels, _bits_stored: int) -> bytes:
    return bytes(imagecodecs.jpegls_encode(pixels))


def _jpeg_2000(pixels: Pixels, bits_stored: int) -> bytes:
    """A bare code stream, as DICOM wants it (PS3.5 A.4.4), not a JP2 file."""
    coded = imagecodecs.jpeg2k_encode(pixels, level=0, reversible=True, codecformat="j2k", bitspersample=bits_stored)
    return bytes(coded)


def _htj2k(pixels: Pixels, _bits_stored: int) -> bytes:
    return bytes(imagecodecs.htj2k_encode(pixels))


_ENCODERS: dict[str, Callable[[Pixels, int], bytes] | None] = {
    ExplicitVRLittleEndian: None,
    ImplicitVRLittleEndian: None,
    DeflatedExplicitVRLittleEndian: None,
    RLELossless: _rle,
    JPEGLosslessSV1: _jpeg_lossless,
    JPEGLSLossless: _jpeg_ls,
    JPEG2000Lossless: _jpeg_2000,
    HTJ2KLossless: _htj2k,
}

TRANSFER_SYNTAXES: tuple[str, ...] = tuple(_ENCODERS)
"""What `encode` can write: native and lossless, none with loss."""


def encode(dataset: Dataset, pixels: Pixels, transfer_syntax: str) -> None:
    """Put pixels (rows, columns) or (frames, rows, columns) and file meta information into `dataset`.

    One fragment per frame. Raises InvalidInput for a transfer syntax that is not in `TRANSFER_SYNTAXES`.
    """
    if transfer_syntax not in _ENCODERS:
        raise InvalidInput("no encoder for this transfer syntax")
    encoder = _ENCODERS[transfer_syntax]
    frames = pixels[None] if pixels.ndim == 2 else pixels
    ordered = (np.ascontiguousarray(frame, dtype="<u2") for frame in frames)
    if encoder is None:
        dataset.PixelData = b"".join(frame.tobytes() for frame in ordered)
    else:
        dataset.PixelData = encapsulate([encoder(frame, int(dataset.BitsStored)) for frame in ordered])
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
