"""What the DICOMweb routes work with, and how they answer: ports, addresses, errors as PS3.18 has them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Annotated, Any, Final, cast
from urllib.parse import quote

from fastapi import Depends, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from screening.dicom.web.storing import Receive, StowLimits
from screening.domain.errors import InvalidInput, UnusableImage
from screening.domain.quality import ReasonCode
from screening.web.errors import problem
from screening.workflow.ports import Catalogue, FileLocator

ROOT: Final = "/dicom-web"
"""Where the routes are mounted."""

SEALED: Final = {"Cache-Control": "private, no-store"}
"""Headers of every answer that may name a woman."""

_NO_FRAMES: Final = frozenset({ReasonCode.PIXELS_MISSING})


@dataclass(frozen=True)
class Archive:
    """Ports of one running service; `incoming` is a folder on the disk of the file store."""

    catalogue: Catalogue
    files: FileLocator
    receive: Receive
    incoming: FilePath
    limits: StowLimits = field(default_factory=StowLimits)


def archive(request: Request) -> Archive:
    """The archive of this application."""
    return cast(Archive, request.app.state.dicom_web)


def address(request: Request) -> Callable[..., str]:
    """Gives the URL of a study, series or instance by its UIDs, as this caller reaches it."""
    base = str(request.base_url).rstrip("/") + ROOT

    def url(*uids: str) -> str:
        steps = zip(("studies", "series", "instances"), uids, strict=False)
        return base + "".join(f"/{step}/{quote(uid, safe='')}" for step, uid in steps)

    return url


Uid = Annotated[str, Path(pattern=r"^[0-9A-Za-z.\-_]{1,64}$")]
TheArchive = Annotated[Archive, Depends(archive)]
Address = Annotated[Callable[..., str], Depends(address)]


class DicomWebRoute(APIRoute):
    """Answers errors by the status codes of PS3.18 8.5: a bad request is 400, what cannot be shown as asked is 406."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler with its errors translated."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError:
                return _refused(InvalidInput("a UID or number of the address is malformed"), 400)
            except InvalidInput as error:
                return _refused(error, 400)
            except UnusableImage as error:
                return _refused(error, 404 if error.reason in _NO_FRAMES else 406)

        return answer


def _refused(error: InvalidInput | UnusableImage, status: int) -> Response:
    body = {**problem(error), "status": status}
    return JSONResponse(body, status, media_type="application/problem+json")
