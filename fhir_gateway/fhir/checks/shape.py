"""JSON emptiness, ids and strings: what R4 JSON forbids and the model library lets through."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fhir_gateway.fhir.checks.problem import Node, Problem, Scan
from fhir_gateway.fhir.elements import Json

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def shape(scan: Scan) -> Iterator[Problem]:
    """Empty elements (ele-1), ids that are no ids, unprintable characters, numbers that are none."""
    for node in scan.nodes:
        if _empty(node.value):
            yield Problem("ele-1", node.path)
        if _is_resource_id(node) and not (isinstance(node.value, str) and _ID.fullmatch(node.value)):
            yield Problem("id", node.path)
        if isinstance(node.value, str) and _CONTROL.search(node.value):
            yield Problem("string-control-character", node.path)
        if isinstance(node.value, float) and node.value - node.value != 0:
            yield Problem("decimal-not-finite", node.path)


def _empty(value: Json) -> bool:
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    return isinstance(value, list | tuple | Mapping) and not value


def _is_resource_id(node: Node) -> bool:
    parts = node.definition.split(".")
    return len(parts) == 2 and parts[1] == "id"
