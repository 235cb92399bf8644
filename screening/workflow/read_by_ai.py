"""Have AI read a case: outside any transaction, at least once, recorded once."""

from __future__ import annotations

from screening.domain import events as ev
from screening.domain.ai_read import AiRead, AiStatus
from screening.domain.facts import CaseFacts
from screening.domain.identifiers import CaseId, SopInstanceUid, stable_id
from screening.domain.quality import Exclusion, ReasonCode
from screening.domain.study import Study
from screening.workflow.deliver_results import ask_for_delivery
from screening.workflow.ports import AiReader, Clock, PixelSource, UnitOfWork, UnitOfWorkFactory
from screening.workflow.recorded_case import load, record


def read_by_ai(
    units: UnitOfWorkFactory, reader: AiReader, pixels: PixelSource, clock: Clock, case: CaseId
) -> AiRead | None:
    """Run the AI reader on a case and record the result; None when the images there are were read already.

    An objection is honoured before inference: no pixel is decoded. An exam of two women is not read. Images that came
    after an earlier run make a new one, which supersedes it. A job that runs twice leaves one read.
    """
    with units() as uow:
        facts = load(uow, case).facts
        if facts.opened is None:
            return None
        study = uow.exams.study(facts.opened.study)
        if not unread_by_ai(uow, facts, study):
            return None
        site = uow.exams.episode(facts.opened.episode).unit
        prior = uow.exams.study(facts.opened.prior_study) if facts.opened.prior_study else None
    read = _refused_unread(facts, study) or reader.read(study, pixels, site, prior)
    run = run_id(case, read)
    with units() as uow:
        recorded = load(uow, case)
        if not unread_by_ai(uow, recorded.facts, study):
            return None
        uow.ai_reads.save(run, case, read, clock.now())
        record(uow, recorded, fact_of(run, read), (read.identity or reader.identity).product, clock.now())
        ask_for_delivery(uow, study.study_instance_uid, case, run)
    return read


def _seen_by_ai(uow: UnitOfWork, facts: CaseFacts) -> frozenset[SopInstanceUid]:
    """Images that the latest AI run saw, used or refused; empty when there was no run."""
    run = facts.ai.run if facts.ai is not None else None
    if run is None:
        return frozenset()
    read = uow.ai_reads.get(run)
    filled = {slot.sop_instance_uid for slot in read.slots if slot.sop_instance_uid is not None}
    return frozenset(filled | {item.sop_instance_uid for item in read.excluded})


def unread_by_ai(uow: UnitOfWork, facts: CaseFacts, study: Study) -> bool:
    """Whether AI has something to read: it never did, or images came since and the outcome is not released."""
    if facts.ai is None:
        return True
    if facts.released is not None or facts.ai.run is None:
        return False
    return not {image.sop_instance_uid for image in study.images} <= _seen_by_ai(uow, facts)


def _refused_unread(facts: CaseFacts, study: Study) -> AiRead | None:
    """The refusal of an exam that must not be read at all, else None."""
    if ev.Objection.NO_AI in facts.objections:
        return refused_read(study, AiStatus.OBJECTED, ReasonCode.OBJECTED)
    if study.quarantine is not None:
        return refused_read(study, AiStatus.UNSUPPORTED, study.quarantine)
    return None


def fact_of(run: str, read: AiRead) -> ev.AiScored | ev.AiRefused:
    """The case fact of an AI read."""
    if read.status is not AiStatus.OK or read.identity is None or read.exam_score is None:
        product = read.identity.product if read.identity is not None else None
        return ev.AiRefused(read.status, read.reasons, run, product)
    sides = tuple(dict.fromkeys(region.laterality for region in read.regions)) if read.flagged else ()
    return ev.AiScored(run, read.exam_score, read.flagged, read.identity.product, read.calibration_id or "", sides)


def run_id(case: CaseId, read: AiRead) -> str:
    """Id of a run: the same case, model, calibration, input files and prior files give the same id."""
    identity = read.identity
    prior = ("prior", *read.prior_digests) if read.prior_digests else ()
    signature = (identity.weights_sha256, identity.preprocessing_sha256, identity.engine) if identity else ()
    return stable_id("run", case, *signature, read.calibration_id or "", *read.input_digests, *prior)


def refused_read(study: Study, status: AiStatus, reason: ReasonCode) -> AiRead:
    """An AI read without any score: no pixel was decoded, and every image is listed with the reason."""
    return AiRead(
        study_instance_uid=study.study_instance_uid,
        status=status,
        reasons=(reason,),
        identity=None,
        stratum="",
        calibration_id=None,
        exam_score=None,
        raw_score=None,
        probability=None,
        flagged=False,
        breasts=(),
        regions=(),
        density=None,
        slots=(),
        excluded=tuple(Exclusion(image.sop_instance_uid, reason) for image in study.images),
        warnings=(),
        prior_used=False,
        input_digests=(),
    )
