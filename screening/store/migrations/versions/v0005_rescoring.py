"""The research table of rescoring, apart from every case; women are also found by number alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from screening.store.types import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rescore_runs",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run", name=op.f("pk_rescore_runs")),
    )
    op.create_table(
        "rescore_exams",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("study_instance_uid", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("chunk", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("state", "plan", "document")),
        sa.PrimaryKeyConstraint("run", "study_instance_uid", name=op.f("pk_rescore_exams")),
        sa.ForeignKeyConstraint(["run"], ["rescore_runs.run"], name=op.f("fk_rescore_exams_run_rescore_runs")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_rescore_exams_person_id_persons")),
    )
    op.create_index(op.f("ix_rescore_exams_run_chunk"), "rescore_exams", ["run", "chunk"])
    op.create_index(op.f("ix_persons_value"), "persons", ["value"])


def downgrade() -> None:
    op.drop_index(op.f("ix_persons_value"), "persons")
    op.drop_table("rescore_exams")
    op.drop_table("rescore_runs")
