"""Bodies of many parts (RFC 2046 5.1, RFC 2387, PS3.18 8.6.1.2): read as a stream, never held whole, and written.

A parser is fed blocks of any length, cut anywhere. What it holds is at most one block, one delimiter and the headers
of one part; the part itself goes on to whoever keeps it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from enum import Enum, auto
from typing import Final, Protocol

from screening.domain.errors import InvalidInput

MAX_HEADERS: Final = 16 << 10
"""Bytes that the headers of one part may have."""

_MAX_PADDING: Final = 256
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,199}[0-9A-Za-z'()+_,\-./:=?]")
"""Longer than the 70 characters of RFC 2046 5.1.1: Orthanc's boundaries have 73."""

_PADDING: Final = b" \t"


class Parts(Protocol):
    """Who keeps the parts; called in order `begin`, `write` any number of times, `end`, and so on for each part."""

    def begin(self, headers: Mapping[str, str]) -> None:
        """A part begins; names of its headers are in lower case."""
        ...

    def write(self, block: bytes) -> None:
        """The next bytes of the part."""
        ...

    def end(self) -> None:
        """The part is complete."""
        ...


class _At(Enum):
    PREAMBLE = auto()
    HEADERS = auto()
    BODY = auto()
    EPILOGUE = auto()


class MultipartParser:
    """Splits one body; `feed` it, then `close` it."""

    def __init__(self, boundary: str, parts: Parts) -> None:
        """Raises InvalidInput for a boundary that is none (RFC 2046 5.1.1)."""
        if not _BOUNDARY.fullmatch(boundary):
            raise InvalidInput("the multipart boundary is missing or malformed")
        self._delimiter = b"\r\n--" + boundary.encode("ascii")
        self._parts = parts
        self._at = _At.PREAMBLE
        self._held = bytearray(b"\r\n")  # the first delimiter may stand at the very start
        self._skip = 0

    def feed(self, block: bytes) -> None:
        """Take the next bytes of the body. Raises InvalidInput when they cannot be parts, and what `parts` raises."""
        if self._at is _At.EPILOGUE:
            return
        self._held += block
        while self._step():
            pass

    def close(self) -> None:
        """Raise InvalidInput when the body ended before its closing delimiter."""
        if self._at is not _At.EPILOGUE:
            raise InvalidInput("the multipart body is cut off, or has no part")

    def _step(self) -> bool:
        """Go on by one delimiter or one block of headers; False when more bytes are needed for that."""
        if self._at is _At.EPILOGUE:
            self._held.clear()
            return False
        return self._headers() if self._at is _At.HEADERS else self._until_delimiter()

    def _headers(self) -> bool:
        if self._held.startswith(b"\r\n"):
            end, after = 0, 2
        else:
            end = self._held.find(b"\r\n\r\n", 0, MAX_HEADERS)
            after = end + 4
        if end < 0 and len(self._held) >= MAX_HEADERS:
            raise InvalidInput("the headers of a part are too long")
        if end < 0 or len(self._held) < 2:
            return False
        self._parts.begin(_parsed(bytes(self._held[:end])))
        # A part without a body ends at a delimiter whose line break is that of the empty line.
        del self._held[: after - 2]
        self._at, self._skip = _At.BODY, 2
        return True

    def _until_delimiter(self) -> bool:
        start, found = 0, -1
        while (found := self._held.find(self._delimiter, start)) >= 0:
            after = self._after(found)
            if after is None:  # not to be told yet
                self._give(found)
                return False
            if after >= 0:
                self._finish(found, after)
                return True
            start = found + 2
        self._give(max(len(self._held) - len(self._delimiter) + 1, 0))
        return False

    def _after(self, found: int) -> int | None:
        """Where the delimiter at `found` ends: -1 when it is data after all, None when more bytes must tell."""
        at = found + len(self._delimiter)
        if self._held.startswith(b"--", at):
            return at + 2
        end = at
        while end < len(self._held) and self._held[end] in _PADDING:
            end += 1
        if self._held.startswith(b"\r\n", end):
            return end + 2
        tail = bytes(self._held[end : end + 2])
        undecided = tail in (b"", b"\r") or (end == at and tail == b"-")
        return None if undecided and end - at < _MAX_PADDING else -1

    def _finish(self, found: int, after: int) -> None:
        closing = self._held.startswith(b"--", found + len(self._delimiter))
        self._give(found)
        if self._at is _At.BODY:
            self._parts.end()
        del self._held[: after - found]
        self._at = _At.EPILOGUE if closing else _At.HEADERS

    def _give(self, length: int) -> None:
        """Hand on the first bytes held; the line break that ends the headers is no part of the body."""
        skipped = min(self._skip, length)
        if self._at is _At.BODY and length > skipped:
            self._parts.write(bytes(self._held[skipped:length]))
        self._skip -= skipped
        del self._held[:length]


def _parsed(block: bytes) -> dict[str, str]:
    """Header fields by lower-case name, folded lines joined. Raises InvalidInput."""
    text = re.sub(r"\r\n[ \t]+", " ", block.decode("latin-1"))
    pairs = [line.partition(":") for line in text.split("\r\n") if line]
    if any(not colon or not name.strip() for name, colon, _value in pairs):
        raise InvalidInput("the headers of a part are malformed")
    return {name.strip().lower(): value.strip() for name, _colon, value in pairs}


def content_type(header: str) -> tuple[str, dict[str, str]]:
    """Media type in lower case and its parameters, quotes removed (RFC 9110 8.3.1).

    >>> content_type('multipart/related; type="application/dicom"; boundary=abc')
    ('multipart/related', {'type': 'application/dicom', 'boundary': 'abc'})
    """
    message = Message()
    message["content-type"] = header.replace("\r", " ").replace("\n", " ")
    found = message.get_params(failobj=[])
    media_type = found[0][0].strip().lower() if found else ""
    return media_type, {name.lower(): str(value) for name, value in found[1:]}


def new_boundary() -> str:
    """A boundary that no data contains but by a chance of 2^-128."""
    return f"part-{secrets.token_hex(16)}"


@dataclass(frozen=True)
class Part:
    """One part to send: its media type, and its bytes in blocks; `length` in bytes where it is known beforehand."""

    media_type: str
    blocks: Iterable[bytes]
    length: int | None = None


def written(parts: Iterable[Part], boundary: str) -> Iterator[bytes]:
    """The body, block by block."""
    for part in parts:
        yield _head(part, boundary)
        yield from part.blocks
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()


def written_length(parts: Iterable[Part], boundary: str) -> int | None:
    """Bytes that `written` gives, None when the length of a part is not known."""
    total = len(boundary) + 6
    for part in parts:
        if part.length is None:
            return None
        total += len(_head(part, boundary)) + part.length + 2
    return total


def _head(part: Part, boundary: str) -> bytes:
    length = f"Content-Length: {part.length}\r\n" if part.length is not None else ""
    return f"--{boundary}\r\nContent-Type: {part.media_type}\r\n{length}\r\n".encode()
