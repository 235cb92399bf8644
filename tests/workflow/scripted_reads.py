"""AI reads whose score follows from the exam, for tests in which the network is not the point."""

from __future__ import annotations

from dataclasses import replace

from screening.domain.ai_read import AiIdentity, AiRead, AiStatus
from screening.domain.identifiers import Participant, PersonId, StudyInstanceUid
from screening.domain.quality import ReasonCode
from screening.domain.study import Study, StudyHeader
from screening.workflow.read_by_ai import refused_read

FLAG_FROM = 8


def scripted_read(study: StudyInstanceUid, identity: AiIdentity, shift: int = 0) -> AiRead:
    """Score 1-9 by the last number of the UID (plus `shift`); every tenth exam lacks a view."""
    number = int(study.rpartition(".")[2]) % 10
    empty = Study(StudyHeader(study, Participant(PersonId("", "")), "", None), ())
    refused = replace(refused_read(empty, AiStatus.UNSUPPORTED, ReasonCode.VIEWS_MISSING), identity=identity)
    if number == 0:
        return refused
    score = min(10, number + shift)
    return replace(
        refused,
        status=AiStatus.OK,
        reasons=(),
        exam_score=score,
        raw_score=score / 10,
        probability=score / 100,
        flagged=score >= FLAG_FROM,
        calibration_id="cal-1",
    )
