"""Open the reading case of an exam, and keep an open case in step with what arrives for it.

Opening pins the active policy, keeps the objections, and asks for the AI read. Whatever arrives later is derived from
what is stored, never counted on the way in, so that a killed intake that runs again records the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from screening.domain import events as ev
from screening.domain.episode import Episode
from screening.domain.errors import NotFound
from screening.domain.facts import CaseFacts
from screening.domain.identifiers import CaseId, EpisodeId, StudyInstanceUid, stable_id
from screening.domain.policy import Policy
from screening.domain.quality import TEXTS
from screening.domain.study import Study
from screening.domain.transitions import OPEN
from screening.workflow.intake import Received
from screening.workflow.ports import Clock, Registered, UnitOfWork, UnitOfWorkFactory
from screening.workflow.read_by_ai import unread_by_ai
from screening.workflow.recorded_case import RecordedCase, load, record

AI_READ_JOB = "ai_read"


def open_cases(
    units: UnitOfWorkFactory,
    clock: Clock,
    received: Iterable[Received],
    policy: Policy,
    unit: str,
    done: Callable[[], None] = lambda: None,
) -> list[CaseId]:
    """Open or update the case of every exam that something was received for, each in a transaction of its own.

    Only what is registered counts: a quarantined duplicate or our own result opens nothing and stops nothing.
    """
    stored = (Registered.NEW, Registered.KNOWN)
    studies = dict.fromkeys(item.study for item in received if item.study is not None and item.registered in stored)
    cases = []
    for study in studies:
        with units() as uow:
            case = open_case(uow, study, policy, unit, clock.now())
        cases += [case] if case is not None else []
        done()
    return list(dict.fromkeys(cases))


def open_case(uow: UnitOfWork, study_uid: StudyInstanceUid, policy: Policy, unit: str, at: datetime) -> CaseId | None:
    """Open the case of this exam once; an exam that has one is brought up to date instead.

    Returns None when there is none and the exam is quarantined or holds no image; such exams wait in view of a person.
    """
    study = uow.exams.study(study_uid)
    existing = _case_of(uow, study)
    if existing is not None:
        _bring_up_to_date(uow, study, existing, at)
        return existing
    if study.quarantine is not None or not study.images:
        return None
    exam = study.study_instance_uid
    case = CaseId(stable_id("case", exam))
    episode = episode_of(uow, study, unit)
    facts: list[ev.Fact] = [
        ev.CaseOpened(exam, episode.episode, True, uow.exams.latest_prior(study)),
        ev.PolicyPinned(policy.id, policy.version, policy.digest),
        *(ev.ObjectionRecorded(objection) for objection in sorted(episode.objections)),
    ]
    uow.cases.append(case, 0, "intake", at, facts)
    if policy.ai.takes_part:
        _ask_for_ai(uow, study, case)
    return case


def episode_id(study: Study) -> EpisodeId:
    """Episode of an exam: the woman and the order that was fulfilled, or the study where there was no order."""
    person = study.header.person
    key = study.header.accession_number or study.study_instance_uid
    return EpisodeId(stable_id("episode", person.issuer, person.value, key))


def episode_of(uow: UnitOfWork, study: Study, unit: str) -> Episode:
    """The episode the exam belongs to, made from the exam when none was announced."""
    try:
        return uow.exams.episode(episode_id(study))
    except NotFound:
        episode = Episode(
            episode=episode_id(study),
            person=study.header.person,
            round_number=2 if uow.exams.latest_prior(study) else 1,
            screened_on=study.header.study_date,
            unit=unit or study.header.institution or "unknown",
            age_years=study.header.age_years,
        )
        uow.exams.save_episode(episode)
        return episode


def _case_of(uow: UnitOfWork, study: Study) -> CaseId | None:
    """The case of this exam, whichever of its study UIDs it was opened under."""
    uids = sorted({study.study_instance_uid, *(image.study_instance_uid for image in study.images)})
    return next((case for case in map(uow.cases.of_study, uids) if case is not None), None)


def _bring_up_to_date(uow: UnitOfWork, study: Study, case: CaseId, at: datetime) -> None:
    """Hold a case whose exam turned out to be of two women; tell one about images it was read without."""
    recorded = load(uow, case)
    if study.quarantine is not None:
        _hold_in_quarantine(uow, recorded, study, at)
        return
    facts = recorded.facts
    unread = late_images(uow, study, facts) - facts.late_images
    if unread > 0:
        record(uow, recorded, ev.LateImagesReceived(unread), "intake", at)
    if recorded.policy.ai.takes_part and facts.ai is not None and unread_by_ai(uow, facts, study):
        _ask_for_ai(uow, study, case)


def late_images(uow: UnitOfWork, study: Study, facts: CaseFacts) -> int:
    """How many images of the exam arrived after a human had read it."""
    if not facts.reads:
        return 0
    first = min(read.at for read in facts.reads)
    arrivals = uow.exams.arrivals(study)
    return sum(arrivals[image.sop_instance_uid] > first for image in study.images)


def _hold_in_quarantine(uow: UnitOfWork, recorded: RecordedCase, study: Study, at: datetime) -> None:
    held = any(kind is ev.HoldKind.QUARANTINED for kind, _reason, _since in recorded.facts.holds)
    if held or study.quarantine is None or recorded.status(at).state not in OPEN:
        return
    record(uow, recorded, ev.Held(ev.HoldKind.QUARANTINED, TEXTS[study.quarantine]), "intake", at)


def _ask_for_ai(uow: UnitOfWork, study: Study, case: CaseId) -> None:
    """Enqueue the AI read of the images there are now; the same images are read once."""
    exam = study.study_instance_uid
    uow.jobs.enqueue(AI_READ_JOB, f"{AI_READ_JOB}:{case}:{len(study.images)}", exam, case)
