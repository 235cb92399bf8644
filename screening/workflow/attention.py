"""What waits for a person: files that were refused, instances in quarantine (rule 5: every refusal is shown)."""

from __future__ import annotations

from dataclasses import dataclass

from screening.domain.identifiers import FileDigest, StudyInstanceUid
from screening.domain.quality import TEXTS, ReasonCode
from screening.workflow.ports import UnitOfWork


@dataclass(frozen=True)
class Attention:
    """One stored file that needs a look; `study` is None when the file is no DICOM object."""

    digest: FileDigest
    reason: ReasonCode
    study: StudyInstanceUid | None = None

    @property
    def text(self) -> str:
        """The reason in words."""
        return TEXTS[self.reason]


def attention(uow: UnitOfWork) -> list[Attention]:
    """Refused files, then quarantined instances, in order of arrival."""
    refused = [Attention(digest, reason) for digest, reason in uow.exams.refusals()]
    return refused + [Attention(digest, reason, study) for digest, reason, study in uow.exams.quarantined()]
