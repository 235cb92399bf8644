"""Results on their way to a PACS: one row per AI run and destination."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from screening.domain.delivery import Delivery, DeliveryState
from screening.domain.errors import NotFound
from screening.domain.identifiers import CaseId
from screening.store.inserts import insert_once
from screening.store.tables import DeliveryRow


class SqlDeliveries:
    """The `Deliveries` port over SQL."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def begin(self, delivery: Delivery, at: datetime) -> bool:
        """Keep a new delivery; False when this run was begun for this destination before."""
        key = {"run": delivery.run, "destination": delivery.destination, "case_id": delivery.case}
        return insert_once(self._session, DeliveryRow, **key, **_progress(delivery, at), begun_at=at)

    def get(self, run: str, destination: str) -> Delivery:
        """Raises NotFound."""
        return self._one(self._session.get(DeliveryRow, (run, destination), populate_existing=True))

    def of_transaction(self, transaction_uid: str) -> Delivery:
        """The delivery whose storage commitment this is. Raises NotFound."""
        if not transaction_uid:
            raise NotFound("a storage commitment has a transaction UID")
        return self._one(
            self._session.scalar(select(DeliveryRow).where(DeliveryRow.transaction_uid == transaction_uid))
        )

    def of_case(self, case: CaseId) -> Sequence[Delivery]:
        """Deliveries of a case, oldest first."""
        rows = select(DeliveryRow).where(DeliveryRow.case_id == case)
        return [_delivery(row) for row in self._session.scalars(rows.order_by(DeliveryRow.begun_at))]

    def update(self, delivery: Delivery, at: datetime) -> None:
        """Keep how far it is."""
        this = DeliveryRow.run == delivery.run, DeliveryRow.destination == delivery.destination
        self._session.execute(update(DeliveryRow).where(*this).values(**_progress(delivery, at)))

    def _one(self, row: DeliveryRow | None) -> Delivery:
        if row is None:
            raise NotFound("no such delivery")
        return _delivery(row)


def _progress(delivery: Delivery, at: datetime) -> dict[str, object]:
    return {
        "state": delivery.state.value,
        "attempt": delivery.attempt,
        "transaction_uid": delivery.transaction_uid,
        "reason": delivery.reason,
        "updated_at": at,
    }


def _delivery(row: DeliveryRow) -> Delivery:
    return Delivery(
        run=row.run,
        destination=row.destination,
        case=CaseId(row.case_id),
        state=DeliveryState(row.state),
        attempt=row.attempt,
        transaction_uid=row.transaction_uid,
        reason=row.reason,
        updated_at=row.updated_at,
    )
