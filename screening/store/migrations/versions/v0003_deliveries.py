"""Results on their way to a PACS."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from screening.store.types import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TEXTS = ("run", "destination", "case_id", "state")


def upgrade() -> None:
    op.create_table(
        "deliveries",
        *(sa.Column(name, sa.Text(), nullable=False) for name in _TEXTS),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("transaction_uid", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("run", "destination", name=op.f("pk_deliveries")),
    )
    op.create_index(op.f("ix_deliveries_case_id"), "deliveries", ["case_id"])
    op.create_index(op.f("ix_deliveries_transaction_uid"), "deliveries", ["transaction_uid"])


def downgrade() -> None:
    op.drop_table("deliveries")
