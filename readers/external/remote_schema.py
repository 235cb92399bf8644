"""What a remote reader says, word for word: anything else is refused (`docs/readers.md` shows both documents).

Version 1. Coordinates are stored pixels, origin at the outer corner of the first pixel, frames from 1.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from screening.domain.ai_read import BreastDensity
from screening.domain.opinion import FindingType
from screening.domain.study import ImageKind, Laterality, View

API_VERSION = "1"
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._+/()-]*$")]
Label = Annotated[str, Field(max_length=120, pattern=r"^[A-Za-z0-9 ._+,/()-]*$")]
Uid = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z.\-_]+$")]
Score = Annotated[float, Field(ge=0, le=1)]


class Message(BaseModel):
    """Unknown fields, other types, infinities and other versions are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class DeclaredScope(Message):
    """The exams the remote reader is meant for; what is left out takes the default of `Scope`."""

    kinds: tuple[ImageKind, ...] = (ImageKind.FFDM,)
    views: tuple[View, ...] = (View.CC, View.MLO)
    manufacturers: tuple[Name, ...] = ()
    ages: tuple[int, int] | None = None


class Info(Message):
    """GET /info."""

    modelName: Name
    modelVersion: Name
    apiVersion: Literal["1"]
    label: Label = ""
    scope: DeclaredScope = DeclaredScope()


class Request(Message):
    """The `study` part of POST /read: ids and nothing about the woman."""

    apiVersion: Literal["1"] = "1"
    studyInstanceUid: Uid
    sopInstanceUids: tuple[Uid, ...]


class RemoteFinding(Message):
    """One mark."""

    sopInstanceUid: Uid
    box: tuple[float, float, float, float]
    frame: Annotated[int, Field(ge=1)] | None = None
    type: FindingType
    score: Score


class RemoteBreast(Message):
    """The score of one breast."""

    laterality: Laterality
    score: Score


class Reply(Message):
    """POST /read. `refused` carries no score and no mark."""

    apiVersion: Literal["1"]
    modelName: Name
    modelVersion: Name
    studyInstanceUid: Uid
    status: Literal["ok", "refused"]
    score: Score | None = None
    breasts: Annotated[tuple[RemoteBreast, ...], Field(max_length=2)] = ()
    density: BreastDensity | None = None
    imagesRead: Annotated[tuple[Uid, ...], Field(max_length=500)] = ()
    findings: Annotated[tuple[RemoteFinding, ...], Field(max_length=1000)] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        sides = [breast.laterality for breast in self.breasts]
        if len(sides) != len(set(sides)):
            raise ValueError("each breast is listed once")
        if self.status == "refused" and (self.score is not None or self.breasts or self.imagesRead or self.findings):
            raise ValueError("a refusal carries no result")
        if self.status == "ok" and (self.score is None or not self.imagesRead):
            raise ValueError("a read has a score and the images it is of")
        return self
