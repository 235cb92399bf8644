"""Every error has a row in the table of every border, and its code is stable and its own."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeGuard

import pytest

from screening.domain.errors import SecondReadError, all_errors


@dataclass(frozen=True)
class Border:
    """Where errors leave the house, and the module that holds its one table keyed by error class."""

    title: str
    module: str

    @property
    def exists(self) -> bool:
        """Whether the room is built."""
        try:
            return importlib.util.find_spec(self.module) is not None
        except ModuleNotFoundError:
            return False

    def rows(self) -> set[str]:
        """Codes that have a row."""
        tables = [value for value in vars(importlib.import_module(self.module)).values() if _is_error_table(value)]
        assert len(tables) == 1, f"{self.module} holds one table of errors"
        return {error.code for error in tables[0]}


def _is_error_table(value: object) -> TypeGuard[Mapping[type[SecondReadError], object]]:
    if not isinstance(value, Mapping) or not value:
        return False
    return all(isinstance(key, type) and issubclass(key, SecondReadError) for key in value)


BORDERS = (
    Border("HTTP", "screening.web.errors"),
    Border("command line", "screening.app.exit_codes"),
    Border("DIMSE", "screening.dicom.status"),
    Border("jobs", "screening.store.job_retries"),
    Border("OperationOutcome", "fhir_gateway.fhir.outcome"),
    Border("HL7 v2 ACK", "fhir_gateway.hl7v2.ack"),
)
OURS = tuple(cls for cls in all_errors() if cls.__module__ == SecondReadError.__module__)


@pytest.mark.parametrize("border", BORDERS, ids=lambda border: border.title)
def test_every_error_has_a_row_at_this_border(border: Border) -> None:
    if not border.exists:
        pytest.skip(f"{border.module} is not built yet")
    codes = {cls.code for cls in OURS}
    assert codes - border.rows() == set()
    assert border.rows() - codes == set(), "a row without its error"


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
