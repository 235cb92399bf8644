"""SHA-256 of the commissioning records that ship: they need no key. Written by `python -m readers.ai.commission`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

RECORDS: Final[Mapping[str, str]] = {
    "phantom-ffdm-2.0.0-style-a.commissioning.json": "ba03a14d413a3796754e14825735970f14fbb1668f1981d78c1b80d9c6a3f6f1",
    "phantom-ffdm-2.0.0-style-b.commissioning.json": "1fbf1f2a05c9745519e1d207234dbbbbee9f31e274caac98678c520fcc3b8e17",
    "phantom-ffdm-2.0.0-style-c.commissioning.json": "c149ce9827411cad6f49f023ae8686b52f547d18462d2fee7a797c9c588ce47b",
}
