"""STOW-RS (PS3.18 10.5): instances come in as a stream and go to disk part by part, each with its own fate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from screening.dicom.status import OUT_OF_RESOURCES
from screening.dicom.web.answers import store_answer
from screening.dicom.web.json_model import dumped
from screening.dicom.web.multipart import MultipartParser, content_type
from screening.dicom.web.storing import DICOM, Outcome, PartStore
from screening.domain.errors import UnusableImage
from screening.web.dicomweb.accept import DICOM_JSON, MULTIPART, require_json
from screening.web.dicomweb.archive import SEALED, Address, DicomWebRoute, TheArchive, Uid

router = APIRouter(route_class=DicomWebRoute)

_BLOCK: Final = 1 << 20


@router.post("/studies")
async def store_instances(request: Request, archive: TheArchive, address: Address) -> Response:
    """Store instances of any studies."""
    return await _store(request, archive, address, None)


@router.post("/studies/{study}")
async def store_instances_of_study(request: Request, archive: TheArchive, address: Address, study: Uid) -> Response:
    """Store instances of one study; one of another study fails."""
    return await _store(request, archive, address, study)


async def _store(request: Request, archive: TheArchive, address: Address, study: str | None) -> Response:
    require_json(request)
    media_type, parameters = content_type(request.headers.get("content-type", ""))
    parts = PartStore(archive.incoming, archive.receive, archive.limits, study)
    try:
        if media_type == DICOM:
            await _take_one(request, parts)
        elif media_type == MULTIPART and parameters.get("type", DICOM).lower() == DICOM:
            await _take_parts(request, MultipartParser(parameters.get("boundary", ""), parts))
        else:
            raise HTTPException(415, "instances are stored as application/dicom, in multipart/related")
    except UnusableImage as error:
        raise HTTPException(413, str(error)) from error
    except ClientDisconnect:
        return Response(status_code=400)
    finally:
        await run_in_threadpool(parts.discard)
    answer = store_answer(parts.outcomes, address, study)
    return Response(dumped(answer), _status(parts.outcomes), SEALED, DICOM_JSON)


async def _take_parts(request: Request, parser: MultipartParser) -> None:
    async for block in _blocks(request):
        await run_in_threadpool(parser.feed, block)
    await run_in_threadpool(parser.close)


async def _take_one(request: Request, parts: PartStore) -> None:
    """A body that is one instance (PS3.18 10.5.2)."""
    await run_in_threadpool(parts.begin, {})
    async for block in _blocks(request):
        await run_in_threadpool(parts.write, block)
    await run_in_threadpool(parts.end)


async def _blocks(request: Request) -> AsyncIterator[bytes]:
    """The body in blocks large enough to be worth a thread."""
    held = bytearray()
    async for chunk in request.stream():
        held += chunk
        if len(held) >= _BLOCK:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def _status(outcomes: Sequence[Outcome]) -> int:
    """Status of the whole (PS3.18 Table 10.5.3-1)."""
    stored = sum(outcome.stored for outcome in outcomes)
    if stored:
        return 200 if stored == len(outcomes) else 202
    if outcomes and all(outcome.status is OUT_OF_RESOURCES for outcome in outcomes):
        return 503
    return 409 if any(outcome.names.sop_instance_uid for outcome in outcomes) else 400
