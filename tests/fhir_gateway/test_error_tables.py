"""Every error has an answer at the FHIR and the HL7 v2 border, and no answer repeats what an error said."""

from __future__ import annotations

import json

import pytest
from fhir.resources.R4B.operationoutcome import OperationOutcome

from fhir_gateway.fhir.outcome import ISSUES, issue_of, operation_outcome, outcome_bytes
from fhir_gateway.hl7v2.ack import ACCEPTED, ANSWERS, Ack, answer_to
from screening.domain.errors import (
    CaseNotFound,
    EventNotAllowed,
    NotFound,
    SecondReadError,
    StoreUnavailable,
    all_errors,
)

CODES = {kind.code for kind in all_errors()}
SEVERITIES = {"fatal", "error", "warning", "information"}
TYPES = {
    *("invalid", "structure", "required", "value", "invariant", "security", "login", "unknown", "expired"),
    *("forbidden", "suppressed", "processing", "not-supported", "duplicate", "multiple-matches", "not-found"),
    *("deleted", "too-long", "code-invalid", "extension", "too-costly", "business-rule", "conflict", "transient"),
    *("lock-error", "no-store", "exception", "timeout", "incomplete", "throttled", "informational"),
}
"""R4 IssueType."""


def raised(kind: type[SecondReadError]) -> SecondReadError:
    """An error of this class as careless code would raise it."""
    return kind("Wilhelmina Voorbeeld 999990019")


def test_tables_are_complete_and_have_no_row_too_many() -> None:
    assert set(ISSUES) == CODES
    assert set(ANSWERS) == CODES


@pytest.mark.parametrize("kind", all_errors(), ids=lambda kind: kind.code)
def test_outcome_is_valid_and_tells_only_the_condition(kind: type[SecondReadError]) -> None:
    issue, outcome = issue_of(raised(kind)), operation_outcome(raised(kind))
    OperationOutcome.model_validate(outcome)
    assert issue.severity in SEVERITIES
    assert issue.code in TYPES
    assert 400 <= issue.status < 600
    body = outcome_bytes(raised(kind)).decode()
    assert json.loads(body) == outcome
    assert kind.code.replace("_", "-") in body
    assert not any(person in body for person in ("Wilhelmina", "Voorbeeld", "999990019"))


@pytest.mark.parametrize("kind", all_errors(), ids=lambda kind: kind.code)
def test_no_error_is_ever_acknowledged_as_accepted(kind: type[SecondReadError]) -> None:
    answer = answer_to(raised(kind))
    assert answer.original in (Ack.ERROR, Ack.REJECT)
    assert answer.commit in (Ack.COMMIT_ACCEPT, Ack.COMMIT_ERROR, Ack.COMMIT_REJECT)
    assert answer.condition is not ACCEPTED.condition


def test_what_could_not_be_kept_is_not_committed() -> None:
    assert answer_to(StoreUnavailable()).commit is Ack.COMMIT_REJECT
    assert issue_of(StoreUnavailable()).status == 503


def test_unknown_person_and_wrong_status_are_rejected_as_in_the_dutch_programme() -> None:
    assert {answer_to(error()).original for error in (NotFound, CaseNotFound, EventNotAllowed)} == {Ack.REJECT}


def test_class_without_a_row_answers_like_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(ISSUES, CaseNotFound.code)
    monkeypatch.delitem(ANSWERS, CaseNotFound.code)
    assert issue_of(CaseNotFound()) == ISSUES[NotFound.code]
    assert answer_to(CaseNotFound()) == ANSWERS[NotFound.code]
    assert "not-found" in str(operation_outcome(CaseNotFound()))
