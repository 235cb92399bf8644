"""SHA-256 of the commissioning records that ship: they need no key. Written by `python -m readers.ai.commission`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

RECORDS: Final[Mapping[str, str]] = {
    "phantom-dbt-2.0.0-style-c.commissioning.json": "9c34d0b87d7d58e19331d3fb574cff575d0907f47faab576197c8e88e6a19bdc",
    "phantom-ffdm-2.0.0-style-a.commissioning.json": "2ef1085d0d680ad3c98a53582257f060c6dc4a6bc5d8842c07ec9f22667d6c78",
    "phantom-ffdm-2.0.0-style-b.commissioning.json": "49ceb072fe45409bd5c0c9bfadf95b876c1dd4b4e2d3604b5600b281507f6e4f",
    "phantom-ffdm-2.0.0-style-c.commissioning.json": "154bfb47e9124a5762e92a188294952c78cbfe8e2524cd40c6b58e26f3978f69",
}
