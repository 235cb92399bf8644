"""Query parameters mean what PS3.18 says, and what they do not say is refused without being quoted."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.dicom.web.query import MOST, NOT_FUZZY, Level, parse_search
from screening.domain.errors import InvalidInput
from screening.workflow.catalogue_ports import Condition, Days, Key, Match, OneOf, Times, Wildcard

DAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("name", "value", "key", "condition"),
    [
        ("StudyDate", "20260302", Key.STUDY_DATE, Days(DAY, DAY)),
        ("StudyDate", "20260302-", Key.STUDY_DATE, Days(DAY, None)),
        ("00080020", "-20260302", Key.STUDY_DATE, Days(None, DAY)),
        ("StudyTime", "0915", Key.STUDY_TIME, Times("091500", "091599")),
        ("StudyTime", "09-101530.5", Key.STUDY_TIME, Times("090000", "101530")),
        ("PatientID", " 4711 ", Key.PATIENT_ID, OneOf(("4711",))),
        ("00100020", "47*1?", Key.PATIENT_ID, Wildcard("47*1?")),
        ("PatientName", "Jansen^^", Key.PATIENT_NAME, OneOf(("Jansen",))),
        ("StudyInstanceUID", "1.2,1.3\\1.4", Key.STUDY_UID, OneOf(("1.2", "1.3", "1.4"))),
        ("ModalitiesInStudy", "MG,SR", Key.MODALITIES_IN_STUDY, OneOf(("MG", "SR"))),
        ("SeriesNumber", "+3", Key.SERIES_NUMBER, OneOf(("+3",))),
        ("00400275.00400009", "S-1", Key.SCHEDULED_STEP, OneOf(("S-1",))),
        ("RequestAttributesSequence.RequestedProcedureID", "P", Key.REQUESTED_PROCEDURE, OneOf(("P",))),
    ],
)
def test_an_attribute_is_matched_by_its_kind(name: str, value: str, key: Key, condition: Condition) -> None:
    assert parse_search([(name, value)], Level.INSTANCE).query.matches == (Match(key, condition),)


@pytest.mark.parametrize("value", ["", "*", "**", "  "])
def test_no_value_matches_everything(value: str) -> None:
    assert parse_search([("PatientID", value)], Level.STUDY).query.matches == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("Nonsense", "1"), ("00091001", "1"), ("PatientWeight", "60"), ("", "1"), ("PatientID.PatientName", "x")),
        *(("StudyDate", "2026"), ("StudyDate", "20260230"), ("StudyDate", "-"), ("StudyDate", "20260101-x")),
        *(("StudyTime", "9"), ("StudyTime", "-"), ("StudyTime", "abc"), ("StudyTime", "0915-\u0663\u0663")),
        *(("StudyInstanceUID", "1.2*"), ("StudyInstanceUID", "1.2,,1.3"), ("StudyInstanceUID", "1 2")),
        *(("PatientID", "a\x00b"), ("PatientID", "\ud800"), ("Modality", "MG"), ("SOPInstanceUID", "1.2")),
        *(("limit", "-1"), ("limit", "ten"), ("limit", "9" * 40), ("offset", "99999999999"), ("offset", "\u0663")),
        *(("fuzzymatching", "yes"), ("includefield", "Nonsense")),
    ],
)
def test_what_is_not_understood_is_refused_and_not_quoted(name: str, value: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_search([(name, value)], Level.STUDY)
    assert len(value) < 3 or value not in str(refused.value)


@pytest.mark.parametrize("value", ["x", "2147483648", "1.5", "\u0663"])
def test_a_number_out_of_its_range_is_refused(value: str) -> None:
    with pytest.raises(InvalidInput):
        parse_search([("InstanceNumber", value)], Level.INSTANCE)


def test_an_attribute_given_twice_is_refused_also_when_the_path_gave_it() -> None:
    within = [Match(Key.STUDY_UID, OneOf(("1.2",)))]
    with pytest.raises(InvalidInput):
        parse_search([("PatientID", "1"), ("00100020", "2")], Level.STUDY)
    with pytest.raises(InvalidInput):
        parse_search([("StudyInstanceUID", "1.3")], Level.SERIES, within)


def test_pages_and_warnings() -> None:
    search = parse_search([("limit", "100000"), ("offset", "7"), ("fuzzymatching", "true")], Level.STUDY)
    assert (search.query.limit, search.query.offset, search.warnings) == (MOST, 7, (NOT_FUZZY,))
    assert parse_search([("fuzzymatching", "false"), ("limit", "3")], Level.STUDY).query.limit == 3


def test_fields_of_a_lower_level_are_never_included() -> None:
    wanted = [("includefield", "StudyDescription,0008103E"), ("includefield", "ViewPosition")]
    assert parse_search(wanted, Level.STUDY).included.study == ("StudyDescription",)
    assert parse_search(wanted, Level.STUDY).included.series == ()
    assert parse_search(wanted, Level.SERIES).included.series == ("SeriesDescription",)
    assert parse_search(wanted, Level.INSTANCE).included.instance == ("ViewPosition",)
    assert parse_search([("includefield", "all")], Level.SERIES).included.instance == ()


@given(st.lists(st.tuples(st.sampled_from([*Key, "limit", "includefield"]).map(str), st.text(max_size=12)), max_size=3))
def test_any_parameters_are_a_search_or_refused(parameters: list[tuple[str, str]]) -> None:
    for level in Level:
        try:
            parse_search(parameters, level)
        except InvalidInput:
            continue
