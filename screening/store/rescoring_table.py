"""The research table of rescoring: runs, and one row per exam with what it came to. No case refers to it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from screening.store.tables import Row


class RescoreRunRow(Row):
    """One AI version over one archive; `key` (hex) makes the exam keys and is the same for every run."""

    __tablename__ = "rescore_runs"

    run: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str]
    at: Mapped[datetime]
    document: Mapped[str]


class RescoreExamRow(Row):
    """One exam of a run: `plan` says where its files are, `document` what it came to, empty without a result."""

    __tablename__ = "rescore_exams"
    __table_args__ = (Index(None, "run", "chunk"),)

    run: Mapped[str] = mapped_column(ForeignKey("rescore_runs.run"), primary_key=True)
    study_instance_uid: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    chunk: Mapped[int]
    state: Mapped[str]
    plan: Mapped[str]
    document: Mapped[str]
