"""The catalogue that DICOMweb searches; instances stored before are filed by what their documents say."""

from __future__ import annotations

import json
from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_KEY: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NUMBERS: Final = ("series_number", "instance_number", "bits_allocated", "rows", "columns", "frames")
_TEXTS: Final = ("transfer_syntax_uid", "modality", "performed_time", "scheduled_step_id", "requested_procedure_id")
_UIDS: Final = ("sop_instance_uid", "study_instance_uid", "series_instance_uid", "sop_class_uid", "digest")
_NOT_SERVED: Final = ("not_dicom", "unreadable", "limits_exceeded")


def upgrade() -> None:
    catalogue = op.create_table(
        "catalogue",
        sa.Column("arrival", _KEY, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in (*_UIDS, *_TEXTS)),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in _NUMBERS),
        sa.Column("performed_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("arrival", name=op.f("pk_catalogue")),
        sa.UniqueConstraint("sop_instance_uid", name=op.f("uq_catalogue_sop_instance_uid")),
        sa.ForeignKeyConstraint(
            ["sop_instance_uid"],
            ["instances.sop_instance_uid"],
            name=op.f("fk_catalogue_sop_instance_uid_instances"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["study_instance_uid"],
            ["studies.study_instance_uid"],
            name=op.f("fk_catalogue_study_instance_uid_studies"),
        ),
    )
    op.create_index(
        op.f("ix_catalogue_study_instance_uid_series_instance_uid_arrival"),
        "catalogue",
        ["study_instance_uid", "series_instance_uid", "arrival"],
    )
    op.create_index(op.f("ix_catalogue_series_instance_uid"), "catalogue", ["series_instance_uid"])
    _file_what_is_there(catalogue)


def downgrade() -> None:
    op.drop_table("catalogue")


def _file_what_is_there(catalogue: sa.Table) -> None:
    instances = sa.table("instances", sa.column("arrival"), sa.column("kind"), sa.column("document"))
    connection = op.get_bind()
    stored = connection.execute(sa.select(instances.c.kind, instances.c.document).order_by(instances.c.arrival))
    for block in stored.partitions(1000):
        rows = [row for kind, document in block if (row := _row(kind, json.loads(document)))]
        if rows:
            connection.execute(sa.insert(catalogue), rows)


def _row(kind: str, document: dict[str, object]) -> dict[str, object] | None:
    if document.get("reason") in _NOT_SERVED:
        return None
    row: dict[str, object] = {name: document[name] for name in _UIDS}
    row |= dict.fromkeys(_TEXTS, "") | {name: document.get(name) for name in _NUMBERS}
    return row | {"modality": "MG" if kind == "image" else "", "performed_on": None}
