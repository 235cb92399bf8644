"""Who and what may leave for research, under which names, and on which days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.app.compose import Service
from screening.app.research import research_objections
from screening.domain.episode import Episode, EpisodeRow
from screening.domain.events import Objection, ObjectionRecorded
from screening.domain.identifiers import CaseId, EpisodeId, PersonId, SopInstanceUid, StudyInstanceUid
from screening.domain.selftest import SELFTEST
from screening.workflow.amend_case import amend_case
from screening.workflow.open_case import open_case
from screening.workflow.ports import ReadInstance
from screening.workflow.pseudonyms import LEAST_SHIFT_DAYS, MOST_SHIFT_DAYS, Pseudonyms
from screening.workflow.research_export import OLDEST, ExportPlan, plan_export, research_rows
from tests.services import FAMILY, GIVEN, PATIENT_ID, instances, make_service

NAMES = Pseudonyms(b"a secret of these tests")
ANNA, BEA, CLEO = (PersonId("TEST", name) for name in ("SYN-ANNA-1", "SYN-BEA-2", "SYN-CLEO-3"))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = make_service(tmp_path)
    yield made
    made.close()


def exam(service: Service, number: int, person: PersonId, day: date = date(2026, 1, 5), age: int = 60) -> CaseId:
    """An exam of a woman on a day, with its case."""
    study = f"1.2.840.{number}"
    with service.units() as uow:
        for instance in instances(study, f"ACC-{number}"):
            uow.exams.register(of(instance, person, day, age), service.clock.now())
        case = open_case(uow, StudyInstanceUid(study), service.policy, "Unit Noordzee", service.clock.now())
    assert case is not None
    return case


def of(instance: ReadInstance, person: PersonId, day: date, age: int) -> ReadInstance:
    woman = replace(instance.header.participant, person=person)
    return replace(instance, header=replace(instance.header, participant=woman, study_date=day, age_years=age))


def planned(service: Service) -> tuple[ExportPlan, list[EpisodeRow]]:
    """The plan and the rows of everything in the store."""
    with research_objections(service.settings) as objections, service.units() as uow:
        plan = plan_export(uow, objections, NAMES)
        return plan, list(research_rows(uow, plan, NAMES))


def test_the_exams_of_a_woman_share_a_pseudonym_and_keep_their_distance(service: Service) -> None:
    days = (date(2022, 1, 5), date(2024, 2, 29), date(2026, 1, 5))
    for number, day in enumerate(days):
        exam(service, number, ANNA, day)
    exam(service, 9, BEA)
    plan, rows = planned(service)
    assert {e.subject.pseudonym for e in plan.exams} == {NAMES.woman(ANNA), NAMES.woman(BEA)}
    moved = sorted(row.screened_on for row in rows if row.screened_on and NAMES.woman(ANNA) in row.episode)
    assert [later - moved[0] for later in moved] == [later - days[0] for later in days]
    assert moved[0] - days[0] == NAMES.shift(ANNA)


def test_rows_hold_pseudonyms_and_nothing_that_they_stand_for(service: Service) -> None:
    case = exam(service, 1, ANNA, age=97)
    plan, (row,) = planned(service)
    text = repr(row)
    assert row.age_years == OLDEST
    assert (row.case, row.unit) == (NAMES.name("case", case), NAMES.name("unit", "Unit Noordzee"))
    assert plan.exams[0].cases == (row.case,)
    for secret in (ANNA.value, FAMILY, GIVEN, PATIENT_ID, "Noordzee", "ACC-1", "2026-01-05", "2026, 1, 5", case):
        assert secret not in text
        assert secret not in repr(plan.exams[0].subject)


@pytest.mark.parametrize("where", ["case", "episode", "other episode"])
def test_a_woman_who_objected_anywhere_is_left_out_wholly(service: Service, where: str) -> None:
    case = exam(service, 1, ANNA, date(2024, 1, 5))
    exam(service, 2, ANNA)
    exam(service, 3, BEA)
    with service.units() as uow:
        if where == "case":
            amend_case(uow, service.clock, case, ObjectionRecorded(Objection.NO_RESEARCH), "desk")
        else:
            objections = frozenset({Objection.NO_RESEARCH})
            name = uow.cases.list()[0].episode if where == "episode" else EpisodeId("announced, not screened yet")
            uow.exams.save_episode(Episode(name, ANNA, 3, None, "unit-a", objections=objections))
    plan, rows = planned(service)
    assert [e.subject.pseudonym for e in plan.exams] == [NAMES.woman(BEA)]
    assert len(rows) == 1
    assert (plan.left_out.women_objected, plan.left_out.exams_objected) == (1, 2)


@pytest.mark.parametrize("other", [Objection.NO_AI, Objection.NO_SHARING])
def test_another_objection_says_nothing_about_research(service: Service, other: Objection) -> None:
    with service.units() as uow:
        uow.exams.save_episode(Episode(EpisodeId("e"), ANNA, 1, None, "unit-a", objections=frozenset({other})))
    exam(service, 1, ANNA)
    assert len(planned(service)[0].exams) == 1


def test_who_cannot_be_told_and_who_is_nobody_stay_here(service: Service) -> None:
    exam(service, 1, PersonId("TEST", ""))
    exam(service, 2, SELFTEST)
    exam(service, 3, CLEO)
    with service.units() as uow:
        twin = of(instances("1.2.840.3", "ACC-3")[0], BEA, date(2026, 1, 5), 60)
        stranger = replace(twin.content, sop_instance_uid=SopInstanceUid("1.2.840.3.77"))
        uow.exams.register(replace(twin, content=stranger), service.clock.now())
    plan, rows = planned(service)
    assert not plan.exams
    assert not rows
    assert (plan.left_out.exams_without_patient_id, plan.left_out.exams_in_quarantine) == (1, 1)


PEOPLE = st.builds(PersonId, st.text(max_size=8), st.text(min_size=1, max_size=12))
SECRETS = st.binary(min_size=32, max_size=32)


@given(SECRETS, PEOPLE, PEOPLE)
def test_pseudonyms_are_lasting_and_tell_women_apart(secret: bytes, one: PersonId, other: PersonId) -> None:
    names, again = Pseudonyms(secret), Pseudonyms(secret)
    assert names.woman(one) == again.woman(one)
    assert names.shift(one) == again.shift(one)
    assert (names.woman(one) == names.woman(other)) == (one == other)
    assert timedelta(days=-MOST_SHIFT_DAYS) <= names.shift(one) <= timedelta(days=-LEAST_SHIFT_DAYS)
    assert names.woman(one).isalnum()
    assert len(names.woman(one)) == 17


@given(SECRETS, SECRETS, st.text(min_size=1))
def test_another_secret_gives_other_names(one: bytes, other: bytes, value: str) -> None:
    first, second = Pseudonyms(one), Pseudonyms(other)
    same = one == other
    assert (first.fingerprint == second.fingerprint) == same
    assert (first.uid(value) == second.uid(value)) == same
    assert (first.name("unit", value) == second.name("unit", value)) == same


@given(SECRETS, st.text())
def test_a_new_uid_is_a_legal_one_and_never_taken_for_ours(secret: bytes, original: str) -> None:
    uid = Pseudonyms(secret).uid(original)
    root, arc, number = uid.split(".")
    assert (root, arc) == ("2", "25")
    assert len(uid) <= 64
    assert number == str(int(number))
