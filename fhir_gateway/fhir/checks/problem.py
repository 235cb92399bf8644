"""A fault of a bundle, and the walk over its elements that the checks share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fhir_gateway.fhir.elements import Json, JsonObject


@dataclass(frozen=True)
class Problem:
    """Which rule is broken where. `path` is an element path with list positions; it never holds a value."""

    rule: str
    path: str


@dataclass(frozen=True)
class Node:
    """An element: position path, definition path (`Observation.component.code`), value, enclosing object."""

    path: str
    definition: str
    value: Json


def members(value: Json) -> tuple[Json, ...]:
    """The items of a JSON array, empty for anything else."""
    return tuple(value) if isinstance(value, list | tuple) else ()


def mapping(value: Json) -> JsonObject:
    """The value when it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def resources(bundle: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    """Every entry's resource with its path."""
    for position, entry in enumerate(members(bundle.get("entry"))):
        resource = mapping(entry).get("resource")
        if isinstance(resource, Mapping):
            yield f"Bundle.entry[{position}].resource", resource


@dataclass(frozen=True)
class Scan:
    """A bundle with all its elements listed once, because every check goes over them."""

    bundle: JsonObject
    nodes: tuple[Node, ...]

    @classmethod
    def of(cls, bundle: JsonObject) -> Scan:
        """Walk the bundle."""
        return cls(bundle, tuple(walk(bundle, "Bundle", "Bundle")))


def walk(value: Json, path: str, definition: str) -> Iterator[Node]:
    """Every element below and including this one; a nested resource starts a definition path of its own."""
    if isinstance(value, Mapping) and isinstance(kind := value.get("resourceType"), str):
        definition = kind
    yield Node(path, definition, value)
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from walk(member, f"{path}.{name}", f"{definition}.{name}")
    else:
        for position, item in enumerate(members(value)):
            yield from walk(item, f"{path}[{position}]", definition)
