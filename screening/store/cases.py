"""Cases as append-only events, with the summary row and ledger link of each append in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from screening.domain.case import CaseState, decide
from screening.domain.errors import CaseNotFound, ConcurrentUpdate, Conflict, EventNotAllowed
from screening.domain.events import AiRefused, AiScored, CaseEvent, CaseOpened, Fact
from screening.domain.facts import CaseFacts, fold
from screening.domain.identifiers import CaseId, StudyInstanceUid
from screening.store.documents import write_fact
from screening.store.inserts import insert_once
from screening.store.ledger import Entry, Ledger, event_name, event_subject
from screening.store.mapping import event_of, event_row, summary_of
from screening.store.policies import SqlPolicies
from screening.store.selftests import of_women
from screening.store.tables import CaseEventRow, CaseRow
from screening.workflow.ports import CaseSummary


class SqlCases:
    """The `Cases` port over SQL."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._policies = SqlPolicies(session)
        self._ledger = Ledger(session)

    def append(
        self, case: CaseId, expected: int, actor: str, at: datetime, facts: Sequence[Fact]
    ) -> Sequence[CaseEvent]:
        """Append facts after event number `expected` (0 for a new case), with summary row and ledger links.

        Raises ConcurrentUpdate when the case has moved on, EventNotAllowed when a new case does not begin with
        CaseOpened, CaseNotFound for an unknown case.
        """
        self._ledger.lock()
        row = self._open(case, at, facts) if expected == 0 else self._locked(case, expected)
        before = self._events(case) if expected else []
        new = [CaseEvent(case, expected + i, at, actor, fact) for i, fact in enumerate(facts, start=1)]
        self._summarise(row, [*before, *new], at)
        self._record(at, actor, new)
        return new

    def events(self, case: CaseId) -> Sequence[CaseEvent]:
        """All events in order. Raises CaseNotFound."""
        found = self._events(case)
        if not found:
            raise CaseNotFound("no case has this id")
        return found

    def of_study(self, study: StudyInstanceUid) -> CaseId | None:
        """The latest case of a study."""
        found = self._session.scalar(
            select(CaseRow.case_id).where(CaseRow.study_instance_uid == study).order_by(CaseRow.ordinal.desc()).limit(1)
        )
        return CaseId(found) if found is not None else None

    def list(self, states: Iterable[CaseState] = ()) -> Sequence[CaseSummary]:
        """Cases, oldest first; all states when none is given. The service's own self-tests are nobody's work."""
        wanted = [state.value for state in states]
        query = select(CaseRow).where(of_women(CaseRow.study_instance_uid))
        query = query.order_by(CaseRow.ordinal).execution_options(populate_existing=True)
        if wanted:
            query = query.where(CaseRow.state.in_(wanted))
        return [summary_of(row) for row in self._session.scalars(query)]

    def _record(self, at: datetime, actor: str, events: Sequence[CaseEvent]) -> None:
        written = [write_fact(event.fact) for event in events]
        entries = [
            Entry(event_name(kind), event_subject(event.case, event.sequence), document)
            for event, (kind, document) in zip(events, written, strict=True)
        ]
        links = self._ledger.append(at, actor, entries)
        self._session.add_all(
            event_row(event, kind, document, link)
            for event, (kind, document), link in zip(events, written, links, strict=True)
        )
        self._session.flush()

    def _events(self, case: CaseId) -> Sequence[CaseEvent]:
        rows = self._session.scalars(
            select(CaseEventRow).where(CaseEventRow.case_id == case).order_by(CaseEventRow.sequence)
        )
        return [event_of(row) for row in rows]

    def _open(self, case: CaseId, at: datetime, facts: Sequence[Fact]) -> CaseRow:
        first = facts[0] if facts else None
        if not isinstance(first, CaseOpened):
            raise EventNotAllowed("a case begins with CaseOpened")
        inserted = insert_once(
            self._session,
            CaseRow,
            case_id=case,
            study_instance_uid=first.study,
            episode=first.episode,
            policy_id="",
            policy_version="",
            state=CaseState.AWAITING_IMAGES.value,
            sequence=0,
            ai_run=None,
            opened_at=at,
            updated_at=at,
        )
        if not inserted:
            raise ConcurrentUpdate("the case exists already")
        return self._locked(case, 0)

    def _locked(self, case: CaseId, expected: int) -> CaseRow:
        """The summary row, locked until the transaction ends, so that two appends meet here and not later."""
        row = self._session.scalar(
            select(CaseRow).where(CaseRow.case_id == case).with_for_update().execution_options(populate_existing=True)
        )
        if row is None:
            raise CaseNotFound("no case has this id")
        if row.sequence != expected:
            raise ConcurrentUpdate("somebody else appended to this case first")
        return row

    def _summarise(self, row: CaseRow, events: Sequence[CaseEvent], at: datetime) -> None:
        facts = fold(events)
        row.sequence = len(events)
        row.updated_at = at
        row.state = self._state(facts, events, at).value
        if facts.pinned is not None:
            row.policy_id, row.policy_version = facts.pinned.policy_id, facts.pinned.version
        if isinstance(facts.ai, AiScored | AiRefused):
            row.ai_run = facts.ai.run

    def _state(self, facts: CaseFacts, events: Sequence[CaseEvent], at: datetime) -> CaseState:
        if facts.pinned is None:
            return CaseState.AWAITING_IMAGES
        policy = self._policies.get(facts.pinned.policy_id, facts.pinned.version)
        if policy.digest != facts.pinned.digest:
            raise Conflict("the stored policy is not the one this case was pinned to")
        return decide(policy, events, at).state
