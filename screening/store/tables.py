"""The rows this service keeps, one class per table; rows never leave `screening.store` (ADR 1).

Values with inner structure (facts, images, AI reads, reports) are JSON text written by `documents`; columns beside them
exist only where a query or a constraint needs them. Identity is in `persons` and `participants` and nowhere else.
Jobs live in tables of the job engine in the same database and are not declared here.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, MetaData, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from screening.store.types import BigKey, CleanText, UtcDateTime


class Row(DeclarativeBase):
    """Base of every row; names every constraint, so that migrations can speak of it."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime(), str: CleanText()}


class PersonRow(Row):
    """A woman: her identifier within the system that issued it."""

    __tablename__ = "persons"
    __table_args__ = (UniqueConstraint("issuer", "value"), Index(None, "value"))

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    issuer: Mapped[str]
    value: Mapped[str]


class ParticipantRow(Row):
    """How one source spelled a woman's attributes; a person has as many as there are spellings."""

    __tablename__ = "participants"
    __table_args__ = (UniqueConstraint("person_id", "family", "given", "birth_date", "sex"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    family: Mapped[str]
    given: Mapped[str]
    birth_date: Mapped[str]
    sex: Mapped[str]


class StudyRow(Row):
    """A study as its first instance describes it; device columns are those of its first image."""

    __tablename__ = "studies"
    __table_args__ = (
        UniqueConstraint("study_instance_uid"),
        Index(None, "person_id", "study_date"),
    )

    arrival: Mapped[int] = mapped_column(BigKey, primary_key=True)
    study_instance_uid: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"))
    accession_number: Mapped[str]
    study_date: Mapped[date | None]
    study_time: Mapped[str]
    institution: Mapped[str]
    age_years: Mapped[int | None]
    study_id: Mapped[str]
    referring_physician: Mapped[str]
    received_at: Mapped[datetime]
    quarantine: Mapped[str | None]
    manufacturer: Mapped[str] = mapped_column(default="")
    device_model: Mapped[str] = mapped_column(default="")
    device_software: Mapped[str] = mapped_column(default="")
    implant: Mapped[bool] = mapped_column(default=False)


class InstanceRow(Row):
    """One stored object of a study; `kind` is `image` or `object`, `document` the domain value as JSON."""

    __tablename__ = "instances"
    __table_args__ = (UniqueConstraint("sop_instance_uid"), Index(None, "study_instance_uid", "arrival"))

    arrival: Mapped[int] = mapped_column(BigKey, primary_key=True)
    sop_instance_uid: Mapped[str]
    study_instance_uid: Mapped[str] = mapped_column(ForeignKey("studies.study_instance_uid"))
    digest: Mapped[str]
    kind: Mapped[str]
    received_at: Mapped[datetime]
    document: Mapped[str]


class QuarantinedInstanceRow(Row):
    """An instance kept aside: other bytes under a known UID, or a second patient in one study."""

    __tablename__ = "quarantined_instances"
    __table_args__ = (UniqueConstraint("sop_instance_uid", "digest"),)

    arrival: Mapped[int] = mapped_column(BigKey, primary_key=True)
    sop_instance_uid: Mapped[str]
    study_instance_uid: Mapped[str]
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"))
    digest: Mapped[str]
    reason: Mapped[str]
    received_at: Mapped[datetime]
    document: Mapped[str]


class RefusalRow(Row):
    """A file that could not be registered at all."""

    __tablename__ = "refusals"
    __table_args__ = (UniqueConstraint("digest", "reason"),)

    arrival: Mapped[int] = mapped_column(BigKey, primary_key=True)
    digest: Mapped[str]
    reason: Mapped[str]
    received_at: Mapped[datetime]


class AwaitedExamRow(Row):
    """An exam whose images are still coming in, from its first image until its case is opened or told."""

    __tablename__ = "awaited_exams"

    exam: Mapped[str] = mapped_column(primary_key=True)
    study_instance_uid: Mapped[str]
    unit: Mapped[str]
    last_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(index=True)
    latest_at: Mapped[datetime]
    priors_pending: Mapped[bool]


class CommitmentRow(Row):
    """A storage commitment that a partner asked for; `document` names the instances."""

    __tablename__ = "commitments"

    transaction_uid: Mapped[str] = mapped_column(primary_key=True)
    asked_by: Mapped[str]
    at: Mapped[datetime]
    document: Mapped[str]


class DeliveryRow(Row):
    """The result of one AI run on its way to one destination."""

    __tablename__ = "deliveries"
    __table_args__ = (Index(None, "case_id"), Index(None, "transaction_uid"))

    run: Mapped[str] = mapped_column(primary_key=True)
    destination: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str]
    state: Mapped[str]
    attempt: Mapped[int]
    transaction_uid: Mapped[str]
    reason: Mapped[str]
    begun_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class EpisodeRecordRow(Row):
    """One invitation round of one woman; `objections` is a sorted JSON list."""

    __tablename__ = "episodes"

    episode: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    round_number: Mapped[int]
    screened_on: Mapped[date | None]
    unit: Mapped[str]
    age_years: Mapped[int | None]
    objections: Mapped[str]


class CaseRow(Row):
    """Where a case stands after its last event: a summary that can be rebuilt from the events at any time."""

    __tablename__ = "cases"
    __table_args__ = (UniqueConstraint("case_id"), Index(None, "study_instance_uid"), Index(None, "state", "ordinal"))

    ordinal: Mapped[int] = mapped_column(BigKey, primary_key=True)
    case_id: Mapped[str]
    study_instance_uid: Mapped[str]
    episode: Mapped[str]
    policy_id: Mapped[str]
    policy_version: Mapped[str]
    state: Mapped[str]
    sequence: Mapped[int]
    ai_run: Mapped[str | None]
    opened_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class CaseEventRow(Row):
    """One fact, never changed: the database refuses UPDATE and DELETE; `link` is its number in the ledger."""

    __tablename__ = "case_events"
    __table_args__ = (UniqueConstraint("link"),)

    case_id: Mapped[str] = mapped_column(ForeignKey("cases.case_id"), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    kind: Mapped[str]
    document: Mapped[str]
    link: Mapped[int] = mapped_column(BigKey)


class LedgerRow(Row):
    """One link of the hash chain, never changed: the database refuses UPDATE and DELETE."""

    __tablename__ = "ledger"

    sequence: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str]
    what: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    payload_sha256: Mapped[str]
    previous: Mapped[str]
    hash: Mapped[str]


class AiReadRow(Row):
    """One run of the AI reader, kept whole."""

    __tablename__ = "ai_reads"
    __table_args__ = (UniqueConstraint("run"), Index(None, "study_instance_uid", "ordinal"))

    ordinal: Mapped[int] = mapped_column(BigKey, primary_key=True)
    run: Mapped[str]
    case_id: Mapped[str | None]
    study_instance_uid: Mapped[str]
    density: Mapped[str | None]
    at: Mapped[datetime]
    document: Mapped[str]


class ReportRow(Row):
    """One version of a report; the participant is a reference, not part of the document."""

    __tablename__ = "reports"

    case_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[str]
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"))
    issued: Mapped[datetime]
    document: Mapped[str]


class PolicyRow(Row):
    """One version of a reading policy as the JSON document it was loaded from."""

    __tablename__ = "policies"

    id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    document: Mapped[str]
