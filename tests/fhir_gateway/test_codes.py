"""Every published code that may leave is a verified row of the project's code table."""

from __future__ import annotations

import csv
import os
import re
from typing import NamedTuple

import pytest

from fhir_gateway import codes
from fhir_gateway.codes import Code
from screening.domain.opinion import BiRads, FindingType, Quadrant
from tests.conftest import shared_root


class Row(NamedTuple):
    display: str
    status: str


@pytest.fixture(scope="module")
def table() -> dict[tuple[str, str], Row]:
    """Rows of the code table by system and code; a system's explanatory bracket is no part of its name."""
    path = shared_root() / "design" / "codes.csv"
    if not path.is_file():
        if os.environ.get("CI"):
            pytest.fail("the code table is missing in CI")
        pytest.skip("no code table here: set SECONDREAD_SHARED")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {(re.sub(r" \(.*\)$", "", row["system"]), row["code"]): Row(row["display"], row["status"]) for row in rows}


@pytest.mark.parametrize("code", sorted(codes.EMITTED, key=str), ids=lambda code: code.code)
def test_emitted_code_is_verified_and_named_as_in_the_table(code: Code, table: dict[tuple[str, str], Row]) -> None:
    row = table[code.system, code.code]
    assert row.status == ("verified-1-source" if code in codes.SINGLE_SOURCE else "verified")
    assert row.display == code.display


def test_no_doubtful_code_is_emitted(table: dict[tuple[str, str], Row]) -> None:
    doubtful = {key for key, row in table.items() if not row.status.startswith("verified") or "wrong" in row.status}
    assert doubtful
    assert not doubtful & {(code.system, code.code) for code in codes.EMITTED}


def test_bsn_system_is_in_the_table(table: dict[tuple[str, str], Row]) -> None:
    assert table[codes.BSN, ""].status == "verified"


def test_every_domain_word_has_a_code() -> None:
    assert set(codes.BIRADS) == set(BiRads)
    assert set(codes.FINDING) == set(FindingType)
    assert set(codes.QUADRANT) == set(Quadrant)
    assert set(codes.CLOCK_QUALIFIER) == set(codes.CLOCK_FINDING) == set(range(1, 13))


def test_no_code_stands_for_two_words_of_one_table() -> None:
    for table in (codes.BIRADS, codes.FINDING, codes.MORPHOLOGY, codes.CLOCK_QUALIFIER, codes.CLOCK_FINDING):
        assert len(set(table.values())) == len(table)
