"""Planted faults: each is found by the rule that names it, and by its element path."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.fhir.bundle import transaction
from fhir_gateway.fhir.checks.narrative import broken_rule
from fhir_gateway.fhir.validate import problems, require_valid
from screening.domain.errors import ReportInvalid
from tests.fhir_gateway.examples import RECALL

Plant = Callable[["Bundle"], object]
"""Plants one fault; what it returns is of no interest."""


class Bundle:
    """A mutable copy of a sound bundle with short ways to its resources."""

    def __init__(self) -> None:
        self.tree = json.loads(json.dumps(transaction(RECALL)))
        self.entries: list[dict[str, dict[str, object]]] = self.tree["entry"]

    def entry(self, kind: str) -> dict[str, dict[str, object]]:
        """The first entry of a type."""
        return next(entry for entry in self.entries if entry["resource"]["resourceType"] == kind)

    def first(self, kind: str) -> dict[str, object]:
        """The first resource of a type."""
        return self.entry(kind)["resource"]

    def address(self, kind: str) -> object:
        """`fullUrl` of the first resource of a type."""
        return self.entry(kind)["fullUrl"]

    def drop(self, kind: str, *names: str) -> None:
        """Remove members of the first resource of a type."""
        for name in names:
            del self.first(kind)[name]

    def put(self, kind: str, name: str, value: object) -> None:
        """Set a member of the first resource of a type."""
        self.first(kind)[name] = value


_HTML = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'


def _narrative(inner: str) -> Plant:
    return lambda b: b.put("DiagnosticReport", "text", {"status": "generated", "div": _HTML.format(inner)})


def _no_request(b: Bundle) -> None:
    del b.entry("Patient")["request"]


def _address(value: Plant) -> Plant:
    return lambda b: b.entry("Patient").__setitem__("fullUrl", value(b))  # type: ignore[assignment]


def _orphan_detail(b: Bundle) -> None:
    b.put("ServiceRequest", "orderDetail", [_ABSENT])
    b.drop("ServiceRequest", "code")


def _contain(inner: dict[str, object]) -> Plant:
    return lambda b: b.put("DiagnosticReport", "contained", [{"resourceType": "Organization", "name": "x", **inner}])


def _reference(kind: str, name: str, to: str, listed: bool = False) -> Plant:
    def plant(b: Bundle) -> None:
        link = {"reference": b.address(to)}
        b.put(kind, name, [link] if listed else link)

    return plant


_ABSENT = {"text": "why"}
_CODED = [{"code": {"coding": [{"system": "http://snomed.info/sct", "code": "146611000146107"}]}}]
FAULTS: dict[str, tuple[str, Plant]] = {
    "status": ("required-binding", lambda b: b.put("DiagnosticReport", "status", "banana")),
    "intent": ("required-binding", lambda b: b.put("ServiceRequest", "intent", "wish")),
    "gender": ("required-binding", lambda b: b.put("Patient", "gender", "F")),
    "method": ("required-binding", lambda b: b.entry("Patient")["request"].update(method="SEND")),
    "narrative status": (
        "required-binding",
        lambda b: b.put("DiagnosticReport", "text", {"status": "fine", "div": _HTML.format("x")}),
    ),
    "empty object": ("ele-1", lambda b: b.put("Patient", "maritalStatus", {})),
    "empty list": ("ele-1", lambda b: b.put("Patient", "name", [])),
    "null": ("ele-1", lambda b: b.put("Patient", "birthDate", None)),
    "blank string": ("ele-1", lambda b: b.put("Organization", "name", "  ")),
    "id of 65": ("id", lambda b: b.put("Patient", "id", "a" * 65)),
    "control character": ("string-control-character", lambda b: b.put("Organization", "name", "a\x01b")),
    "not a number": ("decimal-not-finite", lambda b: b.put("Observation", "valueDecimal", float("nan"))),
    "unknown member": ("model-extra_forbidden", lambda b: b.put("Patient", "shoeSize", 38)),
    "missing code": ("model-missing", lambda b: b.drop("Observation", "code")),
    "unknown type": ("resource-type", lambda b: b.put("Device", "resourceType", "FooType")),
    "R4B only type": ("resource-type", lambda b: b.put("Device", "resourceType", "NutritionProduct")),
    "R4B only subject": ("reference-type", _reference("Observation", "subject", "Organization")),
    "result not an observation": ("reference-type", _reference("DiagnosticReport", "result", "Patient", listed=True)),
    "dangling": ("reference-unresolved", lambda b: b.put("Observation", "subject", {"reference": "Patient/1"})),
    "unexpected reference": ("reference-unexpected", _reference("Patient", "managingOrganization", "Organization")),
    "type contradicts": (
        "reference-type",
        lambda b: b.put("Observation", "device", {"reference": b.address("Device"), "type": "Patient"}),
    ),
    "obs-6": ("obs-6", lambda b: b.put("Observation", "dataAbsentReason", _ABSENT)),
    "obs-7": ("obs-7", lambda b: b.put("Observation", "component", _CODED)),
    "obs-3": ("obs-3", lambda b: b.put("Observation", "referenceRange", [{"appliesTo": [_ABSENT]}])),
    "prr-1": ("prr-1", _orphan_detail),
    "per-1": ("per-1", lambda b: b.put("Provenance", "occurredPeriod", {"start": "2026-01-02", "end": "2026-01-01"})),
    "per-1 with zones": (
        "per-1",
        lambda b: b.put(
            "Provenance",
            "occurredPeriod",
            {"start": "2026-01-01T10:00:00Z", "end": "2026-01-01T10:30:00+01:00"},
        ),
    ),
    "bdl-1": ("bdl-1", lambda b: b.tree.update(total=3)),
    "bdl-3": ("bdl-3", _no_request),
    "bdl-7": ("bdl-7", _address(lambda b: b.address("Organization"))),
    "bdl-8": ("bdl-8", lambda b: b.entry("Patient").update(fullUrl="urn:x/_history/1")),  # type: ignore[call-overload]
    "dom-3": ("dom-3", _contain({"id": "alone"})),
    "dom-4": ("dom-4", _contain({"id": "a", "meta": {"versionId": "1"}})),
    "dom-5": ("dom-5", _contain({"id": "a", "meta": {"security": [_ABSENT]}})),
    "ref-1": ("ref-1", lambda b: b.put("Observation", "subject", {"reference": "#nobody"})),
    "ext-1": ("ext-1", lambda b: b.put("Patient", "extension", [{"url": "urn:x"}])),
    "att-1": ("att-1", lambda b: b.put("DiagnosticReport", "presentedForm", [{"data": "YQ=="}])),
    "qty-3": ("qty-3", lambda b: b.put("Observation", "valueQuantity", {"value": 1, "code": "mm"})),
    "org-1": ("org-1", lambda b: b.drop("Organization", "name", "identifier")),
    "pat-1": ("pat-1", lambda b: b.put("Patient", "contact", [{"gender": "female"}])),
    "script": ("txt-1", _narrative("<script>alert(1)</script>")),
    "event handler": ("txt-1", _narrative('<p onclick="x()">a</p>')),
    "active link": ("txt-1", _narrative('<a href=" JavaScript:x()">a</a>')),
    "entity": ("txt-1", _narrative("<!-- x -->a")),
    "no text": ("txt-2", _narrative("<p> </p>")),
    "unverified code": (
        "code-not-verified",
        lambda b: b.put("Observation", "code", {"coding": [{"system": "http://loinc.org", "code": "72018-2"}]}),
    ),
    "wrong display": (
        "code-not-verified",
        lambda b: b.put(
            "Observation",
            "bodySite",
            {"coding": [{"system": "http://snomed.info/sct", "code": "73056007", "display": "Left breast"}]},
        ),
    ),
}


def test_sound_bundle_has_no_problem() -> None:
    assert problems(Bundle().tree) == ()


@pytest.mark.parametrize(("rule", "plant"), FAULTS.values(), ids=FAULTS)
def test_planted_fault_is_found(rule: str, plant: Plant) -> None:
    bundle = Bundle()
    plant(bundle)
    found = problems(bundle.tree)
    assert rule in {problem.rule for problem in found}, found
    with pytest.raises(ReportInvalid) as refusal:
        require_valid(bundle.tree, "rep-0002")
    assert "rep-0002" in str(refusal.value)


def test_findings_never_quote_the_bundle() -> None:
    bundle = Bundle()
    bundle.put("Patient", "birthDate", "09-03-1965")
    bundle.put("Patient", "gender", "Wilhelmina")
    shown = str(problems(bundle.tree))
    assert "1965" not in shown
    assert "Wilhelmina" not in shown


@given(st.text(max_size=60))
def test_any_text_as_narrative_is_judged_not_crashed(text: str) -> None:
    assert broken_rule(text) == "txt-1"
