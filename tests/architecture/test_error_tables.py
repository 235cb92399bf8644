"""Every error has a row in the table of every border, and its code is stable and its own."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TypeGuard

import pytest

from screening.domain.errors import SecondReadError, all_errors

BORDERS = {
    "HTTP": "screening.web.errors",
    "command line": "screening.app.exit_codes",
    "DIMSE": "screening.dicom.status",
    "jobs": "screening.store.job_retries",
    "OperationOutcome": "fhir_gateway.fhir.outcome",
    "HL7 v2 ACK": "fhir_gateway.hl7v2.ack",
}
"""Where errors leave the house, and the module that holds the one table of that border, by class or by code."""

OURS = all_errors()


def rows(module: str) -> set[str]:
    """Codes that have a row in the table of this module."""
    tables = [value for value in vars(importlib.import_module(module)).values() if _is_error_table(value)]
    assert len(tables) == 1, f"{module} holds one table of errors"
    return {_code(key) for key in tables[0]}


def _is_error_table(value: object) -> TypeGuard[Mapping[object, object]]:
    return isinstance(value, Mapping) and bool(value) and any(_code(key) == SecondReadError.code for key in value)


def _code(key: object) -> str:
    return key.code if isinstance(key, type) and issubclass(key, SecondReadError) else str(key)


@pytest.mark.parametrize("border", BORDERS)
def test_every_error_has_a_row_at_this_border(border: str) -> None:
    codes = {cls.code for cls in OURS}
    found = rows(BORDERS[border])
    assert codes - found == set()
    assert found - codes == set(), "a row without its error"


def test_codes_are_distinct_and_stable_in_form() -> None:
    codes = [cls.code for cls in OURS]
    assert len(codes) == len(set(codes))
    assert all(code.replace("_", "").isalpha() and code.islower() for code in codes)


def test_every_error_says_what_it_means() -> None:
    assert all(cls.__doc__ for cls in OURS)


def test_the_root_comes_first_and_parents_before_children() -> None:
    order = list(all_errors())
    assert order[0] is SecondReadError
    assert all(order.index(cls.__mro__[1]) < order.index(cls) for cls in order[1:])
