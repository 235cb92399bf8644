"""Get the latest prior of a woman from the archives before her exam is read; nothing waits for them for ever."""

from __future__ import annotations

from screening.domain.identifiers import StudyInstanceUid
from screening.domain.selftest import is_selftest
from screening.workflow.ports import PriorSource, UnitOfWork, UnitOfWorkFactory


def fetch_prior(units: UnitOfWorkFactory, archives: PriorSource, study_uid: StudyInstanceUid) -> bool:
    """Have a prior sent where none is here; returns whether one came.

    Raises PartnerUnreachable or PartnerRefused, whereupon the exam is read without; call `priors_asked` either way.
    """
    with units() as uow:
        study = uow.exams.study(study_uid)
        if is_selftest(study.header.person) or uow.exams.latest_prior(study) is not None:
            return False
    return archives.fetch(study)


def priors_asked(uow: UnitOfWork, exam: str) -> None:
    """Let an exam that waits be taken up as soon as it is complete."""
    uow.awaited.priors_asked(exam)
