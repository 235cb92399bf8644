"""SHA-256 of the commissioning records that ship: they need no key. Written by `python -m readers.ai.commission`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

RECORDS: Final[Mapping[str, str]] = {
    "phantom-ffdm-2.0.0-style-a.commissioning.json": "b3df6e34d0b2efc6b11cf5f09720a4fe9d3feb0c888f61823484fef826626bdd",
    "phantom-ffdm-2.0.0-style-b.commissioning.json": "dc6df8a968c661bdfe0e7d67d9b8a0aad6f53e1318f3904f1ca7a2159e825f06",
    "phantom-ffdm-2.0.0-style-c.commissioning.json": "896963e108d7627d9f96f8d9ec63a22a75af6bc2b22137d9d2a170b06a1d6d17",
}
