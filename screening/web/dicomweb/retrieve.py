"""WADO-RS (PS3.18 10.4): stored instances as they came, and their headers as JSON; streamed, never held whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from screening.dicom.header import open_file
from screening.dicom.web.frames import blocks_of
from screening.dicom.web.json_model import dumped, header_json
from screening.dicom.web.multipart import Part, new_boundary, written, written_length
from screening.dicom.web.storing import DICOM
from screening.domain.errors import NotDicom, NotFound, UnusableImage
from screening.web.dicomweb.accept import DICOM_JSON, MULTIPART, MediaRange, accepted, not_acceptable, require_json
from screening.web.dicomweb.archive import SEALED, Address, Archive, DicomWebRoute, TheArchive, Uid
from screening.workflow.catalogue_ports import Located

router = APIRouter(route_class=DicomWebRoute)

_STUDY: Final = "/studies/{study}"
_SERIES: Final = f"{_STUDY}/series/{{series}}"
_INSTANCE: Final = f"{_SERIES}/instances/{{instance}}"


@router.get(_STUDY)
def retrieve_study(request: Request, archive: TheArchive, study: Uid) -> Response:
    """Every instance of a study."""
    return _retrieve(request, archive, study)


@router.get(_SERIES)
def retrieve_series(request: Request, archive: TheArchive, study: Uid, series: Uid) -> Response:
    """Every instance of a series."""
    return _retrieve(request, archive, study, series)


@router.get(_INSTANCE)
def retrieve_instance(request: Request, archive: TheArchive, study: Uid, series: Uid, instance: Uid) -> Response:
    """One instance."""
    return _retrieve(request, archive, study, series, instance)


@router.get(f"{_STUDY}/metadata")
def study_metadata(request: Request, archive: TheArchive, address: Address, study: Uid) -> Response:
    """The header of every instance of a study."""
    return _metadata(request, archive, address, study)


@router.get(f"{_SERIES}/metadata")
def series_metadata(request: Request, archive: TheArchive, address: Address, study: Uid, series: Uid) -> Response:
    """The header of every instance of a series."""
    return _metadata(request, archive, address, study, series)


@router.get(f"{_INSTANCE}/metadata")
def instance_metadata(
    request: Request, archive: TheArchive, address: Address, study: Uid, series: Uid, instance: Uid
) -> Response:
    """The header of one instance."""
    return _metadata(request, archive, address, study, series, instance)


def located(archive: Archive, *uids: str) -> Sequence[Located]:
    """The instances below these UIDs. Raises NotFound when nothing is, also for what is in quarantine."""
    found = archive.catalogue.located(*uids)
    if not found:
        raise NotFound("no such study, series or instance can be retrieved")
    return found


def in_parts(parts: Iterable[Part], type_of_parts: str) -> Response:
    """An answer in parts, with its length where the parts are at hand and know theirs."""
    boundary = new_boundary()
    length = written_length(parts, boundary) if isinstance(parts, Sequence) else None
    headers = SEALED | ({"Content-Length": str(length)} if length is not None else {})
    media_type = f'{MULTIPART}; type="{type_of_parts}"; boundary={boundary}'
    return StreamingResponse(written(parts, boundary), 200, headers, media_type)


def _retrieve(request: Request, archive: Archive, *uids: str) -> Response:
    found = located(archive, *uids)
    chosen = _chosen(accepted(request), found)
    if chosen is None:
        raise not_acceptable("instances are given as application/dicom, in the transfer syntax they are stored in")
    parts = [_part(archive, instance) for instance in found]
    if chosen.multipart:
        return in_parts(parts, DICOM)
    (part,) = parts
    return StreamingResponse(part.blocks, 200, SEALED | {"Content-Length": str(part.length)}, part.media_type)


def _chosen(ranges: Sequence[MediaRange], found: Sequence[Located]) -> MediaRange | None:
    """How all instances can be given: as they are stored, alone only where there is one. None if not accepted."""
    usable = [media for media in ranges if media.type_of_parts in (DICOM, "*/*", "application/*")]
    for media in usable:
        syntaxes = {other.transfer_syntax for other in usable if other.multipart == media.multipart}
        as_stored = not syntaxes.isdisjoint({None, "*"})
        fits = as_stored or syntaxes.issuperset(instance.transfer_syntax_uid for instance in found)
        if fits and (media.multipart or len(found) == 1):
            return media
    return None


def _part(archive: Archive, instance: Located) -> Part:
    path = archive.files.path(instance.digest)
    stated = f"; transfer-syntax={instance.transfer_syntax_uid}" if instance.transfer_syntax_uid else ""
    return Part(DICOM + stated, blocks_of(path), path.stat().st_size)


def _metadata(request: Request, archive: Archive, address: Address, *uids: str) -> Response:
    require_json(request)
    found = located(archive, *uids)
    return StreamingResponse(_headers(archive, address, found), 200, SEALED, DICOM_JSON)


def _headers(archive: Archive, address: Address, found: Sequence[Located]) -> Iterator[bytes]:
    """A JSON array, one header in memory at a time; what cannot be read any more is left out."""
    mark = b"["
    for instance in found:
        uids = (instance.study_instance_uid, instance.series_instance_uid, instance.sop_instance_uid)
        try:
            opened = open_file(archive.files.path(instance.digest))
        except (NotDicom, NotFound, UnusableImage):
            continue
        yield mark + dumped(header_json(opened, f"{address(*uids)}/bulkdata"))
        mark = b","
    yield b"]" if mark == b"," else b"[]"
