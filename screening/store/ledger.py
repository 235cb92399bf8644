"""The hash-chained ledger beside everything that was recorded: for investigation, never for function (ADR 3).

Each link holds the hash of the one before it, so that an edit, a removal, an insertion or another order shows.
Nothing here reads the ledger to decide anything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from screening.domain.errors import LedgerBroken
from screening.store.documents import sha256
from screening.store.tables import CaseEventRow, LedgerRow
from screening.workflow.ports import LedgerHead

GENESIS: Final = "0" * 64
"""What the first link holds in place of a previous hash."""

_CHAIN_LOCK: Final = 7_305_518_842_013
"""Advisory lock of PostgreSQL that puts writers of the chain in one row; SQLite has one writer anyway."""
_EVENT: Final = "case."
_BLOCK: Final = 1000


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
        """Hex SHA-256 over everything in this link, the hash before it included, as one JSON array.

        Microseconds since 1970 stand for the time.
        """
        moment = round(self.at.timestamp() * 1_000_000)
        fields = [self.sequence, moment, self.actor, self.what, self.subject, self.payload_sha256, self.previous]
        return hashlib.sha256(json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True)
class Entry:
    """What is to be noted: what happened to which subject, and the payload that is stored elsewhere."""

    what: str
    subject: str
    payload: str


class Ledger:
    """Appends to the chain and verifies it, within the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self) -> None:
        """Be the only writer until the transaction ends; take it before any row lock, so that nobody deadlocks."""
        if self._session.get_bind().dialect.name == "postgresql":
            self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHAIN_LOCK})

    def append(self, at: datetime, actor: str, entries: Sequence[Entry]) -> Sequence[int]:
        """Add one link for each entry; returns their numbers."""
        if not entries:
            return []
        self.lock()
        head, links = self.head(), list[Link]()
        for entry in entries:
            link = _linked(head, at, actor, entry)
            head = LedgerHead(link.sequence, link.hash)
            links.append(link)
        self._session.execute(insert(LedgerRow), [asdict(link) for link in links])
        return [link.sequence for link in links]

    def head(self) -> LedgerHead:
        """The end of the chain."""
        row = self._session.execute(
            select(LedgerRow.sequence, LedgerRow.hash).order_by(LedgerRow.sequence.desc()).limit(1)
        ).one_or_none()
        return LedgerHead(0, GENESIS) if row is None else LedgerHead(*row)

    def links(self) -> Iterator[Link]:
        """Every link in order, in blocks."""
        after = -1
        while rows := self._session.execute(_LINKS.where(LedgerRow.sequence > after)).all():
            yield from (Link(*row) for row in rows)
            after = rows[-1].sequence

    def verify(self, expected: LedgerHead | None = None) -> LedgerHead:
        """Walk the whole chain, holding every case event to its link; returns the end of the chain.

        Raises LedgerBroken, naming the first broken link, or when the chain does not pass through `expected`.
        """
        end = LedgerHead(0, GENESIS)
        passed = expected is None or expected == end
        events = self._events()
        for link in self.links():
            _check_link(link, end)
            if link.what.startswith(_EVENT):
                _check_event(link, next(events, None))
            end = LedgerHead(link.sequence, link.hash)
            passed = passed or expected == end
        if not passed:
            raise LedgerBroken("the ledger does not contain the end that was noted before")
        for event in events:
            raise LedgerBroken(f"event {event.subject} is not in the ledger")
        return end

    def _events(self) -> Iterator[_Event]:
        after = -1
        while rows := self._session.execute(_EVENTS.where(CaseEventRow.link > after)).all():
            yield from (_Event(*row) for row in rows)
            after = rows[-1].link


@dataclass(frozen=True)
class _Event:
    """A case event as the ledger sees it."""

    link: int
    case: str
    sequence: int
    at: datetime
    actor: str
    kind: str
    document: str

    @property
    def subject(self) -> str:
        return event_subject(self.case, self.sequence)


def _linked(head: LedgerHead, at: datetime, actor: str, entry: Entry) -> Link:
    digest = sha256(entry.payload)
    link = Link(head.sequence + 1, at, actor, entry.what, entry.subject, digest, head.hash, hash="")
    return replace(link, hash=link.expected_hash())


def _check_link(link: Link, end: LedgerHead) -> None:
    if link.sequence != end.sequence + 1:
        raise LedgerBroken(f"ledger link {end.sequence + 1} is missing")
    if link.previous != end.hash or link.hash != link.expected_hash():
        raise LedgerBroken(f"ledger link {link.sequence} does not fit its chain")


def _check_event(link: Link, event: _Event | None) -> None:
    """Hold the event that claims this link, or the next one in order, to what the link says."""
    if event is None or event.link > link.sequence:
        raise LedgerBroken(f"ledger link {link.sequence} has lost its event {link.subject}")
    recorded = (event_name(event.kind), event.subject, event.at, event.actor, sha256(event.document))
    if event.link != link.sequence or recorded != (link.what, link.subject, link.at, link.actor, link.payload_sha256):
        raise LedgerBroken(f"event {event.subject} does not match ledger link {link.sequence}")


_LINKS: Final = (
    select(
        LedgerRow.sequence,
        LedgerRow.at,
        LedgerRow.actor,
        LedgerRow.what,
        LedgerRow.subject,
        LedgerRow.payload_sha256,
        LedgerRow.previous,
        LedgerRow.hash,
    )
    .order_by(LedgerRow.sequence)
    .limit(_BLOCK)
)
_EVENTS: Final = (
    select(
        CaseEventRow.link,
        CaseEventRow.case_id,
        CaseEventRow.sequence,
        CaseEventRow.at,
        CaseEventRow.actor,
        CaseEventRow.kind,
        CaseEventRow.document,
    )
    .order_by(CaseEventRow.link)
    .limit(_BLOCK)
)


def event_name(kind: str) -> str:
    """What the ledger calls a case event of this kind."""
    return _EVENT + kind


def event_subject(case: str, sequence: int) -> str:
    """How the ledger names one event."""
    return f"{case}#{sequence}"
