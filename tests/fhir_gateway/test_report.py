"""What a receiver finds in the bundle of each kind of report."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace

import pytest

from fhir_gateway import codes
from fhir_gateway.fhir.checks.problem import mapping, members
from fhir_gateway.fhir.report import FhirReportWriter
from screening.domain.errors import ReportInvalid
from screening.domain.identifiers import SopInstanceUid
from screening.domain.opinion import BiRads, BreastOpinion, ImageLocation
from screening.domain.report import StructuredReport
from screening.domain.study import Laterality
from screening.workflow.ports import ReportWriter
from tests.fhir_gateway.bundles import code_of, composed, entries, observations, one, resources
from tests.fhir_gateway.examples import (
    AMENDED,
    LABEL,
    MASS,
    NO_RESULT,
    RECALL,
    REPORTS,
    ROUTINE,
    TECHNICAL,
    WITHDRAWN,
)

BIRADS = codes.BIRADS_QUESTION.code


def test_writer_is_the_port() -> None:
    writer: ReportWriter = FhirReportWriter()
    assert writer.bundle(ROUTINE)


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_same_report_gives_the_same_canonical_bytes(report: StructuredReport) -> None:
    data = FhirReportWriter().bundle(report)
    again = json.dumps(json.loads(data), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert data == FhirReportWriter().bundle(report) == again


def test_plain_normal_is_category_1_on_both_sides_and_asks_nothing() -> None:
    bundle = composed(ROUTINE)
    found = observations(bundle, BIRADS)
    assert [code_of(item["valueCodeableConcept"]) for item in found] == [codes.BIRADS[BiRads.NEGATIVE].code] * 2
    assert {code_of(item["bodySite"]) for item in found} == {code.code for code in codes.BREAST.values()}
    assert not resources(bundle, "ServiceRequest")


def test_recall_carries_category_lesion_image_and_destination() -> None:
    bundle = composed(RECALL)
    report = one(bundle, "DiagnosticReport")
    assert code_of(report["code"]) == "72142-3"
    assert [code_of(item) for item in members(report["conclusionCode"])] == ["397145000"]
    (mass,) = observations(bundle, "129788004")
    parts = {code_of(mapping(part)["code"]): mapping(part) for part in members(mass["component"])}
    assert mapping(parts["size"]["valueQuantity"])["value"] == 12.5
    assert code_of(parts["clock"]["valueCodeableConcept"]) == "260322009"
    assert code_of(parts["depth"]["valueCodeableConcept"]) == "C25569"
    regions = [mapping(members(mapping(link)["extension"])[0]) for link in members(mass["derivedFrom"])]
    shown = [{str(mapping(part)["url"]): part for part in members(region["extension"])} for region in regions]
    uids = [mapping(region["sopInstance"])["valueOid"] for region in shown]
    assert uids == [f"urn:oid:{location.sop_instance_uid}" for location in MASS.locations]
    assert mapping(shown[0]["y1"])["valueDecimal"] == 1101.25
    assert mapping(shown[1]["frame"])["valuePositiveInt"] == 17


@pytest.mark.parametrize(
    ("category", "performer"),
    [
        (BiRads.INCOMPLETE, "Hospital radiology department"),
        (BiRads.PROBABLY_BENIGN, "Breast clinic"),
        (BiRads.SUSPICIOUS, "Breast clinic"),
        (BiRads.HIGHLY_SUGGESTIVE, "Breast clinic"),
    ],
)
def test_category_decides_where_she_goes(category: BiRads, performer: str) -> None:
    breast = BreastOpinion(Laterality.LEFT, category)
    report = replace(RECALL, breasts=(breast,), outcome=replace(RECALL.outcome, breasts=(breast,)))
    request = one(composed(report), "ServiceRequest")
    assert mapping(request["performerType"])["text"] == performer
    assert (request["intent"], request["status"]) == ("proposal", "active")
    assert [code_of(site) for site in members(request["bodySite"])] == [codes.BREAST[Laterality.LEFT].code]


def test_technical_recall_lists_views_and_keeps_the_standing_suspicion() -> None:
    request = one(composed(TECHNICAL), "ServiceRequest")
    texts = [mapping(view)["text"] for view in members(request["orderDetail"])]
    assert texts == ["Repeat left MLO: positioning", "Repeat right CC: motion blur"]
    assert "left breast, BI-RADS 4" in str(mapping(members(request["note"])[0])["text"])


def test_presented_forms_carry_true_size_and_hash_in_both_languages() -> None:
    forms = [mapping(form) for form in members(one(composed(RECALL), "DiagnosticReport")["presentedForm"])]
    kinds = [(str(form["contentType"]).partition(";")[0], form["language"]) for form in forms]
    assert kinds == [("text/html", "en"), ("text/plain", "en"), ("text/html", "nl"), ("text/plain", "nl")]
    for form in forms:
        data = base64.b64decode(str(form["data"]))
        assert form["size"] == len(data)
        assert base64.b64decode(str(form["hash"])) == hashlib.sha1(data, usedforsecurity=False).digest()


def test_resending_cannot_double_or_overwrite_anything() -> None:
    first, again = composed(RECALL), composed(RECALL)
    assert first == again
    for entry in (mapping(item) for item in members(first["entry"])):
        request, kind = mapping(entry["request"]), mapping(entry["resource"])["resourceType"]
        owned = kind in ("DiagnosticReport", "Observation", "ServiceRequest")
        assert request["method"] == ("PUT" if owned else "POST")
        assert "identifier=" in str(request["url"]) if owned else request["ifNoneExist"]


def test_correction_updates_the_same_report_and_revokes_the_recall() -> None:
    before, after = composed(RECALL), composed(AMENDED)
    (old,), (new,) = entries(before, "DiagnosticReport"), entries(after, "DiagnosticReport")
    assert mapping(old["request"])["url"] == mapping(new["request"])["url"]
    assert old["fullUrl"] != new["fullUrl"]
    assert mapping(new["resource"])["status"] == "amended"
    (asked,), (revoked,) = entries(before, "ServiceRequest"), entries(after, "ServiceRequest")
    assert mapping(asked["request"])["url"] == mapping(revoked["request"])["url"]
    assert mapping(revoked["resource"])["status"] == "revoked"
    provenance = one(after, "Provenance")
    (revision,) = [e for e in map(mapping, members(provenance["entity"])) if e["role"] == "revision"]
    assert mapping(mapping(revision["what"])["identifier"])["value"] == "rep-0002.v1"


def test_correction_takes_back_lesions_that_are_gone() -> None:
    after = composed(AMENDED, previous=RECALL)
    (mass,) = observations(after, "129788004")
    assert mass["status"] == "entered-in-error"
    links = {mapping(link)["reference"] for link in members(one(after, "DiagnosticReport")["result"])}
    gone = [entry["fullUrl"] for entry in entries(after, "Observation") if mapping(entry["resource"]) == mass]
    assert gone
    assert not links & set(gone)


def test_previous_must_be_an_earlier_version_of_the_same_report() -> None:
    with pytest.raises(ReportInvalid):
        FhirReportWriter().compose(AMENDED, previous=ROUTINE)


def test_withdrawal_marks_everything_entered_in_error() -> None:
    bundle = composed(WITHDRAWN)
    owned = [r for kind in ("DiagnosticReport", "Observation", "ServiceRequest") for r in resources(bundle, kind)]
    assert {resource["status"] for resource in owned} == {"entered-in-error"}


@pytest.mark.parametrize("report", [ROUTINE, RECALL])
def test_ai_score_is_never_without_reader_label_and_disclaimer(report: StructuredReport) -> None:
    bundle = composed(report)
    (score,) = observations(bundle, "exam-score")
    assert score["valueInteger"] == 9
    said = str(mapping(members(score["note"])[0])["text"])
    assert LABEL in said
    assert "AI decided nothing" in said
    (device,) = entries(bundle, "Device")
    assert mapping(score["device"])["reference"] == device["fullUrl"]
    assert LABEL in str(mapping(device["resource"])["note"])
    assert "cal-2026-01" in str(mapping(device["resource"])["property"])
    assert "AI decided nothing" in str(one(bundle, "DiagnosticReport")["conclusion"])


def test_density_of_an_ai_read_is_marked_as_ai() -> None:
    (density,) = observations(composed(ROUTINE), codes.DENSITY_QUESTION.code)
    assert mapping(density["device"])["type"] == "Device"
    assert LABEL in str(density["note"])
    human = replace(ROUTINE, ai=TECHNICAL.ai)
    (density,) = observations(composed(human), codes.DENSITY_QUESTION.code)
    assert "device" not in density


def test_ai_read_that_does_not_count_has_a_reason_and_no_score() -> None:
    (result,) = observations(composed(TECHNICAL), "exam-score")
    assert "valueInteger" not in result
    assert "not calibrated" in str(mapping(result["dataAbsentReason"])["text"])


@pytest.mark.parametrize("missing", ["identity", "label", "calibration"])
def test_bare_ai_score_is_refused(missing: str) -> None:
    assert ROUTINE.ai.identity is not None
    bare = {
        "identity": replace(ROUTINE.ai, identity=None),
        "label": replace(ROUTINE.ai, identity=replace(ROUTINE.ai.identity, label=" ")),
        "calibration": replace(ROUTINE.ai, calibration_id=None),
    }[missing]
    with pytest.raises(ReportInvalid):
        FhirReportWriter().bundle(replace(ROUTINE, ai=bare))


def test_other_calibration_is_another_device() -> None:
    other = replace(ROUTINE, ai=replace(ROUTINE.ai, calibration_id="cal-2026-02"))
    here, there = (mapping(entries(composed(r), "Device")[0]["request"])["ifNoneExist"] for r in (ROUTINE, other))
    assert here != there


def test_readers_are_roles_and_who_flagged_stays_inside() -> None:
    bundle = composed(RECALL)
    roles = [code_of(members(role["code"])[0]) for role in resources(bundle, "PractitionerRole")]
    assert roles == ["first", "second", "arbiter"]
    assert not resources(bundle, "Practitioner")
    unflagged = replace(RECALL, outcome=replace(RECALL.outcome, flagged_by=(), arbitrated=False))
    assert composed(unflagged) == bundle


def test_objection_to_sharing_composes_but_may_not_leave() -> None:
    writer = FhirReportWriter()
    assert writer.compose(ROUTINE).deliverable
    assert not writer.compose(TECHNICAL).deliverable
    labels = members(mapping(composed(TECHNICAL)["meta"])["security"])
    assert {str(mapping(label)["code"]) for label in labels} == {"R", "NODSCLCD"}
    assert "meta" not in composed(ROUTINE)


def test_no_result_names_no_category_and_the_organisation_as_interpreter() -> None:
    report = one(composed(NO_RESULT), "DiagnosticReport")
    assert "conclusionCode" not in report
    assert mapping(members(report["resultsInterpreter"])[0])["type"] == "Organization"


@pytest.mark.parametrize(
    "broken",
    [
        replace(
            ROUTINE, participant=replace(ROUTINE.participant, person=replace(ROUTINE.participant.person, value=" "))
        ),
        replace(ROUTINE, participant=replace(ROUTINE.participant, birth_date="09-03-1965")),
        replace(ROUTINE, organisation=""),
        replace(ROUTINE, issued=ROUTINE.issued.replace(tzinfo=None)),
        replace(RECALL, breasts=(BreastOpinion(Laterality.RIGHT, BiRads.BENIGN),)),
        replace(
            RECALL,
            breasts=(),
            outcome=replace(
                RECALL.outcome,
                breasts=(
                    BreastOpinion(
                        Laterality.RIGHT,
                        BiRads.SUSPICIOUS,
                        (replace(MASS, locations=(ImageLocation(SopInstanceUid("1.2.3"), 0, 0, 1, 1),)),),
                    ),
                ),
            ),
        ),
    ],
    ids=["nobody", "birth-date", "organisation", "time-zone", "two-categories", "foreign-image"],
)
def test_report_that_cannot_be_trusted_is_not_composed(broken: StructuredReport) -> None:
    with pytest.raises(ReportInvalid) as refusal:
        FhirReportWriter().bundle(broken)
    for person in ("Voorbeeld", "Wilhelmina", "999990019", "1965"):
        assert person not in str(refusal.value)
