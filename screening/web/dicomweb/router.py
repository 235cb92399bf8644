"""All DICOMweb routes as one router, for the composition root to mount and, one day, to guard."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI
from fastapi.params import Depends

from screening.web.dicomweb import frames, retrieve, search, store
from screening.web.dicomweb.archive import ROOT, Archive


def mount_dicom_web(app: FastAPI, archive: Archive, guards: Sequence[Depends] = ()) -> None:
    """Mount the routes at `ROOT`; `guards` are dependencies that every one of them must pass."""
    app.state.dicom_web = archive
    both = APIRouter(prefix=ROOT, tags=["DICOMweb"], dependencies=list(guards), include_in_schema=False)
    for router in (store.router, search.router, retrieve.router, frames.router):
        both.include_router(router)
    app.include_router(both)
