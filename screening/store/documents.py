"""Domain values as JSON text and back, by pydantic over the frozen dataclasses themselves.

Reading checks every field, so that a damaged document fails here and not in a decision. No value is coded by hand.
"""

from __future__ import annotations

import hashlib
from typing import Final, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from screening.domain import events as ev
from screening.domain.ai_read import AiRead
from screening.domain.commitment import CommitmentRequest
from screening.domain.errors import InvalidInput
from screening.domain.report import StructuredReport
from screening.domain.study import Image, StoredObject

T = TypeVar("T")


class Document(Generic[T]):
    """Writes and reads one type of domain value as JSON."""

    def __init__(self, of: type[T]) -> None:
        self._name = of.__name__ if isinstance(of, type) else str(of)
        self._adapter = TypeAdapter(of)

    def write(self, value: T) -> str:
        """JSON text; the same value gives the same text, sets aside."""
        return self._adapter.dump_json(value).decode()

    def read(self, text: str) -> T:
        """The value. Raises InvalidInput, without quoting the text, when it is damaged."""
        try:
            return self._adapter.validate_json(text)
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
            raise InvalidInput(f"stored {self._name} is damaged at '{where}'") from None


IMAGES: Final = Document(Image)
OBJECTS: Final = Document(StoredObject)
AI_READS: Final = Document(AiRead)
COMMITMENTS: Final = Document(CommitmentRequest)
REPORTS: Final = Document(StructuredReport)
OBJECTIONS: Final = Document(list[ev.Objection])
FACTS: Final[dict[str, Document[ev.Fact]]] = {fact.__name__: Document[ev.Fact](fact) for fact in ev.FACTS}
"""One document form per kind of fact, by class name."""


def write_fact(fact: ev.Fact) -> tuple[str, str]:
    """Class name and JSON text of a fact."""
    kind = type(fact).__name__
    return kind, FACTS[kind].write(fact)


def read_fact(kind: str, text: str) -> ev.Fact:
    """The fact; raises InvalidInput for an unknown kind or damaged text."""
    if kind not in FACTS:
        raise InvalidInput(f"no fact is called {kind}")
    return FACTS[kind].read(text)


def sha256(text: str) -> str:
    """Hex SHA-256 of the text in UTF-8, what the ledger keeps of a payload."""
    return hashlib.sha256(text.encode()).hexdigest()
