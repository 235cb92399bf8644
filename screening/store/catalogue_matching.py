"""Attribute matching of PS3.4 C.2.2.2 as SQL that means the same on SQLite and PostgreSQL.

Names match without regard to case (letters beyond ASCII on PostgreSQL only), everything else as written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, case, func, select, true
from sqlalchemy.orm import aliased

from screening.store.catalogue_table import CatalogueRow
from screening.store.tables import ParticipantRow, PersonRow, StudyRow
from screening.workflow.catalogue_ports import Condition, Days, Key, Match, OneOf, Times, Wildcard

_FULL_NAME: Final = case(
    (ParticipantRow.given == "", ParticipantRow.family), else_=ParticipantRow.family + "^" + ParticipantRow.given
)
"""A name as it is asked for (PS3.5 6.2.1.2), in the two components that are kept."""

_COLUMNS: Final[dict[Key, SQLColumnExpression[Any]]] = {
    Key.STUDY_DATE: StudyRow.study_date,
    Key.STUDY_TIME: StudyRow.study_time,
    Key.ACCESSION_NUMBER: StudyRow.accession_number,
    Key.REFERRING_PHYSICIAN: StudyRow.referring_physician,
    Key.PATIENT_NAME: _FULL_NAME,
    Key.PATIENT_ID: PersonRow.value,
    Key.ISSUER: PersonRow.issuer,
    Key.STUDY_UID: StudyRow.study_instance_uid,
    Key.STUDY_ID: StudyRow.study_id,
    Key.MODALITY: CatalogueRow.modality,
    Key.SERIES_UID: CatalogueRow.series_instance_uid,
    Key.SERIES_NUMBER: CatalogueRow.series_number,
    Key.PERFORMED_DATE: CatalogueRow.performed_on,
    Key.PERFORMED_TIME: CatalogueRow.performed_time,
    Key.SCHEDULED_STEP: CatalogueRow.scheduled_step_id,
    Key.REQUESTED_PROCEDURE: CatalogueRow.requested_procedure_id,
    Key.SOP_CLASS: CatalogueRow.sop_class_uid,
    Key.SOP_UID: CatalogueRow.sop_instance_uid,
    Key.INSTANCE_NUMBER: CatalogueRow.instance_number,
}
_NAMES: Final = frozenset({Key.PATIENT_NAME, Key.REFERRING_PHYSICIAN})
_NUMBERS: Final = frozenset({Key.SERIES_NUMBER, Key.INSTANCE_NUMBER})


def matching(match: Match, sqlite: bool) -> ColumnElement[bool]:
    """The condition on rows of catalogue, study, person and participant, for SQLite or for PostgreSQL."""
    if match.key is Key.MODALITIES_IN_STUDY:
        return _in_study(match.condition, sqlite)
    return _holds(_COLUMNS[match.key], match, sqlite)


def _holds(column: SQLColumnExpression[Any], match: Match, sqlite: bool) -> ColumnElement[bool]:
    name = match.key in _NAMES
    match match.condition:
        case OneOf(values) if match.key in _NUMBERS:
            return column.in_([int(value) for value in values])
        case OneOf(values):
            return func.lower(column).in_([func.lower(value) for value in values]) if name else column.in_(values)
        case Wildcard(pattern):
            return (
                _like(func.lower(column), func.lower, pattern, sqlite) if name else _like(column, str, pattern, sqlite)
            )
        case Days(first, last):
            return and_(column >= first if first else true(), column <= last if last else column.is_not(None))
        case Times(first, last):
            return _within(column, first, last)


def _in_study(condition: Condition, sqlite: bool) -> ColumnElement[bool]:
    """Whether any instance of the study has such a modality."""
    other = aliased(CatalogueRow)
    if isinstance(condition, Wildcard):
        wanted = _like(other.modality, str, condition.pattern, sqlite)
    else:
        wanted = other.modality.in_(condition.values if isinstance(condition, OneOf) else ())
    return select(other.arrival).where(other.study_instance_uid == CatalogueRow.study_instance_uid, wanted).exists()


def _like(
    column: SQLColumnExpression[Any], fold: Callable[[str], Any], pattern: str, sqlite: bool
) -> ColumnElement[bool]:
    """`*` and `?` with case counting: SQLite's LIKE ignores it, its GLOB knows one special character more."""
    if sqlite:
        return column.op("GLOB", is_comparison=True)(fold(pattern.replace("[", "[[]")))
    escaped = pattern.translate({ord(special): f"\\{special}" for special in "\\%_"})
    return column.like(fold(escaped.replace("*", "%").replace("?", "_")), escape="\\")


def _within(column: SQLColumnExpression[Any], first: str, last: str) -> ColumnElement[bool]:
    """Times of day, to the second; what is stored may be cut short or carry the colons of old."""
    stored = func.substr(func.replace(column, ":", "") + "000000", 1, 6)
    return and_(column != "", stored >= (first or "000000"), stored <= (last or "999999"))
