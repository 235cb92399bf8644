"""Coded frames for tests, from other encoders than the decoders under test where there are any."""

from __future__ import annotations

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from rle.utils import encode_frame  # type: ignore[attr-defined]  # compiled, re-exported untyped

Pixels = NDArray[np.uint16]


def j2k(pixels: Pixels, bits: int = 12) -> bytes:
    """JPEG 2000, reversible."""
    return bytes(imagecodecs.jpeg2k_encode(pixels, level=0, reversible=True, codecformat="j2k", bitspersample=bits))


def htj2k(pixels: Pixels) -> bytes:
    """High-throughput JPEG 2000, reversible."""
    return bytes(imagecodecs.htj2k_encode(pixels))


def jpeg_ls(pixels: Pixels, level: int = 0) -> bytes:
    """JPEG-LS, near-lossless above level 0."""
    return bytes(imagecodecs.jpegls_encode(pixels, level=level))


def rle(pixels: Pixels) -> bytes:
    """RLE, two byte planes."""
    return bytes(encode_frame(pixels.tobytes(), pixels.shape[0], pixels.shape[1], 1, 16, "<"))
