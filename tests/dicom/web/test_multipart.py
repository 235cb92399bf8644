"""Bodies of many parts come apart as they were put together, however the network cuts them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.dicom.web.multipart import (
    MAX_HEADERS,
    MultipartParser,
    Part,
    content_type,
    new_boundary,
    written,
    written_length,
)
from screening.domain.errors import InvalidInput

BOUNDARY = "edge"
PIECES = st.sampled_from(
    [b"\r\n", b"--", b"--edge", b"\r\n--edg", b"\r\n--edgeX", b"\r\n--edge-", b"\r", b"\n", b"x", b" "]
)
"""What a body is made of where it looks most like a delimiter without being one."""


class Kept:
    """Keeps whole parts."""

    def __init__(self) -> None:
        self.headers: list[Mapping[str, str]] = []
        self.parts: list[bytes] = []
        self.open: bytes | None = None

    def begin(self, headers: Mapping[str, str]) -> None:
        assert self.open is None
        self.headers.append(headers)
        self.open = b""

    def write(self, block: bytes) -> None:
        assert self.open is not None
        self.open += block

    def end(self) -> None:
        assert self.open is not None
        self.parts.append(self.open)
        self.open = None


def is_delimiter_like(data: bytes) -> bool:
    """Whether data holds a line that nobody could tell from a delimiter; RFC 2046 forbids it to a sender."""
    lines = (b"\r\n" + data + b"\r\n--edge").split(b"\r\n--edge")[1:-1]
    return any(
        line.startswith(b"--") or line.lstrip(b" \t").startswith(b"\r\n") or not line.strip(b" \t") for line in lines
    )


bodies = st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=12).map(b"".join)).filter(
    lambda data: not is_delimiter_like(data)
)


def put_together(parts: list[bytes], preamble: bytes = b"", padding: bytes = b"", epilogue: bytes = b"") -> bytes:
    head = b"--edge" + padding + b"\r\nContent-Type: application/dicom\r\n\r\n"
    return preamble + b"".join(head + part + b"\r\n" for part in parts) + b"--edge--" + epilogue


def parsed(body: bytes, cuts: list[int]) -> Kept:
    kept = Kept()
    parser = MultipartParser(BOUNDARY, kept)
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    for start, end in pairwise(edges):
        parser.feed(body[start:end])
    parser.close()
    return kept


@given(
    st.lists(bodies, min_size=1, max_size=5),
    st.lists(st.integers(0, 1500), max_size=40),
    st.sampled_from([b"", b"ignored\r\n", b"\r\n"]),
    st.sampled_from([b"", b" ", b"\t  "]),
    st.sampled_from([b"", b"\r\n", b"\r\nignored --edge"]),
)
def test_parts_come_apart_as_they_were_put_together_wherever_the_body_is_cut(
    parts: list[bytes], cuts: list[int], preamble: bytes, padding: bytes, epilogue: bytes
) -> None:
    kept = parsed(put_together(parts, preamble, padding, epilogue), cuts)
    assert kept.parts == parts
    assert all(headers == {"content-type": "application/dicom"} for headers in kept.headers)


@given(st.lists(bodies, min_size=1, max_size=3))
def test_byte_by_byte_is_the_same_as_at_once(parts: list[bytes]) -> None:
    body = put_together(parts)
    assert parsed(body, list(range(len(body)))).parts == parsed(body, []).parts == parts


@given(st.lists(bodies, min_size=1, max_size=3), st.data())
def test_a_body_that_is_cut_off_is_refused_and_its_last_part_never_complete(
    parts: list[bytes], data: st.DataObject
) -> None:
    body = put_together(parts)
    cut = data.draw(st.integers(0, len(body) - 1))
    kept = Kept()
    parser = MultipartParser(BOUNDARY, kept)
    parser.feed(body[:cut])
    with pytest.raises(InvalidInput):
        parser.close()
    assert kept.parts == parts[: len(kept.parts)]


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=10))
def test_any_bytes_are_parts_or_refused_and_nothing_else(body: bytes, cuts: list[int]) -> None:
    try:
        parsed(b"--edge" + body, cuts)
    except InvalidInput:
        return


@given(st.lists(st.binary(max_size=100), max_size=4))
def test_what_is_written_is_read_again_and_its_length_is_as_told(parts: list[bytes]) -> None:
    boundary = new_boundary()
    sent = [Part("application/dicom", [part[:50], part[50:]], len(part)) for part in parts]
    body = b"".join(written(sent, boundary))
    kept = Kept()
    parser = MultipartParser(boundary, kept)
    assert written_length(sent, boundary) == len(body)
    if not parts:
        return
    parser.feed(body)
    parser.close()
    assert kept.parts == parts


def test_a_part_may_have_no_headers_and_no_body() -> None:
    kept = parsed(b"--edge\r\n\r\nfirst\r\n--edge\r\n\r\n\r\n--edge--", [])
    assert (kept.parts, kept.headers) == ([b"first", b""], [{}, {}])


def test_folded_headers_are_one() -> None:
    kept = parsed(b"--edge\r\nContent-Type: application/dicom;\r\n transfer-syntax=1.2\r\n\r\nx\r\n--edge--", [])
    assert content_type(kept.headers[0]["content-type"]) == ("application/dicom", {"transfer-syntax": "1.2"})


@pytest.mark.parametrize("head", [b"no colon\r\n\r\n", b": no name\r\n\r\n", b"a: " + b"x" * MAX_HEADERS])
def test_malformed_and_endless_headers_are_refused(head: bytes) -> None:
    with pytest.raises(InvalidInput):
        parsed(b"--edge\r\n" + head, [])


@pytest.mark.parametrize("boundary", ["", "a" * 201, "with\r\nbreak", "ends ", "é"])
def test_a_boundary_of_the_wrong_form_is_refused(boundary: str) -> None:
    with pytest.raises(InvalidInput):
        MultipartParser(boundary, Kept())
