"""Which stored studies are the service's own self-tests: a condition for every query that counts or lists women."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute

from screening.domain.selftest import SELFTEST
from screening.store.tables import PersonRow, StudyRow


def of_women(study_uid: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """True for rows whose study is not a self-test; one look-up by person, whatever the table holds."""
    return study_uid.not_in(
        select(StudyRow.study_instance_uid)
        .join(PersonRow, PersonRow.id == StudyRow.person_id)
        .where(PersonRow.issuer == SELFTEST.issuer, PersonRow.value == SELFTEST.value)
    )
