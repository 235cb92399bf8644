"""Open the reading case of a study: pin the active policy, keep the objections, and ask for the AI read."""

from __future__ import annotations

from datetime import datetime

from screening.domain import events as ev
from screening.domain.episode import Episode
from screening.domain.errors import NotFound
from screening.domain.identifiers import CaseId, EpisodeId, StudyInstanceUid, stable_id
from screening.domain.policy import Policy
from screening.domain.study import Study
from screening.workflow.ports import UnitOfWork
from screening.workflow.recorded_case import load, record

AI_READ_JOB = "ai_read"


def open_case(
    uow: UnitOfWork, study_uid: StudyInstanceUid, policy: Policy, unit: str, at: datetime, new_images: int = 0
) -> CaseId | None:
    """Open the case of a study once, or tell its case that `new_images` came after it had been read.

    Returns None when the study is quarantined or holds no image; such studies wait in view of a person.
    """
    study = uow.exams.study(study_uid)
    if study.quarantine is not None or not study.images:
        return None
    exam = study.study_instance_uid
    case = stable_id("case", exam)
    existing = _case_of(uow, study)
    if existing is not None:
        _note_late_images(uow, existing, new_images, at)
        return existing
    episode = episode_of(uow, study, unit)
    facts: list[ev.Fact] = [
        ev.CaseOpened(exam, episode.episode, True, uow.exams.latest_prior(study)),
        ev.PolicyPinned(policy.id, policy.version, policy.digest),
        *(ev.ObjectionRecorded(objection) for objection in sorted(episode.objections)),
    ]
    uow.cases.append(CaseId(case), 0, "intake", at, facts)
    if policy.ai.takes_part:
        uow.jobs.enqueue(AI_READ_JOB, f"{AI_READ_JOB}:{case}", exam, case)
    return CaseId(case)


def _case_of(uow: UnitOfWork, study: Study) -> CaseId | None:
    """The case of this exam, whichever of its study UIDs it was opened under."""
    uids = sorted({study.study_instance_uid, *(image.study_instance_uid for image in study.images)})
    return next((case for case in map(uow.cases.of_study, uids) if case is not None), None)


def _note_late_images(uow: UnitOfWork, case: CaseId, count: int, at: datetime) -> None:
    recorded = load(uow, case)
    facts = recorded.facts
    if count and (facts.ai is not None or facts.reads):
        record(uow, recorded, ev.LateImagesReceived(count), "intake", at)


def episode_of(uow: UnitOfWork, study: Study, unit: str) -> Episode:
    """The episode the study belongs to, by accession number, made from the study when none was announced."""
    key = study.header.accession_number or study.study_instance_uid
    episode_id = EpisodeId(stable_id("episode", study.header.person.issuer, key))
    try:
        return uow.exams.episode(episode_id)
    except NotFound:
        episode = Episode(
            episode=episode_id,
            person=study.header.person,
            round_number=2 if uow.exams.latest_prior(study) else 1,
            screened_on=study.header.study_date,
            unit=unit or study.header.institution or "unknown",
            age_years=study.header.age_years,
        )
        uow.exams.save_episode(episode)
        return episode
