"""Searches find exactly what a plain look at every instance finds, in pages, on both databases."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from itertools import product

import pytest
from alembic import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from screening.domain.identifiers import Participant, PersonId, SeriesInstanceUid, StudyInstanceUid
from screening.domain.quality import ReasonCode
from screening.domain.study import StudyHeader
from screening.store.catalogue import SqlCatalogue
from screening.store.migrate import alembic_config
from screening.store.uow import SqlUnits
from screening.workflow.catalogue_ports import (
    CatalogueQuery,
    Condition,
    Days,
    Filing,
    Key,
    Match,
    OneOf,
    Times,
    Wildcard,
)
from screening.workflow.ports import ReadInstance
from tests.store.samples import NOW, OTHER_WOMAN, digest, image, other_object, received

NAMES = ("Jansen", "JANSEN", "de Vries", "Smith_Jones", "100%", "a[b]c", "back\\slash", "O'Neil", "*", "?x")
TIMES = ("", "09", "0915", "091530", "091530.25", "09:15:31", "235959")
DAYS = (None, date(2026, 1, 31), date(2026, 2, 1), date(2026, 3, 2))
MODALITIES = ("MG", "SR", "MR", "")


def stored() -> list[ReadInstance]:
    """Twenty studies of one to three instances, no two filed alike."""
    found = []
    for number in range(20):
        uid = StudyInstanceUid(f"1.2.{number}")
        family, given_name = NAMES[number % len(NAMES)], ("", "Maria", "anna")[number % 3]
        woman = Participant(PersonId(("A", "B")[number % 2], f"{NAMES[number % 7]}-{number % 5}"), family, given_name)
        header = StudyHeader(
            *(uid, woman, NAMES[-number % len(NAMES)], DAYS[number % 4], TIMES[number % 7], "", None),
            study_id=str(number % 3),
            referring_physician=f"{NAMES[number % 4]}^x",
        )
        found += [_instance(header, number, place) for place in range(1 + number % 3)]
    return found


def _instance(header: StudyHeader, number: int, place: int) -> ReadInstance:
    content = replace(
        image(f"1.2.{number}.{place}", header.study_instance_uid, f"{number}-{place}"),
        series_instance_uid=SeriesInstanceUid(f"1.2.{number}.9{place // 2}"),
        sop_class_uid=f"1.2.840.{number % 3}",
    )
    filing = Filing(
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        modality=MODALITIES[(number + place) % 4],
        series_number=(None, 1, 2)[number % 3],
        instance_number=(place, None)[number % 2],
        performed_on=DAYS[(number + 1) % 4],
        performed_time=TIMES[(number + 2) % 7],
        scheduled_step_id=NAMES[number % 5],
        requested_procedure_id=NAMES[number % 3],
    )
    return ReadInstance(header, content, filing)


Values = Callable[[ReadInstance], object]

VALUES: dict[Key, Values] = {
    Key.STUDY_DATE: lambda i: i.header.study_date,
    Key.STUDY_TIME: lambda i: i.header.study_time,
    Key.ACCESSION_NUMBER: lambda i: i.header.accession_number,
    Key.REFERRING_PHYSICIAN: lambda i: i.header.referring_physician,
    Key.PATIENT_NAME: lambda i: f"{i.header.participant.family}^{i.header.participant.given}".removesuffix("^"),
    Key.PATIENT_ID: lambda i: i.header.person.value,
    Key.ISSUER: lambda i: i.header.person.issuer,
    Key.STUDY_UID: lambda i: i.header.study_instance_uid,
    Key.STUDY_ID: lambda i: i.header.study_id,
    Key.MODALITY: lambda i: i.filed.modality,
    Key.SERIES_UID: lambda i: i.content.series_instance_uid,
    Key.SERIES_NUMBER: lambda i: i.filed.series_number,
    Key.PERFORMED_DATE: lambda i: i.filed.performed_on,
    Key.PERFORMED_TIME: lambda i: i.filed.performed_time,
    Key.SCHEDULED_STEP: lambda i: i.filed.scheduled_step_id,
    Key.REQUESTED_PROCEDURE: lambda i: i.filed.requested_procedure_id,
    Key.SOP_CLASS: lambda i: i.content.sop_class_uid,
    Key.SOP_UID: lambda i: i.content.sop_instance_uid,
    Key.INSTANCE_NUMBER: lambda i: i.filed.instance_number,
}
FOLDED = {Key.PATIENT_NAME, Key.REFERRING_PHYSICIAN}
NUMBERS = {Key.SERIES_NUMBER, Key.INSTANCE_NUMBER}
RANGES = {Key.STUDY_DATE: Days, Key.PERFORMED_DATE: Days, Key.STUDY_TIME: Times, Key.PERFORMED_TIME: Times}
ALL = stored()

STUDY_KEYS = [key for key in Key if list(Key).index(key) <= list(Key).index(Key.STUDY_ID)]
SERIES_KEYS = [key for key in Key if list(Key).index(key) < list(Key).index(Key.SOP_CLASS)]


@st.composite
def matches(draw: st.DrawFn, keys: Sequence[Key]) -> Match:
    key = draw(st.sampled_from(keys))
    if RANGES.get(key) is Days:
        first, last = draw(st.sampled_from(DAYS)), draw(st.sampled_from(DAYS))
        return Match(key, Days(first, last))
    if RANGES.get(key) is Times:
        ends = st.sampled_from(["", "080000", "091500", "091530", "091531", "099999", "240000"])
        return Match(key, Times(draw(ends), draw(ends)))
    known = sorted({str(VALUES[key](item)) for item in ALL}) if key in VALUES else list(MODALITIES)
    if key in NUMBERS:
        return Match(key, OneOf((draw(st.sampled_from(["0", "1", "2", "7"])),)))
    value = draw(st.sampled_from(known))
    if draw(st.booleans()):
        return Match(key, OneOf((value, "nothing")))
    cut = draw(st.integers(0, len(value)))
    pattern = draw(st.sampled_from([f"{value[:cut]}*", f"*{value[cut:]}", f"{value[:cut]}?{value[cut + 1 :]}", "?*"]))
    return Match(key, Wildcard(pattern))


def holds(condition: Condition, value: object, key: Key) -> bool:
    """Attribute matching as PS3.4 C.2.2.2 words it."""
    match condition:
        case OneOf(wanted) if key in NUMBERS:
            return value is not None and str(value) in wanted
        case OneOf(wanted):
            return _folded(str(value), key) in {_folded(item, key) for item in wanted}
        case Wildcard(pattern):
            parts = {"*": ".*", "?": "."}
            expression = "".join(parts.get(letter) or re.escape(letter) for letter in _folded(pattern, key))
            return re.fullmatch(expression, _folded(str(value), key), re.DOTALL) is not None
        case Days(first, last):
            return isinstance(value, date) and (first or date.min) <= value <= (last or date.max)
        case Times(first, last):
            at = str(value).replace(":", "").split(".")[0].ljust(6, "0")
            return bool(value) and (first or "000000") <= at <= (last or "999999")


def _folded(value: str, key: Key) -> str:
    return value.lower() if key in FOLDED else value


def naive(query: CatalogueQuery, candidates: Sequence[ReadInstance]) -> list[ReadInstance]:
    def matched(item: ReadInstance, match: Match) -> bool:
        if match.key is not Key.MODALITIES_IN_STUDY:
            return holds(match.condition, VALUES[match.key](item), match.key)
        study = [other for other in ALL if other.header.study_instance_uid == item.header.study_instance_uid]
        return any(holds(match.condition, other.filed.modality, match.key) for other in study)

    found = [item for item in candidates if all(matched(item, match) for match in query.matches)]
    return found[query.offset : query.offset + query.limit]


def firsts(of: Callable[[ReadInstance], object]) -> list[ReadInstance]:
    """The first instance of each."""
    return list({of(item): item for item in reversed(ALL)}.values())[::-1]


def queries(keys: Sequence[Key]) -> st.SearchStrategy[CatalogueQuery]:
    few = st.lists(matches(keys), max_size=2).map(tuple)
    return st.builds(CatalogueQuery, few, st.integers(0, 30), st.integers(0, 10))


@pytest.fixture
def catalogue(engine: Engine, units: SqlUnits) -> SqlCatalogue:
    with units() as uow:
        for item in ALL:
            uow.exams.register(item, NOW)
    return SqlCatalogue(engine)


SEARCHES = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SEARCHES
@given(query=queries(list(Key)))
def test_instances_are_those_that_a_plain_look_finds(catalogue: SqlCatalogue, query: CatalogueQuery) -> None:
    found = [item.sop_instance_uid for item in catalogue.instances(query)]
    assert found == [item.content.sop_instance_uid for item in naive(query, ALL)]


@SEARCHES
@given(query=queries(SERIES_KEYS))
def test_series_are_judged_by_their_first_instance_and_counted_whole(
    catalogue: SqlCatalogue, query: CatalogueQuery
) -> None:
    expected = naive(query, firsts(lambda item: item.content.series_instance_uid))
    uids = [item.content.series_instance_uid for item in ALL]
    found = [(item.first.series_instance_uid, item.instances) for item in catalogue.series(query)]
    assert found == [(uid, uids.count(uid)) for uid in (item.content.series_instance_uid for item in expected)]


@SEARCHES
@given(query=queries(STUDY_KEYS))
def test_studies_are_those_that_a_plain_look_finds(catalogue: SqlCatalogue, query: CatalogueQuery) -> None:
    expected = naive(query, firsts(lambda item: item.header.study_instance_uid))
    found = catalogue.studies(query)
    assert [item.header for item in found] == [item.header for item in expected]
    for study in found:
        held = [item for item in ALL if item.header.study_instance_uid == study.header.study_instance_uid]
        assert study.instances == len(held)
        assert study.series == len({item.content.series_instance_uid for item in held})
        assert study.modalities == tuple(sorted({item.filed.modality for item in held} - {""}))


def test_pages_follow_one_another_without_gap(catalogue: SqlCatalogue) -> None:
    pages = [catalogue.instances(CatalogueQuery(limit=7, offset=offset)) for offset in range(0, len(ALL), 7)]
    assert [item.sop_instance_uid for page in pages for item in page] == [item.content.sop_instance_uid for item in ALL]


def test_a_hostile_value_is_a_value(catalogue: SqlCatalogue) -> None:
    for key, value in product((Key.PATIENT_ID, Key.STUDY_UID), ("' OR 1=1 --", "%", "_", "\\", "[a-z]")):
        assert catalogue.studies(CatalogueQuery((Match(key, OneOf((value,))),))) == []
        assert catalogue.studies(CatalogueQuery((Match(key, Wildcard(f"{value}?")),))) == []


def test_a_quarantined_study_and_what_could_not_be_read_are_not_found(engine: Engine, units: SqlUnits) -> None:
    unreadable = replace(
        other_object("1.9.1"), study_instance_uid=StudyInstanceUid("1.9"), reason=ReasonCode.UNREADABLE
    )
    with units() as uow:
        uow.exams.register(received(image()), NOW)
        uow.exams.register(received(image("1.2.3.8"), OTHER_WOMAN), NOW)
        uow.exams.register(received(unreadable), NOW)
    catalogue, everything = SqlCatalogue(engine), CatalogueQuery()
    for found in (catalogue.studies(everything), catalogue.series(everything), catalogue.instances(everything)):
        assert list(found) == []
    assert list(catalogue.located("1.2.3")) == list(catalogue.located("1.9")) == []


def test_other_bytes_under_a_known_uid_are_not_served(engine: Engine, units: SqlUnits) -> None:
    with units() as uow:
        uow.exams.register(received(image(content="a")), NOW)
        uow.exams.register(received(image(content="b")), NOW)
    assert [item.digest for item in SqlCatalogue(engine).located("1.2.3")] == [digest("a")]


def test_an_instance_is_located_only_below_its_own_series_and_study(catalogue: SqlCatalogue) -> None:
    assert [item.sop_instance_uid for item in catalogue.located("1.2.2", "1.2.2.90", "1.2.2.1")] == ["1.2.2.1"]
    assert catalogue.located("1.2.3", "1.2.2.90", "1.2.2.1") == []
    assert catalogue.located("1.2.2", "1.2.2.91", "1.2.2.1") == []
    assert len(catalogue.located("1.2.2")) == 3
    assert len(catalogue.located("1.2.2", most=1)) == 1


def test_what_was_stored_before_there_was_a_catalogue_is_filed_by_the_migration(
    engine: Engine, units: SqlUnits
) -> None:
    with units() as uow:
        uow.exams.register(received(image()), NOW)
        uow.exams.register(received(other_object()), NOW)
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), "0003")
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "head")
        assert connection.execute(text("SELECT count(*) FROM catalogue")).scalar_one() == 2
    (study,) = SqlCatalogue(engine).studies(CatalogueQuery())
    assert (study.instances, study.series, study.modalities) == (2, 2, ("MG",))
