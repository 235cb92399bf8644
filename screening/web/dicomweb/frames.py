"""Frames over WADO-RS (PS3.18 10.4.1.1.3, 10.4.1.2): stored, decompressed or rendered, and bulk data by its URI.

What is rendered is for a quick look: every such answer says that it is not for primary diagnosis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from screening.dicom.header import open_file
from screening.dicom.web.frames import (
    EXPLICIT_LITTLE,
    JPEG,
    OCTETS,
    PNG,
    FrameSource,
    media_type_of,
    numbers_of,
    open_frames,
)
from screening.dicom.web.json_model import binary_value
from screening.dicom.web.multipart import Part
from screening.domain.errors import InvalidInput, NotFound
from screening.web.dicomweb.accept import MediaRange, accepted, not_acceptable
from screening.web.dicomweb.archive import SEALED, Archive, DicomWebRoute, TheArchive, Uid
from screening.web.dicomweb.retrieve import in_parts, located

router = APIRouter(route_class=DicomWebRoute)

_INSTANCE: Final = "/studies/{study}/series/{series}/instances/{instance}"
_PIXELS: Final = "7FE00010"
_LABELLED: Final = SEALED | {"Warning": '299 secondread "Not for primary diagnosis."'}
_NOT_OFFERED: Final = ("annotation", "window", "iccprofile")
_MOST_FRAMES: Final = 1024

Listed = Annotated[str, Path(max_length=8192)]
Quality = Annotated[int, Query(ge=1, le=100)]
Viewport = Annotated[str | None, Query(pattern=r"^[1-9][0-9]{0,4},[1-9][0-9]{0,4}$")]
Steps = Annotated[str, Path(pattern=r"^[0-9A-F]{8}(/[0-9]{1,6}/[0-9A-F]{8}){0,16}$")]


@dataclass(frozen=True)
class Form:
    """How frames are given: in which syntax and media type, and whether in parts."""

    media_type: str
    transfer_syntax: str
    as_stored: bool
    multipart: bool


@router.get(f"{_INSTANCE}/frames/{{listed}}")
def retrieve_frames(
    request: Request, archive: TheArchive, study: Uid, series: Uid, instance: Uid, listed: Listed
) -> Response:
    """Frames by number, from 1, as stored or decompressed to Explicit VR Little Endian."""
    numbers = numbers_of(listed)
    if numbers is None or len(numbers) > _MOST_FRAMES:
        raise InvalidInput("frames are listed by number, from 1, with commas between")
    return _frames(request, _source(archive, study, series, instance), numbers)


@router.get(f"{_INSTANCE}/rendered")
def render_instance(
    request: Request,
    archive: TheArchive,
    study: Uid,
    series: Uid,
    instance: Uid,
    viewport: Viewport = None,
    quality: Quality = 90,
) -> Response:
    """The image, or the middle frame of a volume, as a picture."""
    source = _source(archive, study, series, instance)
    return _rendered(request, source, source.count // 2 + 1, viewport, quality)


@router.get(f"{_INSTANCE}/frames/{{number}}/rendered")
def render_frame(
    request: Request,
    archive: TheArchive,
    study: Uid,
    series: Uid,
    instance: Uid,
    number: Annotated[int, Path(ge=1, le=1_000_000)],
    viewport: Viewport = None,
    quality: Quality = 90,
) -> Response:
    """One frame as a picture."""
    return _rendered(request, _source(archive, study, series, instance), number, viewport, quality)


@router.get(f"{_INSTANCE}/bulkdata/{{steps:path}}")
def retrieve_bulk_data(
    request: Request, archive: TheArchive, study: Uid, series: Uid, instance: Uid, steps: Steps
) -> Response:
    """A long value that the metadata names by this address; pixel data is given frame by frame."""
    if steps == _PIXELS:
        source = _source(archive, study, series, instance)
        return _frames(request, source, range(1, source.count + 1))
    (found,) = located(archive, study, series, instance)
    value = binary_value(open_file(archive.files.path(found.digest)).dataset, steps.split("/"))
    if value is None:
        raise NotFound("the instance has no such value")
    return in_parts([Part(OCTETS, [value], len(value))], OCTETS)


def _source(archive: Archive, *uids: str) -> FrameSource:
    (found,) = located(archive, *uids)
    return open_frames(archive.files.path(found.digest))


def _frames(request: Request, source: FrameSource, numbers: Sequence[int]) -> Response:
    form = _form(accepted(request), source.opened.transfer_syntax, len(numbers))
    if form is None:
        raise not_acceptable("frames are given as they are stored, or as octets in Explicit VR Little Endian")
    read = source.stored if form.as_stored else source.little_endian
    for number in numbers:
        source.require(number)
    frames = chain([read(numbers[0])], map(read, numbers[1:]))  # the first one decides whether there is an answer
    media_type = f"{form.media_type}; transfer-syntax={form.transfer_syntax}"
    if not form.multipart:
        return Response(next(frames), 200, SEALED, media_type)
    return in_parts((Part(media_type, [frame], len(frame)) for frame in frames), form.media_type)


def _form(ranges: Sequence[MediaRange], stored: str, frames: int) -> Form | None:
    """The first accepted way that these frames can be given in; without parts only where there is one frame."""
    for media in ranges:
        if not media.multipart and frames > 1:
            continue
        found = _inner(media, stored)
        if found is not None:
            return found
    return None


def _inner(media: MediaRange, stored: str) -> Form | None:
    """What a media range says of one frame (PS3.18 8.7.3.3.2): native frames are always given as octets."""
    kind, syntax, stored_type = media.type_of_parts, media.transfer_syntax, media_type_of(stored)
    as_stored = Form(stored_type, stored, True, media.multipart)
    octets = Form(OCTETS, EXPLICIT_LITTLE, False, media.multipart)
    if stored_type == OCTETS:
        fits = kind in (OCTETS, "application/*", "*/*") and syntax in (None, "*", EXPLICIT_LITTLE)
        return octets if fits else None
    if kind in (stored_type, "image/*", "*/*") and syntax in (None, "*", stored):
        return as_stored
    if kind in (OCTETS, "application/*", "*/*"):
        return octets if syntax in (None, EXPLICIT_LITTLE) else as_stored if syntax == "*" else None
    return None


def _rendered(request: Request, source: FrameSource, number: int, viewport: str | None, quality: int) -> Response:
    if any(name in request.query_params for name in _NOT_OFFERED):
        raise InvalidInput("pictures are rendered with the window of the image, without annotations")
    media_type = _picture_type(accepted(request))
    if media_type is None:
        raise not_acceptable("pictures are rendered as image/jpeg or image/png")
    width, height = (int(side) for side in viewport.split(",")) if viewport else (0, 0)
    picture = source.rendered(number, media_type, (width, height) if viewport else None, quality)
    return Response(picture, 200, _LABELLED, media_type)


def _picture_type(ranges: Sequence[MediaRange]) -> str | None:
    known = {JPEG: JPEG, PNG: PNG, "image/*": JPEG, "*/*": JPEG}
    return next((known[media.media_type] for media in ranges if media.media_type in known), None)
