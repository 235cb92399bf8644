"""Sends objects by STOW-RS (PS3.18 10.5), streamed from disk."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Final

import httpx2 as httpx

from screening.domain.errors import PartnerRefused, PartnerUnreachable

_CHUNK: Final = 1 << 20
_PASSING: Final = frozenset(
    {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
)
_FAILED: Final = "00081198"
"""Failed SOP Sequence of the answer (PS3.18 10.5.3)."""


def stow(url: str, files: Sequence[Path], timeout_s: float = 60.0) -> None:
    """Store objects at the DICOMweb root `url`.

    Raises PartnerUnreachable when it cannot be reached or is busy, PartnerRefused when it does not take every object.
    """
    boundary = uuid.uuid4().hex
    headers = {
        "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
        "Accept": "application/dicom+json",
    }
    try:
        answer = httpx.post(
            f"{url.rstrip('/')}/studies", content=_body(files, boundary), headers=headers, timeout=timeout_s
        )
    except httpx.TransportError as error:
        raise PartnerUnreachable("the STOW-RS service cannot be reached") from error
    _judge(answer)


def _judge(answer: httpx.Response) -> None:
    if answer.status_code in _PASSING:
        raise PartnerUnreachable(f"the STOW-RS service answered {answer.status_code}")
    if answer.status_code != HTTPStatus.OK or _FAILED in _document(answer):
        raise PartnerRefused(f"the STOW-RS service did not take every object (answer {answer.status_code})")


def _document(answer: httpx.Response) -> dict[str, object]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _body(files: Sequence[Path], boundary: str) -> Iterator[bytes]:
    for path in files:
        yield f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()
