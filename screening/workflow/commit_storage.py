"""Answer who asks whether what they sent is safe here, so that they may delete it."""

from __future__ import annotations

from screening.domain.commitment import CommitmentRequest, CommitmentResult, judge
from screening.workflow.ports import Clock, UnitOfWork

COMMITMENT_JOB = "answer_commitment"


def ask_commitment(uow: UnitOfWork, clock: Clock, request: CommitmentRequest) -> None:
    """Note the question and have it answered; the same transaction asked again is answered again, if not under way."""
    uow.commitments.save(request, clock.now())
    at = clock.now().strftime("%Y%m%d%H%M%S%f")
    uow.jobs.enqueue(COMMITMENT_JOB, f"{COMMITMENT_JOB}:{request.transaction_uid}:{at}", request.transaction_uid)


def answer_commitment(uow: UnitOfWork, transaction_uid: str) -> tuple[CommitmentRequest, CommitmentResult]:
    """The question and its answer as things stand now. Raises NotFound."""
    request = uow.commitments.get(transaction_uid)
    classes = uow.commitments.classes([reference.sop_instance_uid for reference in request.references])
    return request, judge(request, classes)
