"""Domain values as JSON, for files and for `--json`; the one place that knows how."""

from __future__ import annotations

import functools
import json
from typing import Any, cast

from pydantic import TypeAdapter


@functools.cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def to_data(value: object) -> Any:
    """The value as plain JSON data: enums as their values, dates as ISO 8601, tuples as lists."""
    return _adapter(cast(Any, type(value))).dump_python(value, mode="json")


def to_json(value: object) -> str:
    """The value as indented JSON text."""
    return json.dumps(to_data(value), indent=2, ensure_ascii=False)


def from_data(kind: type, data: Any) -> Any:
    """A domain value of `kind` from JSON data. Raises pydantic's ValidationError."""
    return _adapter(kind).validate_python(data)
