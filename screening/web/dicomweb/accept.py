"""What a caller accepts (RFC 9110 12.5.1, PS3.18 8.7): media ranges in order of preference."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fastapi import HTTPException, Request

from screening.dicom.web.multipart import content_type

DICOM_JSON: Final = "application/dicom+json"
MULTIPART: Final = "multipart/related"

_RANGE: Final = re.compile(r'(?:[^,"]|"[^"]*")+')
_JSON: Final = frozenset({DICOM_JSON, "application/json", "application/*", "*/*"})


@dataclass(frozen=True)
class MediaRange:
    """One acceptable media range; `parts` is the type of the parts where it is multipart, else the type itself."""

    media_type: str
    type_of_parts: str
    transfer_syntax: str | None

    @property
    def any(self) -> bool:
        """Whether everything is accepted."""
        return self.media_type == "*/*"

    @property
    def multipart(self) -> bool:
        """Whether an answer in parts is accepted."""
        return self.media_type in (MULTIPART, "multipart/*", "*/*")


def accepted(request: Request) -> Sequence[MediaRange]:
    """The media ranges of a request, the most wanted first; everything where it states none."""
    found = [_range(written) for header in request.headers.getlist("accept") for written in _RANGE.findall(header)]
    wanted = [(weight, media) for weight, media in found if weight > 0 and media.media_type]
    if not found:
        return [MediaRange("*/*", "*/*", None)]
    return [media for _weight, media in sorted(wanted, key=lambda pair: -pair[0])]


def require_json(request: Request) -> None:
    """Raise 406 when the DICOM JSON Model is not accepted; it is the only form that data sets are answered in."""
    if not any(media.media_type in _JSON for media in accepted(request)):
        raise not_acceptable("data sets are answered as application/dicom+json only")


def not_acceptable(detail: str) -> HTTPException:
    """406: nothing that is accepted can be given."""
    return HTTPException(406, detail)


def _range(written: str) -> tuple[float, MediaRange]:
    media_type, parameters = content_type(written)
    try:
        weight = float(parameters.get("q", "1"))
    except ValueError:
        weight = 1.0
    parts = parameters.get("type", "*/*").lower() if media_type.startswith("multipart/") else media_type
    return weight, MediaRange(media_type, parts, parameters.get("transfer-syntax"))
