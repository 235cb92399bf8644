"""What a script is told about an error."""

from __future__ import annotations

import pytest

from screening.app.exit_codes import EXIT_CODES, MEANINGS, ExitCode, exit_code
from screening.domain import errors


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.IncompleteOpinion("x"), 2),
        (errors.CaseNotFound("x"), 3),
        (errors.ReaderNotIndependent("x"), 4),
        (errors.ObjectionStands("x"), 5),
        (errors.UnusableImage("no_breast"), 6),
        (errors.StoreUnavailable("x"), 7),
        (errors.LedgerBroken("x"), 8),
        (errors.ModelUnusable("x"), 9),
        (errors.ReportInvalid("x"), 10),
        (errors.SecondReadError("x"), 70),
    ],
)
def test_the_status_names_the_family(error: errors.SecondReadError, status: int) -> None:
    assert exit_code(error) == status


def test_no_error_ends_like_success_or_like_an_empty_result() -> None:
    assert not {ExitCode.DONE, ExitCode.NOTHING_USABLE} & set(EXIT_CODES.values())


def test_every_status_has_its_line_for_people() -> None:
    assert set(MEANINGS) == set(ExitCode)
