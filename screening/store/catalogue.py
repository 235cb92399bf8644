"""The `Catalogue` port over SQL: searches of stored instances by attribute, every one of them with a limit.

Reads only, in transactions that never take SQLite's write lock, so that a search cannot hold up a sender.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Final

from sqlalchemy import ColumnElement, Engine, Row, Select, func, select
from sqlalchemy.orm import Session, aliased

from screening.domain.identifiers import FileDigest, SeriesInstanceUid, SopInstanceUid, StudyInstanceUid
from screening.store.catalogue_matching import matching
from screening.store.catalogue_table import CatalogueRow
from screening.store.mapping import header_of, participant_of
from screening.store.reading import reading
from screening.store.tables import ParticipantRow, PersonRow, StudyRow
from screening.workflow.catalogue_ports import (
    CataloguedInstance,
    CataloguedSeries,
    CataloguedStudy,
    CatalogueQuery,
    Filing,
    Located,
)

Found = Row[CatalogueRow, StudyRow, PersonRow, ParticipantRow]

Wanted = Select[CatalogueRow, StudyRow, PersonRow, ParticipantRow]

_SERVED: Final[Wanted] = (
    select(CatalogueRow, StudyRow, PersonRow, ParticipantRow)
    .join(StudyRow, StudyRow.study_instance_uid == CatalogueRow.study_instance_uid)
    .join(ParticipantRow, ParticipantRow.id == StudyRow.participant_id)
    .join(PersonRow, PersonRow.id == StudyRow.person_id)
    .where(StudyRow.quarantine.is_(None))
)
"""Everything that may be shown, with its study and its woman."""

_FILED: Final = tuple(field.name for field in fields(Filing))


class SqlCatalogue:
    """Searches one database; keeps nothing between calls, so threads may share it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def studies(self, query: CatalogueQuery) -> Sequence[CataloguedStudy]:
        """Studies with an instance in the catalogue; raises StoreUnavailable like every search."""
        with reading(self._engine) as session:
            rows = session.execute(self._page(query, _first_of_study())).all()
            uids = [row[1].study_instance_uid for row in rows]
            counts, modalities = _counts(session, uids), _modalities(session, uids)
        return [_study(row, counts[uid], modalities.get(uid, ())) for row, uid in zip(rows, uids, strict=True)]

    def series(self, query: CatalogueQuery) -> Sequence[CataloguedSeries]:
        """Series, each described by its first instance."""
        with reading(self._engine) as session:
            rows = session.execute(self._page(query, _first_of_series())).all()
            counts = _series_counts(session, [row[0].series_instance_uid for row in rows])
        firsts = map(_instance, rows)
        return [CataloguedSeries(first, counts[_series_key(row[0])]) for first, row in zip(firsts, rows, strict=True)]

    def instances(self, query: CatalogueQuery) -> Sequence[CataloguedInstance]:
        """Instances."""
        with reading(self._engine) as session:
            return [_instance(row) for row in session.execute(self._page(query))]

    def located(
        self, study: str, series: str | None = None, instance: str | None = None, *, most: int = 100_000
    ) -> Sequence[Located]:
        """The instances of a study, series or instance, in order of arrival."""
        asked = {"study_instance_uid": study, "series_instance_uid": series, "sop_instance_uid": instance}
        wanted = {name: uid for name, uid in asked.items() if uid is not None}
        query = (
            select(CatalogueRow)
            .join(StudyRow, StudyRow.study_instance_uid == CatalogueRow.study_instance_uid)
            .where(StudyRow.quarantine.is_(None))
            .filter(*(getattr(CatalogueRow, name) == uid for name, uid in wanted.items()))
            .order_by(CatalogueRow.arrival)
            .limit(most)
        )
        with reading(self._engine) as session:
            return [_located(row) for row in session.scalars(query)]

    def _page(self, query: CatalogueQuery, *more: ColumnElement[bool]) -> Wanted:
        sqlite = self._engine.dialect.name == "sqlite"
        conditions = (*more, *(matching(match, sqlite) for match in query.matches))
        found = _SERVED.where(*conditions)
        return found.order_by(CatalogueRow.arrival).limit(query.limit).offset(query.offset)


def _first_of_study() -> ColumnElement[bool]:
    """Whether no instance of the study came before: answered from the index, row by row, up to the limit."""
    earlier = aliased(CatalogueRow)
    return ~(
        select(earlier.arrival)
        .where(earlier.study_instance_uid == CatalogueRow.study_instance_uid, earlier.arrival < CatalogueRow.arrival)
        .exists()
    )


def _first_of_series() -> ColumnElement[bool]:
    """Whether no instance of the series came before within the study."""
    earlier = aliased(CatalogueRow)
    return ~(
        select(earlier.arrival)
        .where(earlier.study_instance_uid == CatalogueRow.study_instance_uid)
        .where(earlier.series_instance_uid == CatalogueRow.series_instance_uid)
        .where(earlier.arrival < CatalogueRow.arrival)
        .exists()
    )


def _counts(session: Session, studies: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Series and instances of each study."""
    uid = CatalogueRow.study_instance_uid
    series = func.count(CatalogueRow.series_instance_uid.distinct())
    rows = session.execute(select(uid, series, func.count()).where(uid.in_(studies)).group_by(uid))
    return {study: (in_series, in_all) for study, in_series, in_all in rows}


def _modalities(session: Session, studies: Sequence[str]) -> dict[str, tuple[str, ...]]:
    uid, modality = CatalogueRow.study_instance_uid, CatalogueRow.modality
    found: dict[str, tuple[str, ...]] = {}
    rows = session.execute(select(uid, modality).where(uid.in_(studies), modality != "").distinct().order_by(modality))
    for study, name in rows:
        found[study] = (*found.get(study, ()), name)
    return found


def _series_counts(session: Session, series: Sequence[str]) -> dict[tuple[str, str], int]:
    key = CatalogueRow.study_instance_uid, CatalogueRow.series_instance_uid
    rows = session.execute(select(*key, func.count()).where(key[1].in_(series)).group_by(*key))
    return {(study, uid): count for study, uid, count in rows}


def _series_key(row: CatalogueRow) -> tuple[str, str]:
    return row.study_instance_uid, row.series_instance_uid


def _study(row: Found, counts: tuple[int, int], modalities: tuple[str, ...]) -> CataloguedStudy:
    filed, study, person, participant = row
    header = header_of(study, participant_of(person, participant))
    return CataloguedStudy(header, modalities, *counts, FileDigest(filed.digest))


def _instance(row: Found) -> CataloguedInstance:
    filed, study, person, participant = row
    return CataloguedInstance(
        header=header_of(study, participant_of(person, participant)),
        series_instance_uid=SeriesInstanceUid(filed.series_instance_uid),
        sop_class_uid=filed.sop_class_uid,
        sop_instance_uid=SopInstanceUid(filed.sop_instance_uid),
        digest=FileDigest(filed.digest),
        filing=Filing(**{name: getattr(filed, name) for name in _FILED}),
    )


def _located(row: CatalogueRow) -> Located:
    return Located(
        StudyInstanceUid(row.study_instance_uid),
        SeriesInstanceUid(row.series_instance_uid),
        row.sop_class_uid,
        SopInstanceUid(row.sop_instance_uid),
        row.transfer_syntax_uid,
        FileDigest(row.digest),
    )
