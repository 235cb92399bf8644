"""Studies come back as they were received, and nothing doubtful gets in unseen."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import date
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session

from screening.domain.errors import NotFound
from screening.domain.events import Objection
from screening.domain.identifiers import EpisodeId, StudyInstanceUid
from screening.domain.quality import ReasonCode
from screening.store.exams import SqlExams
from screening.store.uow import SqlUnits
from screening.workflow.ports import Registered
from tests.store.samples import (
    NOW,
    OTHER_WOMAN,
    STUDY,
    WOMAN,
    digest,
    episode,
    header,
    image,
    other_issuer,
    other_object,
    other_spelling,
    received,
)


def test_a_study_comes_back_with_everything_received_in_order(units: SqlUnits) -> None:
    first, second, dose = image("1.2.3.6"), image("1.2.3.5", content="b"), other_object()
    with units() as uow:
        outcomes = [uow.exams.register(received(content), NOW) for content in (first, second, dose)]
    with units() as uow:
        study = uow.exams.study(STUDY)
    assert outcomes == [Registered.NEW] * 3
    assert study.header == header()
    assert study.images == (first, second)
    assert study.others == (dose,)
    assert study.quarantine is None


def test_the_same_instance_again_changes_nothing(units: SqlUnits) -> None:
    with units() as uow:
        uow.exams.register(received(image()), NOW)
    with units() as uow:
        assert uow.exams.register(received(image()), NOW) is Registered.KNOWN
        assert uow.exams.study(STUDY).images == (image(),)
        assert uow.exams.quarantined() == []


def test_other_bytes_under_a_known_uid_are_kept_aside(units: SqlUnits) -> None:
    with units() as uow:
        uow.exams.register(received(image(content="a")), NOW)
        assert uow.exams.register(received(image(content="b")), NOW) is Registered.DUPLICATE_DIFFERS
        assert uow.exams.register(received(image(content="b")), NOW) is Registered.DUPLICATE_DIFFERS
    with units() as uow:
        assert uow.exams.study(STUDY).images == (image(content="a"),)
        assert uow.exams.study(STUDY).quarantine is None
        assert uow.exams.quarantined() == [(digest("b"), ReasonCode.DUPLICATE_DIFFERS, STUDY)]


def test_two_patients_in_one_study_quarantine_the_whole_study(units: SqlUnits) -> None:
    with units() as uow:
        uow.exams.register(received(image("1.2.3.4")), NOW)
        uow.exams.register(received(image("1.2.3.5", content="b"), OTHER_WOMAN), NOW)
    with units() as uow:
        study = uow.exams.study(STUDY)
        assert study.quarantine is ReasonCode.TWO_PATIENTS
        assert study.header.participant == WOMAN
        assert study.images == (image("1.2.3.4"),)
        assert uow.exams.quarantined() == [(digest("b"), ReasonCode.TWO_PATIENTS, STUDY)]


def test_the_same_number_of_another_issuer_is_another_woman(units: SqlUnits) -> None:
    with units() as uow:
        uow.exams.register(received(image("1.2.3.4")), NOW)
        uow.exams.register(received(image("1.2.3.5", content="b"), other_issuer()), NOW)
        assert uow.exams.study(STUDY).quarantine is ReasonCode.TWO_PATIENTS


def test_senders_at_the_same_time_register_each_instance_once(units: SqlUnits) -> None:
    outcomes, start = Counter[Registered](), Barrier(4)

    def send() -> None:
        start.wait()
        for number in range(5):
            with units() as uow:
                outcomes[uow.exams.register(received(image(f"1.2.3.{number}", content=str(number))), NOW)] += 1

    threads = [Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == {Registered.NEW: 5, Registered.KNOWN: 15}
    with units() as uow:
        assert len(uow.exams.study(STUDY).images) == 5


def test_another_spelling_of_the_same_woman_is_no_second_patient(units: SqlUnits) -> None:
    with units() as uow:
        uow.exams.register(received(image("1.2.3.4")), NOW)
        uow.exams.register(received(image("1.2.3.5", content="b"), other_spelling()), NOW)
        assert uow.exams.study(STUDY).quarantine is None
        assert len(uow.exams.study(STUDY).images) == 2


def test_the_latest_earlier_study_of_the_same_woman_is_the_prior(units: SqlUnits) -> None:
    days = {"1.9.1": date(2022, 3, 1), "1.9.2": date(2024, 3, 1), "1.9.3": date(2026, 3, 2), "1.9.4": date(2026, 4, 1)}
    with units() as uow:
        for number, (uid, day) in enumerate(days.items()):
            content = image(f"1.8.{number}", StudyInstanceUid(uid), uid)
            uow.exams.register(received(content, other_spelling() if number == 1 else WOMAN, day), NOW)
        stranger = image("1.8.9", StudyInstanceUid("1.9.9"), "stranger")
        uow.exams.register(received(stranger, OTHER_WOMAN, date(2025, 1, 1)), NOW)
    with units() as uow:
        priors = {uid: uow.exams.latest_prior(uow.exams.study(StudyInstanceUid(uid))) for uid in [*days, "1.9.9"]}
        assert uow.exams.studies() == [*days, "1.9.9"]
    assert priors == {"1.9.1": None, "1.9.2": "1.9.1", "1.9.3": "1.9.2", "1.9.4": "1.9.3", "1.9.9": None}


def test_the_prior_is_looked_up_by_index_however_many_studies_there_are(engine: Engine, units: SqlUnits) -> None:
    """Neither the studies nor the women are gone through one by one."""
    with units() as uow:
        for n, day in enumerate((date(2022, 3, 1), date(2024, 3, 1)), 1):
            content = image(f"1.8.{n}", StudyInstanceUid(f"1.9.{n}"), str(n))
            uow.exams.register(received(content, WOMAN, day), NOW)
        study = uow.exams.study(StudyInstanceUid("1.9.2"))
    with Session(engine) as session:
        plans = explained(session, lambda: SqlExams(session).latest_prior(study))
    assert len(plans) == 2, "the woman, then her studies"
    for plan in plans:
        assert re.search(r"SEARCH|Index", plan), plan
        assert not re.search(r"\bSCAN\b|Seq Scan", plan), plan
    assert "ix_studies_person_id_study_date" in plans[1]


def explained(session: Session, look_up: Callable[[], object]) -> list[str]:
    """The plan of every query of a look-up; few rows would make PostgreSQL read them all, so that is forbidden it."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL enable_seqscan = off"))
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, given: Any, _context: Any, _many: Any) -> None:
        asked.append((statement, given))

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    look_up()
    event.remove(connection, "before_cursor_execute", note)
    word = "EXPLAIN" if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    return ["\n".join(map(str, connection.exec_driver_sql(f"{word} {sql}", given))) for sql, given in asked]


