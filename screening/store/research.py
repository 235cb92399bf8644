"""Who objected to what, from episodes and from cases: the one thing research asks of the store as a whole."""

from __future__ import annotations

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from screening.domain.events import Objection, ObjectionRecorded
from screening.domain.identifiers import PersonId
from screening.store.documents import OBJECTIONS, read_fact
from screening.store.tables import CaseEventRow, CaseRow, EpisodeRecordRow, PersonRow, StudyRow


class SqlObjections:
    """Reads objections from one database; keeps nothing between calls."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def objecting(self, objection: Objection) -> frozenset[PersonId]:
        """Women with this objection in an episode, announced or screened, or recorded in a case of theirs."""
        with Session(self._engine) as session:
            numbers = _in_episodes(session, objection) | _in_cases(session, objection)
            people = session.execute(select(PersonRow.id, PersonRow.issuer, PersonRow.value))
            return frozenset(PersonId(issuer, value) for number, issuer, value in people if number in numbers)


def _in_episodes(session: Session, objection: Objection) -> set[int]:
    rows = session.execute(select(EpisodeRecordRow.person_id, EpisodeRecordRow.objections))
    return {person for person, objections in rows if objection in OBJECTIONS.read(objections)}


def _in_cases(session: Session, objection: Objection) -> set[int]:
    """The women of the study and of the episode of every case in which it was recorded."""
    rows = session.execute(
        select(CaseEventRow.document, StudyRow.person_id, EpisodeRecordRow.person_id)
        .join(CaseRow, CaseRow.case_id == CaseEventRow.case_id)
        .outerjoin(StudyRow, StudyRow.study_instance_uid == CaseRow.study_instance_uid)
        .outerjoin(EpisodeRecordRow, EpisodeRecordRow.episode == CaseRow.episode)
        .where(CaseEventRow.kind == ObjectionRecorded.__name__)
    )
    recorded = ObjectionRecorded(objection)
    found = [people for document, *people in rows if read_fact(ObjectionRecorded.__name__, document) == recorded]
    return {person for people in found for person in people if person is not None}
