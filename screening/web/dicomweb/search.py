"""QIDO-RS (PS3.18 10.6): studies, series and instances by attribute, in pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from fastapi import APIRouter, Request, Response

from screening.dicom.web.answers import Results
from screening.dicom.web.json_model import Json, dumped
from screening.dicom.web.query import Level, Search, parse_search
from screening.web.dicomweb.accept import DICOM_JSON, require_json
from screening.web.dicomweb.archive import SEALED, Address, DicomWebRoute, TheArchive, Uid
from screening.workflow.catalogue_ports import CatalogueQuery, Key, Match, OneOf

router = APIRouter(route_class=DicomWebRoute)

T = TypeVar("T")

_CUT: Final = "The number of results exceeded the maximum supported by the server. Additional results can be requested."


@router.get("/studies")
def search_studies(request: Request, archive: TheArchive, address: Address) -> Response:
    """Studies."""
    search = _search(request, Level.STUDY)
    return _answer(search, archive.catalogue.studies, Results(archive.files, address, search.included).study)


@router.get("/series")
def search_series(request: Request, archive: TheArchive, address: Address) -> Response:
    """Series of all studies."""
    return _series(request, archive, address)


@router.get("/studies/{study}/series")
def search_series_of_study(request: Request, archive: TheArchive, address: Address, study: Uid) -> Response:
    """Series of one study."""
    return _series(request, archive, address, study)


@router.get("/instances")
def search_instances(request: Request, archive: TheArchive, address: Address) -> Response:
    """Instances of all studies."""
    return _instances(request, archive, address)


@router.get("/studies/{study}/instances")
def search_instances_of_study(request: Request, archive: TheArchive, address: Address, study: Uid) -> Response:
    """Instances of one study."""
    return _instances(request, archive, address, study)


@router.get("/studies/{study}/series/{series}/instances")
def search_instances_of_series(
    request: Request, archive: TheArchive, address: Address, study: Uid, series: Uid
) -> Response:
    """Instances of one series."""
    return _instances(request, archive, address, study, series)


def _series(request: Request, archive: TheArchive, address: Address, *within: str) -> Response:
    search = _search(request, Level.SERIES, *within)
    results = Results(archive.files, address, search.included)
    return _answer(search, archive.catalogue.series, lambda found: results.series(found, with_study=not within))


def _instances(request: Request, archive: TheArchive, address: Address, *within: str) -> Response:
    search = _search(request, Level.INSTANCE, *within)
    results = Results(archive.files, address, search.included)
    return _answer(
        search,
        archive.catalogue.instances,
        lambda found: results.instance(found, with_study=not within, with_series=len(within) < 2),
    )


def _search(request: Request, level: Level, *within: str) -> Search:
    require_json(request)
    uids = zip((Key.STUDY_UID, Key.SERIES_UID), within, strict=False)
    return parse_search(request.query_params.multi_items(), level, [Match(key, OneOf((uid,))) for key, uid in uids])


def _answer(search: Search, find: Callable[[CatalogueQuery], Sequence[T]], write: Callable[[T], Json]) -> Response:
    """One page; a warning says when there is more (PS3.18 8.3.4.4)."""
    asked = search.query
    found = find(CatalogueQuery(asked.matches, asked.limit + 1, asked.offset))
    warnings = (*search.warnings, *((_CUT,) if len(found) > asked.limit else ()))
    body = dumped([write(item) for item in found[: asked.limit]])
    response = Response(body, 200, SEALED, DICOM_JSON)
    for warning in warnings:
        response.headers.append("Warning", f'299 secondread "{warning}"')
    return response
