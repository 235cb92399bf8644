"""AI reads, kept whole."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from screening.domain.ai_read import AiRead
from screening.domain.errors import NotFound
from screening.domain.identifiers import CaseId, StudyInstanceUid
from screening.store.documents import AI_READS
from screening.store.inserts import insert_once
from screening.store.tables import AiReadRow


class SqlAiReads:
    """The `AiReads` port over SQL."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, run: str, case: CaseId | None, read: AiRead, at: datetime) -> None:
        """Idempotent by `run`: the first read saved under an id stands."""
        insert_once(
            self._session,
            AiReadRow,
            run=run,
            case_id=case,
            study_instance_uid=read.study_instance_uid,
            density=read.density.value if read.density else None,
            at=at,
            document=AI_READS.write(read),
        )

    def get(self, run: str) -> AiRead:
        """Raises NotFound."""
        document = self._session.scalar(select(AiReadRow.document).where(AiReadRow.run == run))
        if document is None:
            raise NotFound("no AI read has this run id")
        return AI_READS.read(document)

    def latest(self, study: StudyInstanceUid) -> tuple[str, AiRead] | None:
        """The latest run of a study."""
        found = self._session.execute(
            select(AiReadRow.run, AiReadRow.document)
            .where(AiReadRow.study_instance_uid == study)
            .order_by(AiReadRow.ordinal.desc())
            .limit(1)
        ).one_or_none()
        if found is None:
            return None
        run, document = found
        return run, AI_READS.read(document)
