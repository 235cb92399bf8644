"""Asks a DICOMweb service which mammography studies it has (QIDO-RS), and gets one (WADO-RS), streamed to disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any, Final

import httpx2 as httpx

from screening.dicom.web.multipart import MultipartParser, content_type
from screening.domain.errors import InvalidInput, PartnerRefused, PartnerUnreachable
from screening.domain.identifiers import Participant, PersonId, StudyInstanceUid
from screening.domain.study import StudyHeader

PAGE: Final = 200
_BLOCK: Final = 1 << 20
_PASSING: Final = frozenset(
    {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
)
_STUDY, _PATIENT, _ISSUER = "0020000D", "00100020", "00100021"
_DATE, _ACCESSION, _MODALITIES = "00080020", "00080050", "00080061"
_DICOM: Final = 'multipart/related; type="application/dicom"; transfer-syntax=*'

Attributes = Mapping[str, Any]
"""One answer in the DICOM JSON model (PS3.18 F.2): attributes by tag."""


@dataclass(frozen=True)
class ListedStudy:
    """A study that the service says it has; `header` holds what a search tells and no more."""

    header: StudyHeader
    url: str


def listed_studies(root: str, timeout_s: float = 60.0) -> Iterator[ListedStudy]:
    """Every mammography study at the DICOMweb root (PS3.18 10.6), page by page, each once.

    Modalities are looked at in the answers: a service that pages before it filters by them (Orthanc does) would pass
    over studies. Raises PartnerUnreachable or PartnerRefused.
    """
    seen = set[StudyInstanceUid]()
    offset = 0
    while page := _page(root, offset, timeout_s):
        found = [study for study in map(_header, page) if study is not None and study.study_instance_uid not in seen]
        if not found and offset:
            return
        for header in found:
            seen.add(header.study_instance_uid)
            yield ListedStudy(header, f"{root.rstrip('/')}/studies/{header.study_instance_uid}")
        offset += len(page)


def retrieve_study(url: str, folder: Path, timeout_s: float = 120.0) -> list[Path]:
    """Get every object of the study at this URL (PS3.18 10.4) into a folder, named by number.

    Raises PartnerUnreachable when the service cannot be reached or breaks off, PartnerRefused when it has no such
    study.
    """
    parts = _Files(folder)
    try:
        with _reaching(), httpx.stream("GET", url, headers={"Accept": _DICOM}, timeout=timeout_s) as answer:
            _judge(answer)
            parser = MultipartParser(content_type(answer.headers.get("Content-Type", ""))[1].get("boundary", ""), parts)
            for block in answer.iter_bytes(_BLOCK):
                parser.feed(block)
            parser.close()
    except InvalidInput as error:
        raise PartnerUnreachable("the DICOMweb service broke off, or answered what is no study") from error
    finally:
        parts.end()
    return parts.paths


class _Files:
    """Writes each part into a file of its own."""

    def __init__(self, folder: Path) -> None:
        self.paths: list[Path] = []
        self._folder = folder
        self._file: IO[bytes] | None = None

    def begin(self, _headers: Mapping[str, str]) -> None:
        """A part begins."""
        self.paths.append(self._folder / f"{len(self.paths):05d}")
        self._file = self.paths[-1].open("wb")

    def write(self, block: bytes) -> None:
        """Its next bytes."""
        if self._file is not None:
            self._file.write(block)

    def end(self) -> None:
        """It is complete."""
        if self._file is not None:
            self._file.close()
        self._file = None


def _page(root: str, offset: int, timeout_s: float) -> list[Attributes]:
    asked: dict[str, str | int | list[str]] = {
        "includefield": [_PATIENT, _ISSUER, _ACCESSION, _MODALITIES],
        "limit": PAGE,
        "offset": offset,
    }
    with _reaching():
        answer = httpx.get(
            f"{root.rstrip('/')}/studies",
            params=asked,
            headers={"Accept": "application/dicom+json"},
            timeout=timeout_s,
        )
    _judge(answer)
    if answer.status_code == HTTPStatus.NO_CONTENT:
        return []
    try:
        found = answer.json()
    except ValueError as error:
        raise PartnerRefused("the DICOMweb service answered what is no DICOM JSON") from error
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


@contextmanager
def _reaching() -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        raise PartnerUnreachable("the DICOMweb service cannot be reached") from error


def _judge(answer: httpx.Response) -> None:
    if answer.status_code in _PASSING:
        raise PartnerUnreachable(f"the DICOMweb service answered {answer.status_code}")
    if not answer.is_success:
        raise PartnerRefused(f"the DICOMweb service answered {answer.status_code}")


def _header(found: Attributes) -> StudyHeader | None:
    """What a search tells; None without a UID, or when its modalities are stated and none is MG."""
    uid, modalities = _first(found, _STUDY), _values(found, _MODALITIES)
    if not uid or (modalities and "MG" not in modalities):
        return None
    person = PersonId(_first(found, _ISSUER), _first(found, _PATIENT))
    return StudyHeader(
        StudyInstanceUid(uid), Participant(person), _first(found, _ACCESSION), _day(_first(found, _DATE))
    )


def _values(found: Attributes, tag: str) -> list[str]:
    element = found.get(tag)
    values = element.get("Value", []) if isinstance(element, dict) else []
    return [str(value).strip() for value in values if isinstance(value, str | int)]


def _first(found: Attributes, tag: str) -> str:
    return next(iter(_values(found, tag)), "")


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
