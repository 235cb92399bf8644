"""FHIRPath invariants of R4 4.0.1 for the resources and datatypes used, written by hand; the keys are HL7's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from fhir_gateway.fhir.checks.problem import Node, Problem, Scan, mapping, members
from fhir_gateway.fhir.elements import Json, JsonObject

Rule = Callable[[JsonObject], bool]
"""True when the element is sound."""


def invariants(scan: Scan) -> Iterator[Problem]:
    """Every broken invariant, by its HL7 key."""
    for node in scan.nodes:
        if isinstance(node.value, dict):
            rules = (*_RESOURCE_RULES.get(node.definition, ()), *_datatype_rules(node))
            yield from (Problem(key, node.path) for key, sound in rules if not sound(node.value))


def _has_value(element: JsonObject) -> bool:
    return any(name.startswith("value") for name in element)


def _obs_6(observation: JsonObject) -> bool:
    return "dataAbsentReason" not in observation or not _has_value(observation)


def _codes(concept: Json) -> set[tuple[str, str]]:
    codings = (mapping(item) for item in members(mapping(concept).get("coding")))
    return {(str(item.get("system")), str(item.get("code"))) for item in codings}


def _obs_7(observation: JsonObject) -> bool:
    asked = _codes(observation.get("code"))
    parts = [_codes(mapping(part).get("code")) for part in members(observation.get("component"))]
    return not (_has_value(observation) and any(asked & part for part in parts))


def _obs_3(reference_range: JsonObject) -> bool:
    return any(name in reference_range for name in ("low", "high", "text"))


def _bdl_3(bundle: JsonObject) -> bool:
    asks = bundle.get("type") in ("batch", "transaction", "history")
    return all(("request" in mapping(entry)) == asks for entry in members(bundle.get("entry")))


def _bdl_4(bundle: JsonObject) -> bool:
    answers = bundle.get("type") in ("batch-response", "transaction-response", "history")
    return all(("response" in mapping(entry)) == answers for entry in members(bundle.get("entry")))


def _bdl_7(bundle: JsonObject) -> bool:
    urls = [mapping(entry).get("fullUrl") for entry in members(bundle.get("entry"))]
    named = [url for url in urls if url is not None]
    return bundle.get("type") == "history" or len(named) == len(set(map(str, named)))


def _before(period: JsonObject) -> bool:
    start, end = period.get("start"), period.get("end")
    if not isinstance(start, str) or not isinstance(end, str):
        return True
    if "T" in start and "T" in end:
        return datetime.fromisoformat(start) <= datetime.fromisoformat(end)
    length = min(len(start), len(end), 10)
    return start[:length] <= end[:length]


def _contained_ids(resource: JsonObject) -> set[str]:
    return {str(mapping(inner).get("id")) for inner in members(resource.get("contained"))}


def _local_links(value: Json) -> set[str]:
    if isinstance(value, dict):
        link = value.get("reference")
        own = {link[1:]} if isinstance(link, str) and link.startswith("#") else set()
        return own.union(*(_local_links(member) for member in value.values()))
    return set().union(*(_local_links(item) for item in members(value)))


def _dom_4(resource: JsonObject) -> bool:
    metas = (mapping(mapping(inner).get("meta")) for inner in members(resource.get("contained")))
    return not any("versionId" in meta or "lastUpdated" in meta for meta in metas)


_DOMAIN_RULES: tuple[tuple[str, Rule], ...] = (
    ("dom-2", lambda r: not any("contained" in mapping(inner) for inner in members(r.get("contained")))),
    ("dom-3", lambda r: _contained_ids(r) <= _local_links(r)),
    ("dom-4", _dom_4),
    (
        "dom-5",
        lambda r: not any("security" in mapping(mapping(i).get("meta")) for i in members(r.get("contained"))),
    ),
    ("ref-1", lambda r: _local_links(r) - {""} <= _contained_ids(r)),
)
_RESOURCE_RULES: dict[str, tuple[tuple[str, Rule], ...]] = {
    "Bundle": (
        ("bdl-1", lambda b: "total" not in b or b.get("type") in ("searchset", "history")),
        (
            "bdl-2",
            lambda b: b.get("type") == "searchset" or not any("search" in mapping(e) for e in members(b.get("entry"))),
        ),
        ("bdl-3", _bdl_3),
        ("bdl-4", _bdl_4),
        ("bdl-7", _bdl_7),
    ),
    "Bundle.entry": (
        ("bdl-5", lambda e: any(name in e for name in ("resource", "request", "response"))),
        ("bdl-8", lambda e: "/_history/" not in str(e.get("fullUrl", ""))),
    ),
    "Observation": (("obs-6", _obs_6), ("obs-7", _obs_7)),
    "Observation.component": (("obs-component-value", _obs_6),),
    "Observation.referenceRange": (("obs-3", _obs_3),),
    "Organization": (("org-1", lambda o: "name" in o or "identifier" in o),),
    "Patient.contact": (
        ("pat-1", lambda c: any(name in c for name in ("name", "telecom", "address", "organization"))),
    ),
    "ServiceRequest": (("prr-1", lambda s: "orderDetail" not in s or "code" in s),),
}


def _datatype_rules(node: Node) -> tuple[tuple[str, Rule], ...]:
    last = node.definition.rpartition(".")[2]
    if isinstance(node.value, dict) and "resourceType" in node.value and node.definition != "Bundle":
        return _DOMAIN_RULES
    return _BY_MEMBER.get(last, ())


_PERIOD: tuple[tuple[str, Rule], ...] = (("per-1", _before),)
_EXTENSION: tuple[tuple[str, Rule], ...] = (
    ("ext-1", lambda e: _has_value(e) != ("extension" in e)),
    ("ext-url", lambda e: isinstance(e.get("url"), str)),
)
_BY_MEMBER: dict[str, tuple[tuple[str, Rule], ...]] = {
    "extension": _EXTENSION,
    "modifierExtension": _EXTENSION,
    "valueQuantity": (("qty-3", lambda q: "code" not in q or "system" in q),),
    "presentedForm": (("att-1", lambda a: "data" not in a or "contentType" in a),),
    **dict.fromkeys(("period", "occurredPeriod", "effectivePeriod", "occurrencePeriod", "valuePeriod"), _PERIOD),
}
