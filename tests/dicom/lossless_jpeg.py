"""A minimal JPEG lossless encoder (T.81 Annex H, selection value 1) whose differences wrap modulo 2^P.

Legal, because only the sum modulo 2^16 and then P bits of it count; no encoder at hand writes such streams on demand.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

_CATEGORIES = 17
_CODE_BITS = 5


def wrapping_stream(pixels: NDArray[np.uint16], precision: int) -> bytes:
    """Encode so that every difference is the shortest way round the circle of 2^precision values."""
    rows, columns = pixels.shape
    frame = struct.pack(">BHHB3B", precision, rows, columns, 1, 1, 0x11, 0)
    counts = [0] * 16
    counts[_CODE_BITS - 1] = _CATEGORIES
    table = bytes([0x00, *counts, *range(_CATEGORIES)])
    scan = bytes([1, 1, 0x00, 1, 0, 0])
    segments = (b"\xc3", frame), (b"\xc4", table), (b"\xda", scan)
    head = b"".join(b"\xff" + marker + struct.pack(">H", len(body) + 2) + body for marker, body in segments)
    return b"\xff\xd8" + head + _entropy(_differences(pixels.astype(int), precision)) + b"\xff\xd9"


def _differences(pixels: NDArray[np.int_], precision: int) -> list[int]:
    """Predicted from the left, the first column from above, the first sample from half range (T.81 H.1.2.1)."""
    predicted = np.empty_like(pixels)
    predicted[:, 1:] = pixels[:, :-1]
    predicted[1:, 0] = pixels[:-1, 0]
    predicted[0, 0] = 1 << (precision - 1)
    half, full = 1 << (precision - 1), 1 << precision
    return [int(item) for item in ((pixels - predicted + half) % full - half).ravel()]


def _entropy(differences: list[int]) -> bytes:
    bits = "".join(_code(difference) for difference in differences)
    bits += "1" * (-len(bits) % 8)
    packed = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return packed.replace(b"\xff", b"\xff\x00")


def _code(difference: int) -> str:
    """Category as a 5-bit code, then the magnitude bits; category 16 has none (T.81 H.1.2.2)."""
    category = abs(difference).bit_length()
    extra = difference if difference >= 0 else difference + (1 << category) - 1
    return f"{category:05b}" + (f"{extra:0{category}b}" if 0 < category < 16 else "")
