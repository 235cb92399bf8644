"""Small FHIR R4 datatypes as JSON objects: the only place where their shape is spelled out.

Resources are built as plain JSON objects and not as `fhir.resources` models, whose dump rewrites times and decimals
(reference/fhir-hl7 1); the model is the first check of the finished bundle instead (`checks.model`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from fhir_gateway.codes import Code
from fhir_gateway.content import plain
from fhir_gateway.systems import UCUM
from screening.domain.errors import ReportInvalid

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
"""Any JSON value."""
JsonObject: TypeAlias = Mapping[str, Json]
"""A JSON object."""


def compact(members: JsonObject) -> dict[str, Json]:
    """The object without members that say nothing; FHIR JSON knows no null, "", [] or {} (R4 JSON, ele-1).

    >>> compact({"a": None, "b": [], "c": 0, "d": False})
    {'c': 0, 'd': False}
    """
    return {name: value for name, value in members.items() if value is not None and value not in ("", [], {}, ())}


def text_or_none(text: str) -> str | None:
    """Printable text on one line, or None when there is none."""
    return plain(text) or None


def coding(code: Code) -> JsonObject:
    """R4 Coding."""
    return {"system": code.system, "code": code.code, "display": code.display}


def concept(*codes: Code, text: str | None = None) -> JsonObject:
    """R4 CodeableConcept."""
    return compact({"coding": [coding(code) for code in codes], "text": text})


def identifier(system: str, value: str, kind: Code | None = None, assigner: str | None = None) -> JsonObject:
    """R4 Identifier. Raises ReportInvalid when the value is empty."""
    shown = plain(value)
    if not shown:
        raise ReportInvalid("an identifier without a value")
    return compact(
        {
            "type": concept(kind) if kind else None,
            "system": system,
            "value": shown,
            "assigner": {"display": assigner} if assigner else None,
        }
    )


def reference(target: str, kind: str) -> JsonObject:
    """R4 Reference to an entry of the same bundle by its `fullUrl`."""
    return {"reference": target, "type": kind}


def millimetres(value: float) -> JsonObject:
    """R4 Quantity in UCUM millimetres."""
    return {"value": value, "unit": "mm", "system": UCUM, "code": "mm"}


def instant(at: datetime) -> str:
    """R4 instant in UTC. Raises ReportInvalid for a time without a zone."""
    if at.tzinfo is None:
        raise ReportInvalid("a report time has no time zone")
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def note(text: str) -> list[Json]:
    """R4 Annotation list with one text, empty for an empty text."""
    shown = plain(text)
    return [{"text": shown}] if shown else []
