"""The one place where identity is written and read back; everything else refers to it by number."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from screening.domain.identifiers import Participant, PersonId
from screening.store.inserts import insert_once
from screening.store.mapping import participant_of
from screening.store.tables import ParticipantRow, PersonRow


class People:
    """Persons by issuer and id, and their spellings."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, person: PersonId) -> int | None:
        """Number of a known person."""
        return self._session.scalar(
            select(PersonRow.id).where(PersonRow.issuer == person.issuer, PersonRow.value == person.value)
        )

    def person(self, person: PersonId) -> int:
        """Number of this person, given out on first sight."""
        found = self.find(person)
        if found is None:
            insert_once(self._session, PersonRow, issuer=person.issuer, value=person.value)
            found = self.find(person)
        if found is None:
            raise LookupError("a person just written is not found")
        return found

    def participant(self, participant: Participant) -> tuple[int, int]:
        """Numbers of person and spelling, given out on first sight."""
        person_id = self.person(participant.person)
        values = {
            "person_id": person_id,
            "family": participant.family,
            "given": participant.given,
            "birth_date": participant.birth_date,
            "sex": participant.sex,
        }
        same = select(ParticipantRow.id).filter_by(**values)
        found = self._session.scalar(same)
        if found is None:
            insert_once(self._session, ParticipantRow, **values)
            found = self._session.scalars(same).one()
        return person_id, found

    def read(self, participant_id: int) -> Participant:
        """The participant with this number."""
        query = (
            select(PersonRow, ParticipantRow)
            .join(ParticipantRow, ParticipantRow.person_id == PersonRow.id)
            .where(ParticipantRow.id == participant_id)
        )
        person, participant = self._session.execute(query).one()
        return participant_of(person, participant)
