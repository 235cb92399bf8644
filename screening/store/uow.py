"""One transaction over everything the service stores; the boundary opens it, use cases never commit (ADR 2)."""

from __future__ import annotations

from datetime import UTC, tzinfo
from functools import cached_property
from types import TracebackType
from typing import Final, Self

from dbos import DBOSClient
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from screening.domain.errors import ConcurrentUpdate, StoreUnavailable
from screening.store.ai_reads import SqlAiReads
from screening.store.awaited import SqlAwaitedExams
from screening.store.cases import SqlCases
from screening.store.commitments import SqlCommitments
from screening.store.deliveries import SqlDeliveries
from screening.store.exams import SqlExams
from screening.store.jobs import SqlJobs, open_client
from screening.store.ledger import Ledger
from screening.store.policies import SqlPolicies
from screening.store.reads import SqlAuditRows
from screening.store.reports import SqlReports
from screening.store.rescoring import SqlRescoring

_PASSING: Final = (IntegrityError, OperationalError, InterfaceError, PoolTimeout)
"""What another writer or the state of the server causes; anything else is a fault of ours and stays as it is."""


class SqlUnitOfWork:
    """The `UnitOfWork` port over SQL: commits when its block ends without an error, else rolls everything back.

    Errors of the database leave as StoreUnavailable, or ConcurrentUpdate when another writer came first.
    """

    def __init__(self, engine: Engine, client: DBOSClient, zone: tzinfo) -> None:
        self._session = Session(engine, expire_on_commit=False)
        self._client = client
        self._zone = zone

    @cached_property
    def exams(self) -> SqlExams:
        """Studies, instances, refusals, episodes."""
        return SqlExams(self._session)

    @cached_property
    def cases(self) -> SqlCases:
        """Cases and their events."""
        return SqlCases(self._session)

    @cached_property
    def ai_reads(self) -> SqlAiReads:
        """AI reads."""
        return SqlAiReads(self._session)

    @cached_property
    def reports(self) -> SqlReports:
        """Reports."""
        return SqlReports(self._session)

    @cached_property
    def policies(self) -> SqlPolicies:
        """Policies."""
        return SqlPolicies(self._session)

    @cached_property
    def jobs(self) -> SqlJobs:
        """Background work, enqueued in this very transaction."""
        return SqlJobs(self._session, self._client)

    @cached_property
    def awaited(self) -> SqlAwaitedExams:
        """Exams whose images are still coming in."""
        return SqlAwaitedExams(self._session)

    @cached_property
    def commitments(self) -> SqlCommitments:
        """Storage commitments that partners asked for."""
        return SqlCommitments(self._session)

    @cached_property
    def deliveries(self) -> SqlDeliveries:
        """Results on their way to a PACS."""
        return SqlDeliveries(self._session)

    @cached_property
    def rescoring(self) -> SqlRescoring:
        """Runs of rescoring and their results, apart from every case."""
        return SqlRescoring(self._session)

    @cached_property
    def audit(self) -> SqlAuditRows:
        """What audits read."""
        return SqlAuditRows(self._session, self._zone)

    @cached_property
    def ledger(self) -> Ledger:
        """The hash chain, for investigation."""
        return Ledger(self._session)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._session.commit()
        except _PASSING as failed:
            raise _translated(failed) from failed
        finally:
            self._session.close()
        if isinstance(error, _PASSING):
            raise _translated(error) from error


class SqlUnits:
    """Opens units of work on one database; `zone` is the time zone of the programme's calendar dates."""

    def __init__(self, engine: Engine, zone: tzinfo = UTC) -> None:
        self._engine = engine
        self._zone = zone
        self._client = open_client(engine)

    def __call__(self) -> SqlUnitOfWork:
        """Open one."""
        return SqlUnitOfWork(self._engine, self._client, self._zone)

    def close(self) -> None:
        """Let go of the job client; the engine stays with whoever opened it."""
        self._client.destroy()


def _translated(error: SQLAlchemyError) -> ConcurrentUpdate | StoreUnavailable:
    if isinstance(error, IntegrityError):
        return ConcurrentUpdate("another writer stored this first")
    cause = error.orig if isinstance(error, DBAPIError) else error
    return StoreUnavailable(f"the database cannot be used now: {type(cause).__name__}")
