"""One independent random stream per purpose, so that adding a draw in one place changes nothing elsewhere."""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, *keys: str | int) -> np.random.Generator:
    """Return the generator that belongs to this woman (`seed`) and purpose (`keys`).

    >>> float(stream(7, "skin").random()) == float(stream(7, "skin").random())
    True
    >>> float(stream(7, "skin").random()) == float(stream(7, "noise").random())
    False
    """
    words = [key if isinstance(key, int) else zlib.crc32(key.encode()) for key in keys]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))
