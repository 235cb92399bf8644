"""What audits read: one flat row per case, made from its events; nothing here writes.

Cases are taken in blocks of two queries each, so that neither memory nor the number of queries grows with a case, and
no cursor stays open while somebody counts.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from screening.domain.episode import EpisodeRow
from screening.domain.episode_row import CaseContext, episode_row
from screening.domain.events import CaseEvent
from screening.domain.identifiers import CaseId
from screening.store.documents import read_fact
from screening.store.engine import BEGIN_DEFERRED, BEGIN_OPTION
from screening.store.policies import SqlPolicies
from screening.store.selftests import of_women
from screening.store.tables import AiReadRow, CaseEventRow, CaseRow, EpisodeRecordRow, StudyRow

_BLOCK: Final = 500

_CONTEXT: Final = (
    select(CaseRow, EpisodeRecordRow, StudyRow, AiReadRow.density, AiReadRow.document)
    .outerjoin(EpisodeRecordRow, EpisodeRecordRow.episode == CaseRow.episode)
    .outerjoin(StudyRow, StudyRow.study_instance_uid == CaseRow.study_instance_uid)
    .outerjoin(AiReadRow, AiReadRow.run == CaseRow.ai_run)
    .where(of_women(CaseRow.study_instance_uid))
    .order_by(CaseRow.ordinal)
    .limit(_BLOCK)
)


class SqlAuditRows:
    """The `AuditRows` port over SQL; `zone` is the time zone of the programme's calendar dates."""

    def __init__(self, session: Session, zone: tzinfo) -> None:
        self._session = session
        self._zone = zone
        self._policies = SqlPolicies(session)

    def episode_rows(self) -> Iterator[EpisodeRow]:
        """One row per case in the order in which the cases were opened, streaming.

        Opened first in its unit of work it takes no write lock, so that auditing never holds up reading.
        """
        if not self._session.in_transaction():
            self._session.connection(execution_options={BEGIN_OPTION: BEGIN_DEFERRED})
        after = 0
        while block := self._block(after):
            events = self._events([context.case for _ordinal, context in block])
            for _ordinal, context in block:
                policy = self._policies.get(*context.policy) if context.policy else None
                yield episode_row(context, policy, events[context.case], self._zone)
            after = block[-1][0]

    def _block(self, after: int) -> Sequence[tuple[int, CaseContext]]:
        rows = self._session.execute(_CONTEXT.where(CaseRow.ordinal > after))
        return [
            (case.ordinal, _context(case, episode, study, density, _quality(document)))
            for case, episode, study, density, document in rows
        ]

    def _events(self, cases: Sequence[str]) -> Mapping[str, Sequence[CaseEvent]]:
        rows = self._session.execute(
            select(
                CaseEventRow.case_id,
                CaseEventRow.sequence,
                CaseEventRow.at,
                CaseEventRow.actor,
                CaseEventRow.kind,
                CaseEventRow.document,
            )
            .where(CaseEventRow.case_id.in_(cases))
            .order_by(CaseEventRow.case_id, CaseEventRow.sequence)
        )
        found = defaultdict[str, list[CaseEvent]](list)
        for case, sequence, at, actor, kind, document in rows:
            found[case].append(CaseEvent(CaseId(case), sequence, at, actor, read_fact(kind, document)))
        return found


def _context(
    case: CaseRow,
    episode: EpisodeRecordRow | None,
    study: StudyRow | None,
    density: str | None,
    quality: str | None,
) -> CaseContext:
    ages = (episode.age_years if episode else None, study.age_years if study else None)
    days = (episode.screened_on if episode else None, study.study_date if study else None)
    return CaseContext(
        case=case.case_id,
        episode=case.episode,
        policy=(case.policy_id, case.policy_version) if case.policy_id else None,
        unit=episode.unit if episode else "",
        round_number=episode.round_number if episode else 0,
        age_years=next((age for age in ages if age is not None), None),
        screened_on=next((day for day in days if day is not None), None),
        manufacturer=study.manufacturer if study else "",
        device_model=study.device_model if study else "",
        device_software=study.device_software if study else "",
        implant=study.implant if study else False,
        density=density,
        quality_notes=quality,
    )


def _quality(document: str | None) -> str | None:
    """Codes of the notes in a stored AI read, each once, between blanks; None when it measured no image."""
    read = json.loads(document) if document else {}
    notes = read.get("quality")
    if notes is None or not any(fill["sop_instance_uid"] for fill in read.get("slots", ())):
        return None
    codes = sorted({str(note["code"]) for note in notes})
    return " " + "".join(f"{code} " for code in codes)
