"""The hash-chained ledger beside everything that was recorded: for investigation, never for function (ADR 3).

Each link holds the hash of the one before it, so that an edit, a removal, an insertion or another order shows.
Nothing here reads the ledger to decide anything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from screening.domain.errors import LedgerBroken
from screening.store.documents import sha256
from screening.store.tables import CaseEventRow, LedgerRow

GENESIS: Final = "0" * 64
"""What the first link holds in place of a previous hash."""

_CHAIN_LOCK: Final = 7_305_518_842_013
"""Advisory lock of PostgreSQL that puts writers of the chain in one row; SQLite has one writer anyway."""
_EVENT: Final = "case."


@dataclass(frozen=True)
class Link:
    """One entry of the ledger."""

    sequence: int
    at: datetime
    actor: str
    what: str
    subject: str
    payload_sha256: str
    previous: str
    hash: str

    def expected_hash(self) -> str:
        """Hash of everything in this link and of the link before it."""
        return chain_hash(
            self.sequence, self.at, self.actor, self.what, self.subject, self.payload_sha256, self.previous
        )


@dataclass(frozen=True)
class Head:
    """Where the chain ends; kept outside the database it proves that nothing was cut off."""

    sequence: int
    hash: str


class Ledger:
    """Appends to the chain and verifies it, within the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self) -> None:
        """Be the only writer until the transaction ends; take it before any row lock, so that nobody deadlocks."""
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHAIN_LOCK})

    def append(self, at: datetime, actor: str, what: str, subject: str, payload: str) -> Head:
        """Add one link for a payload that is stored elsewhere; returns the new end of the chain."""
        self.lock()
        head = self.head()
        sequence, digest = head.sequence + 1, sha256(payload)
        link = chain_hash(sequence, at, actor, what, subject, digest, head.hash)
        self._session.add(
            LedgerRow(
                sequence=sequence,
                at=at,
                actor=actor,
                what=what,
                subject=subject,
                payload_sha256=digest,
                previous=head.hash,
                hash=link,
            )
        )
        self._session.flush()
        return Head(sequence, link)

    def head(self) -> Head:
        """The end of the chain."""
        row = self._session.execute(
            select(LedgerRow.sequence, LedgerRow.hash).order_by(LedgerRow.sequence.desc()).limit(1)
        ).one_or_none()
        return Head(0, GENESIS) if row is None else Head(*row)

    def links(self) -> Iterator[Link]:
        """Every link in order, streaming."""
        rows = self._session.execute(select(*_COLUMNS).order_by(LedgerRow.sequence).execution_options(yield_per=1000))
        return (Link(*row) for row in rows)

    def verify(self, expected: Head | None = None) -> Head:
        """Walk the whole chain and hold every case event to it; returns its end.

        Raises LedgerBroken, naming the first broken link, or when the chain does not pass through `expected`.
        """
        end = Head(0, GENESIS)
        passed = expected is None or expected == end
        for link in self.links():
            if link.sequence != end.sequence + 1:
                raise LedgerBroken(f"ledger link {end.sequence + 1} is missing")
            if link.previous != end.hash or link.hash != link.expected_hash():
                raise LedgerBroken(f"ledger link {link.sequence} does not fit its chain")
            end = Head(link.sequence, link.hash)
            passed = passed or expected == end
        if not passed:
            raise LedgerBroken("the ledger does not contain the end that was noted before")
        self._verify_events()
        return end

    def _verify_events(self) -> None:
        """Every case event has its link with the hash of its document, and every such link its event."""
        noted = {
            (link.what, link.subject, link.at, link.actor): link
            for link in self.links()
            if link.what.startswith(_EVENT)
        }
        events = self._session.execute(
            select(CaseEventRow).order_by(CaseEventRow.case_id, CaseEventRow.sequence)
        ).scalars()
        for row in events:
            key = (event_name(row.kind), event_subject(row.case_id, row.sequence), row.at, row.actor)
            link = noted.pop(key, None)
            if link is None:
                raise LedgerBroken(f"event {key[1]} is not the one in the ledger")
            if link.payload_sha256 != sha256(row.document):
                raise LedgerBroken(f"event {key[1]} does not match ledger link {link.sequence}")
        for link in noted.values():
            raise LedgerBroken(f"ledger link {link.sequence} has lost its event {link.subject}")


_COLUMNS: Final = (
    LedgerRow.sequence,
    LedgerRow.at,
    LedgerRow.actor,
    LedgerRow.what,
    LedgerRow.subject,
    LedgerRow.payload_sha256,
    LedgerRow.previous,
    LedgerRow.hash,
)


def event_name(kind: str) -> str:
    """What the ledger calls a case event of this kind."""
    return _EVENT + kind


def event_subject(case: str, sequence: int) -> str:
    """How the ledger names one event."""
    return f"{case}#{sequence}"


def chain_hash(
    sequence: int, at: datetime, actor: str, what: str, subject: str, payload_sha256: str, previous: str
) -> str:
    """Hex SHA-256 over the fields of a link as one JSON array; microseconds since 1970 stand for the time."""
    moment = round(at.timestamp() * 1_000_000)
    fields = [sequence, moment, actor, what, subject, payload_sha256, previous]
    return hashlib.sha256(json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()
