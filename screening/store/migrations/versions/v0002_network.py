"""The network: exams whose images are still coming in, and storage commitments that partners asked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from screening.store.types import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "awaited_exams",
        sa.Column("exam", sa.Text(), nullable=False),
        sa.Column("study_instance_uid", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("latest_at", UtcDateTime(), nullable=False),
        sa.Column("priors_pending", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("exam", name=op.f("pk_awaited_exams")),
    )
    op.create_table(
        "commitments",
        sa.Column("transaction_uid", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("transaction_uid", name=op.f("pk_commitments")),
    )
    op.create_index(op.f("ix_awaited_exams_due_at"), "awaited_exams", ["due_at"])


def downgrade() -> None:
    op.drop_table("commitments")
    op.drop_table("awaited_exams")
