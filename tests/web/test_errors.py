"""What an HTTP client is told about an error."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from screening.domain import errors
from screening.web.errors import PROBLEMS, problem, problem_type


def test_a_problem_names_the_condition_and_never_more() -> None:
    body = problem(errors.CaseClaimed("another reader is working on this case"))
    assert body == {
        "type": "urn:secondread:problem:case_claimed",
        "title": "Case claimed by another reader",
        "status": 423,
        "detail": "another reader is working on this case",
        "code": "case_claimed",
    }


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InvalidInput("x"), 422),
        (errors.CaseNotFound("x"), 404),
        (errors.EventNotAllowed("x"), 409),
        (errors.Blinded("x"), 403),
        (errors.UnusableImage("no_breast"), 422),
        (errors.StoreUnavailable("x"), 503),
        (errors.SecondReadError("x"), 500),
    ],
)
def test_a_status_says_who_can_help(error: errors.SecondReadError, status: int) -> None:
    assert problem(error)["status"] == status


def test_an_error_without_a_row_answers_like_its_parent_under_its_own_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "screening.web.errors.PROBLEMS", {kind: row for kind, row in PROBLEMS.items() if kind is not errors.CaseHeld}
    )
    assert problem_type(errors.CaseHeld("x")) is PROBLEMS[errors.Conflict]
    assert problem(errors.CaseHeld("x"))["code"] == "case_held"


def test_every_status_is_an_error_status_and_titles_are_distinct() -> None:
    assert all(kind.status >= HTTPStatus.BAD_REQUEST for kind in PROBLEMS.values())
    assert len({kind.title for kind in PROBLEMS.values()}) == len(PROBLEMS)