def test_a_study_without_a_date_has_no_prior(units: SqlUnits) -> None:
    with units() as uow:
        uow.exams.register(received(image("1.8.1", StudyInstanceUid("1.9.1"), "a"), WOMAN, date(2020, 1, 1)), NOW)
        uow.exams.register(received(image(content="b"), WOMAN, None), NOW)
        assert uow.exams.latest_prior(uow.exams.study(STUDY)) is None


def test_a_refused_file_is_listed_once(units: SqlUnits) -> None:
    for _again in range(2):
        with units() as uow:
            uow.exams.refuse(digest("x"), ReasonCode.NOT_DICOM, NOW)
    with units() as uow:
        assert uow.exams.refusals() == [(digest("x"), ReasonCode.NOT_DICOM)]


def test_an_episode_is_inserted_then_updated(units: SqlUnits) -> None:
    objected = episode(objections=frozenset({Objection.NO_AI, Objection.NO_SHARING}))
    with units() as uow:
        uow.exams.save_episode(episode())
    with units() as uow:
        uow.exams.save_episode(objected)
    with units() as uow:
        assert uow.exams.episode(episode().episode) == objected


def test_what_is_not_there_is_not_found(units: SqlUnits) -> None:
    with units() as uow:
        with pytest.raises(NotFound):
            uow.exams.study(STUDY)
        with pytest.raises(NotFound):
            uow.exams.episode(EpisodeId("none"))
