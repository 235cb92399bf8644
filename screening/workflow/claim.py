"""Leases: a reader takes one case at a time, and an abandoned case comes back by itself."""

from __future__ import annotations

from datetime import timedelta

from screening.domain import events as ev
from screening.domain.identifiers import CaseId
from screening.workflow.ports import Clock, UnitOfWork
from screening.workflow.recorded_case import load, record

LEASE = timedelta(minutes=30)


def claim_read(uow: UnitOfWork, clock: Clock, case: CaseId, author: ev.Author, lease: timedelta = LEASE) -> None:
    """Take the lease for a read. Raises CaseClaimed, ReaderNotIndependent or EventNotAllowed."""
    now = clock.now()
    record(uow, load(uow, case), ev.ReadClaimed(author, now + lease), author.reader, now)


def release_claim(uow: UnitOfWork, clock: Clock, case: CaseId, author: ev.Author) -> None:
    """Give the lease back."""
    record(uow, load(uow, case), ev.ReadReleased(author.reader), author.reader, clock.now())


def claim_arbitration(uow: UnitOfWork, clock: Clock, case: CaseId, authors: tuple[ev.Author, ...]) -> None:
    """Take the lease for the third decision."""
    now = clock.now()
    record(uow, load(uow, case), ev.ArbitrationClaimed(authors, now + LEASE), authors[0].reader, now)
