"""What a request handler may ask for."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Query, Request

from screening.domain.errors import InvalidInput
from screening.domain.events import Author
from screening.domain.identifiers import ReaderId
from screening.web.operations import Operations

NAME = r"^[\w.@-]{1,64}$"


def operations(request: Request) -> Operations:
    """The ports of this service."""
    return cast(Operations, request.app.state.operations)


def author(
    reader: Annotated[str, Query(pattern=NAME, description="Account of the person who looks.")],
    registration: Annotated[str, Query(pattern=NAME, description="Registration number of that person.")],
) -> Author:
    """The person who looks, as stated by the caller; logging in comes with the reading pages."""
    return Author(ReaderId(reader), registration)


def optional_author(
    reader: Annotated[str | None, Query(pattern=NAME, description="Account of the reader who asks.")] = None,
    registration: Annotated[str | None, Query(pattern=NAME, description="Registration number of that reader.")] = None,
) -> Author | None:
    """The reader who asks, None when nobody is named. Raises InvalidInput for half a name."""
    if reader is None and registration is None:
        return None
    if reader is None or registration is None:
        raise InvalidInput("a reader is named by account and registration number together")
    return Author(ReaderId(reader), registration)


Ops = Annotated[Operations, Depends(operations)]
Person = Annotated[Author, Depends(author)]
PersonIfNamed = Annotated[Author | None, Depends(optional_author)]
