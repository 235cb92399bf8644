"""For any report: a valid bundle, and both narratives name every recalled side with its category."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings

from fhir_gateway import content
from fhir_gateway.fhir.bundle import transaction
from fhir_gateway.fhir.checks.narrative import broken_rule
from fhir_gateway.fhir.checks.problem import mapping, members
from fhir_gateway.fhir.report import FhirReportWriter
from fhir_gateway.fhir.validate import problems
from fhir_gateway.narrative.html import division
from fhir_gateway.narrative.text import plain_text
from fhir_gateway.narrative.words import word
from screening.domain.outcome import OutcomeKind
from screening.domain.report import Language, ReportStatus, StructuredReport
from tests.fhir_gateway.bundles import code_of, decode, entries, observations, one, resources
from tests.fhir_gateway.strategies import reports

_slow_to_draw = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_slow_to_draw
@given(reports())
def test_any_report_gives_a_valid_bundle(report: StructuredReport) -> None:
    assert problems(transaction(report)) == ()
    bundle = decode(FhirReportWriter().bundle(report))
    assert len(observations(bundle, "146611000146107")) == len(content.breasts(report))
    asked = [request for request in resources(bundle, "ServiceRequest") if request["status"] == "active"]
    calls = report.outcome.kind in (OutcomeKind.RECALL_FOR_ASSESSMENT, OutcomeKind.TECHNICAL_RECALL)
    assert bool(asked) == (calls and report.status.value != "entered_in_error")


@_slow_to_draw
@given(reports())
def test_any_recall_is_told_in_words_and_in_codes(report: StructuredReport) -> None:
    for language in Language:
        text = plain_text(report, language).lower()
        for breast in (*content.recalled(report), *report.outcome.standing_recall):
            side = word(breast.laterality, language)
            assert any(side in line and f"bi-rads {breast.category.value} " in line for line in text.splitlines())
    bundle = transaction(report)
    for request in resources(bundle, "ServiceRequest"):
        sites = {code_of(site) for site in members(request.get("bodySite"))}
        for link in members(request.get("reasonReference")):
            (found,) = [
                mapping(mapping(entry)["resource"])
                for entry in members(bundle["entry"])
                if mapping(entry)["fullUrl"] == mapping(link)["reference"]
            ]
            assert code_of(found["bodySite"]) in sites


@_slow_to_draw
@given(reports())
def test_no_text_breaks_the_narrative_or_leaks_the_woman(report: StructuredReport) -> None:
    for language in Language:
        assert broken_rule(division(report, language)) is None
        assert "\x00" not in plain_text(report, language)


@_slow_to_draw
@given(reports(), reports())
def test_any_correction_is_valid_and_leaves_nothing_of_the_old_version_standing(
    old: StructuredReport, new: StructuredReport
) -> None:
    later = old.version + 1
    new = replace(new, report_id=old.report_id, version=later, status=ReportStatus.AMENDED, supersedes=old.version)
    bundle = transaction(new, previous=old)
    assert problems(bundle) == ()
    sent = {mapping(entry["request"])["url"] for entry in entries(bundle, "Observation")}
    assert {mapping(entry["request"])["url"] for entry in entries(transaction(old), "Observation")} <= sent
    listed = {mapping(link)["reference"] for link in members(one(bundle, "DiagnosticReport").get("result"))}
    for entry in entries(bundle, "Observation"):
        standing = mapping(entry["resource"])["status"] != "entered-in-error"
        assert standing == (entry["fullUrl"] in listed)
    for asked in entries(transaction(old), "ServiceRequest"):
        urls = [mapping(entry["request"])["url"] for entry in entries(bundle, "ServiceRequest")]
        assert urls == [mapping(asked["request"])["url"]]
