"""The service's own exam: how a synthetic exam that proves the live route is told from an exam of a woman.

Its images come from a phantom and its person is nobody, so that worklists, audits, statistics, deliveries, exports and
priors leave it out. Issuer and identifier must both match: no woman's exam is ever taken for one by accident.
"""

from __future__ import annotations

from typing import Final

from screening.domain.identifiers import PersonId

ISSUER: Final = "SECONDREAD-SELFTEST"
"""Issuer of Patient ID (0010,0021) that nobody but this service gives out."""

SELFTEST: Final = PersonId(ISSUER, "SELFTEST")
"""Nobody: the person of every self-test exam."""


def is_selftest(person: PersonId) -> bool:
    """Whether an exam of this person is the service's own.

    >>> is_selftest(PersonId("SECONDREAD-SELFTEST", "SELFTEST")), is_selftest(PersonId("HOSPITAL", "SELFTEST"))
    (True, False)
    """
    return person == SELFTEST


PASSED: Final = "selftest-passed"
"""Who ends the case of a self-test that went all the way."""

FAILED: Final = "selftest-failed"
"""Who ends the case of a self-test that did not."""
