"""SHA-256 of the commissioning records that ship: they need no key. Written by `python -m readers.ai.commission`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

RECORDS: Final[Mapping[str, str]] = {
    "phantom-ffdm-1.0.0-style-a.commissioning.json": "8790087067c14c9b92f6f8ab801db9f0472c56a5b574c6dc4a5a0f4cc1790962",
    "phantom-ffdm-1.0.0-style-b.commissioning.json": "a08f653d76863eb6024086bea8730c06f9ec36574955472fa0942b928e27c5bc",
}
