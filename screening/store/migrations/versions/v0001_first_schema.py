"""First schema: people, exams, cases with their events and ledger, AI reads, reports, policies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from screening.store.append_only import refuse_changes
from screening.store.types import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLES = (
    "persons",
    "participants",
    "studies",
    "instances",
    "quarantined_instances",
    "refusals",
    "policies",
    "episodes",
    "cases",
    "case_events",
    "ledger",
    "ai_reads",
    "reports",
)


def upgrade() -> None:
    _create_people()
    _create_exams()
    _create_arrivals()
    _create_cases()
    _create_history()
    _create_results()
    for table in ("case_events", "ledger"):
        refuse_changes(op.get_bind(), table)


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)


def _create_people() -> None:
    op.create_table(
        "persons",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persons")),
        sa.UniqueConstraint("issuer", "value", name=op.f("uq_persons_issuer_value")),
    )
    op.create_table(
        "participants",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("person_id", _KEY, nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("given", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.Text(), nullable=False),
        sa.Column("sex", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_participants_person_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participants")),
        sa.UniqueConstraint(
            "person_id",
            "family",
            "given",
            "birth_date",
            "sex",
            name=op.f("uq_participants_person_id_family_given_birth_date_sex"),
        ),
    )


def _create_exams() -> None:
    op.create_table(
        "studies",
        sa.Column("arrival", _KEY, nullable=False),
        sa.Column("study_instance_uid", sa.Text(), nullable=False),
        sa.Column("person_id", _KEY, nullable=False),
        sa.Column("participant_id", _KEY, nullable=False),
        sa.Column("accession_number", sa.Text(), nullable=False),
        sa.Column("study_date", sa.Date(), nullable=True),
        sa.Column("study_time", sa.Text(), nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("age_years", sa.Integer(), nullable=True),
        sa.Column("study_id", sa.Text(), nullable=False),
        sa.Column("referring_physician", sa.Text(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("quarantine", sa.Text(), nullable=True),
        sa.Column("manufacturer", sa.Text(), nullable=False),
        sa.Column("device_model", sa.Text(), nullable=False),
        sa.Column("device_software", sa.Text(), nullable=False),
        sa.Column("implant", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participants.id"], name=op.f("fk_studies_participant_id_participants")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_studies_person_id_persons")),
        sa.PrimaryKeyConstraint("arrival", name=op.f("pk_studies")),
        sa.UniqueConstraint("study_instance_uid", name=op.f("uq_studies_study_instance_uid")),
    )
    op.create_index(op.f("ix_studies_person_id_study_date"), "studies", ["person_id", "study_date"], unique=False)
    op.create_table(
        "instances",
        sa.Column("arrival", _KEY, nullable=False),
        sa.Column("sop_instance_uid", sa.Text(), nullable=False),
        sa.Column("study_instance_uid", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_instance_uid"], ["studies.study_instance_uid"], name=op.f("fk_instances_study_instance_uid_studies")
        ),
        sa.PrimaryKeyConstraint("arrival", name=op.f("pk_instances")),
        sa.UniqueConstraint("sop_instance_uid", name=op.f("uq_instances_sop_instance_uid")),
    )
    op.create_index(
        op.f("ix_instances_study_instance_uid_arrival"), "instances", ["study_instance_uid", "arrival"], unique=False
    )


def _create_arrivals() -> None:
    op.create_table(
        "quarantined_instances",
        sa.Column("arrival", _KEY, nullable=False),
        sa.Column("sop_instance_uid", sa.Text(), nullable=False),
        sa.Column("study_instance_uid", sa.Text(), nullable=False),
        sa.Column("participant_id", _KEY, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participants.id"], name=op.f("fk_quarantined_instances_participant_id_participants")
        ),
        sa.PrimaryKeyConstraint("arrival", name=op.f("pk_quarantined_instances")),
        sa.UniqueConstraint(
            "sop_instance_uid", "digest", name=op.f("uq_quarantined_instances_sop_instance_uid_digest")
        ),
    )
    op.create_table(
        "refusals",
        sa.Column("arrival", _KEY, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("arrival", name=op.f("pk_refusals")),
        sa.UniqueConstraint("digest", "reason", name=op.f("uq_refusals_digest_reason")),
    )


def _create_cases() -> None:
    op.create_table(
        "policies",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", "version", name=op.f("pk_policies")),
    )
    op.create_table(
        "episodes",
        sa.Column("episode", sa.Text(), nullable=False),
        sa.Column("person_id", _KEY, nullable=False),
        sa.Column("round_number", sa.Integer(), nullable=False),
        sa.Column("screened_on", sa.Date(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("age_years", sa.Integer(), nullable=True),
        sa.Column("objections", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_episodes_person_id_persons")),
        sa.PrimaryKeyConstraint("episode", name=op.f("pk_episodes")),
    )
    op.create_index(op.f("ix_episodes_person_id"), "episodes", ["person_id"], unique=False)
    op.create_table(
        "cases",
        sa.Column("ordinal", _KEY, nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("study_instance_uid", sa.Text(), nullable=False),
        sa.Column("episode", sa.Text(), nullable=False),
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("ai_run", sa.Text(), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("ordinal", name=op.f("pk_cases")),
        sa.UniqueConstraint("case_id", name=op.f("uq_cases_case_id")),
    )
    op.create_index(op.f("ix_cases_state_ordinal"), "cases", ["state", "ordinal"], unique=False)
    op.create_index(op.f("ix_cases_study_instance_uid"), "cases", ["study_instance_uid"], unique=False)


def _create_history() -> None:
    op.create_table(
        "case_events",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("link", _KEY, nullable=False),
        sa.UniqueConstraint("link", name=op.f("uq_case_events_link")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name=op.f("fk_case_events_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", "sequence", name=op.f("pk_case_events")),
    )
    op.create_table(
        "ledger",
        sa.Column("sequence", _KEY, autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("payload_sha256", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_ledger")),
    )
    op.create_index(op.f("ix_ledger_subject"), "ledger", ["subject"], unique=False)


def _create_results() -> None:
    op.create_table(
        "ai_reads",
        sa.Column("ordinal", _KEY, nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=True),
        sa.Column("study_instance_uid", sa.Text(), nullable=False),
        sa.Column("density", sa.Text(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ordinal", name=op.f("pk_ai_reads")),
        sa.UniqueConstraint("run", name=op.f("uq_ai_reads_run")),
    )
    op.create_index(
        op.f("ix_ai_reads_study_instance_uid_ordinal"), "ai_reads", ["study_instance_uid", "ordinal"], unique=False
    )
    op.create_table(
        "reports",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("participant_id", _KEY, nullable=False),
        sa.Column("issued", UtcDateTime(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participants.id"], name=op.f("fk_reports_participant_id_participants")
        ),
        sa.PrimaryKeyConstraint("case_id", "version", name=op.f("pk_reports")),
    )
