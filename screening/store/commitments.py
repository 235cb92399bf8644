"""Storage commitments that partners asked for, kept from the question until long after the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from screening.domain.commitment import CommitmentRequest
from screening.domain.errors import NotFound
from screening.domain.identifiers import SopInstanceUid
from screening.store.documents import COMMITMENTS
from screening.store.inserts import insert_once
from screening.store.mapping import content_of
from screening.store.tables import CommitmentRow, InstanceRow

_BLOCK: Final = 500


class SqlCommitments:
    """The `Commitments` port over SQL."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, request: CommitmentRequest, at: datetime) -> bool:
        """Keep a request; returns False when this transaction was asked before."""
        return insert_once(
            self._session,
            CommitmentRow,
            transaction_uid=request.transaction_uid,
            asked_by=request.asked_by,
            at=at,
            document=COMMITMENTS.write(request),
        )

    def get(self, transaction_uid: str) -> CommitmentRequest:
        """Raises NotFound."""
        row = self._session.get(CommitmentRow, transaction_uid)
        if row is None:
            raise NotFound("no storage commitment has this transaction UID")
        return COMMITMENTS.read(row.document)

    def classes(self, instances: Sequence[SopInstanceUid]) -> Mapping[SopInstanceUid, str]:
        """SOP class of every one of these instances that is stored."""
        found: dict[SopInstanceUid, str] = {}
        for start in range(0, len(instances), _BLOCK):
            asked = InstanceRow.sop_instance_uid.in_(instances[start : start + _BLOCK])
            for row in self._session.scalars(select(InstanceRow).where(asked)):
                found[SopInstanceUid(row.sop_instance_uid)] = content_of(row.kind, row.document).sop_class_uid
        return found
