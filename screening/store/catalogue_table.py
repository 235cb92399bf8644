"""The catalogue of stored instances: one row each, with what DICOMweb searches and nothing that names a woman.

Written in the transaction that registers the instance (`exams`), read by `catalogue`.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, Session, mapped_column

from screening.domain.quality import ReasonCode
from screening.domain.study import StoredObject
from screening.store.inserts import insert_once
from screening.store.tables import Row
from screening.store.types import BigKey
from screening.workflow.ports import ReadInstance

_NOT_SERVED: Final = frozenset({ReasonCode.NOT_DICOM, ReasonCode.UNREADABLE, ReasonCode.LIMITS_EXCEEDED})


class CatalogueRow(Row):
    """How an instance is filed; a number is NULL and a text empty where the instance states none."""

    __tablename__ = "catalogue"
    __table_args__ = (
        UniqueConstraint("sop_instance_uid"),
        Index(None, "study_instance_uid", "series_instance_uid", "arrival"),
        Index(None, "series_instance_uid"),
    )

    arrival: Mapped[int] = mapped_column(BigKey, primary_key=True)
    sop_instance_uid: Mapped[str] = mapped_column(ForeignKey("instances.sop_instance_uid", ondelete="CASCADE"))
    study_instance_uid: Mapped[str] = mapped_column(ForeignKey("studies.study_instance_uid"))
    series_instance_uid: Mapped[str]
    sop_class_uid: Mapped[str]
    digest: Mapped[str]
    transfer_syntax_uid: Mapped[str]
    modality: Mapped[str]
    series_number: Mapped[int | None]
    instance_number: Mapped[int | None]
    bits_allocated: Mapped[int | None]
    rows: Mapped[int | None]
    columns: Mapped[int | None]
    frames: Mapped[int | None]
    performed_on: Mapped[date | None]
    performed_time: Mapped[str]
    scheduled_step_id: Mapped[str]
    requested_procedure_id: Mapped[str]


def catalogue_instance(session: Session, instance: ReadInstance) -> None:
    """File a registered instance; what could not be read has no place in a catalogue."""
    content = instance.content
    if isinstance(content, StoredObject) and content.reason in _NOT_SERVED:
        return
    insert_once(
        session,
        CatalogueRow,
        sop_instance_uid=content.sop_instance_uid,
        study_instance_uid=instance.header.study_instance_uid,
        series_instance_uid=content.series_instance_uid,
        sop_class_uid=content.sop_class_uid,
        digest=content.digest,
        **vars(instance.filed),
    )
