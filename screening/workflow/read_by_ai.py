"""Have AI read a case: outside any transaction, at least once, recorded once."""

from __future__ import annotations

from screening.domain import events as ev
from screening.domain.ai_read import AiRead, AiStatus
from screening.domain.identifiers import CaseId, StudyInstanceUid, stable_id
from screening.domain.quality import ReasonCode
from screening.domain.study import Study
from screening.workflow.ports import AiReader, Clock, PixelSource, UnitOfWorkFactory
from screening.workflow.recorded_case import load, record


def read_by_ai(
    units: UnitOfWorkFactory, reader: AiReader, pixels: PixelSource, clock: Clock, case: CaseId
) -> AiRead | None:
    """Run the AI reader on a case and record the result; None when it was already recorded.

    An objection is honoured before inference: no pixel is decoded. The run id follows from case, model, calibration
    inputs, so that a job that runs twice leaves one read.
    """
    with units() as uow:
        recorded = load(uow, case)
        facts = recorded.facts
        if facts.ai is not None or facts.opened is None:
            return None
        study = uow.exams.study(facts.opened.study)
        site = uow.exams.episode(facts.opened.episode).unit
        prior = uow.exams.study(facts.opened.prior_study) if facts.opened.prior_study else None
    objected = ev.Objection.NO_AI in facts.objections
    read = objected_read(study) if objected else reader.read(study, pixels, site, prior)
    run = run_id(case, read)
    with units() as uow:
        recorded = load(uow, case)
        if recorded.facts.ai is not None:
            return None
        uow.ai_reads.save(run, case, read, clock.now())
        record(uow, recorded, fact_of(run, read), reader.identity.product, clock.now())
    return read


def fact_of(run: str, read: AiRead) -> ev.AiScored | ev.AiRefused:
    """The case fact of an AI read."""
    if read.status is not AiStatus.OK or read.identity is None or read.exam_score is None:
        product = read.identity.product if read.identity is not None else None
        return ev.AiRefused(read.status, read.reasons, run, product)
    sides = tuple(dict.fromkeys(region.laterality for region in read.regions)) if read.flagged else ()
    return ev.AiScored(run, read.exam_score, read.flagged, read.identity.product, read.calibration_id or "", sides)


def run_id(case: CaseId, read: AiRead) -> str:
    """Id of a run: the same case, model, calibration and input files give the same id."""
    identity = read.identity
    signature = (identity.weights_sha256, identity.preprocessing_sha256, identity.engine) if identity else ()
    return stable_id("run", case, *signature, read.calibration_id or "", *read.input_digests)


def objected_read(study: Study) -> AiRead:
    """The AI read of a woman who objected: no inference was run."""
    return refused_read(study.study_instance_uid, AiStatus.OBJECTED, ReasonCode.OBJECTED)


def refused_read(study: StudyInstanceUid, status: AiStatus, *reasons: ReasonCode) -> AiRead:
    """An AI read without any score."""
    return AiRead(
        study_instance_uid=study,
        status=status,
        reasons=reasons,
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
        excluded=(),
        warnings=(),
        prior_used=False,
        input_digests=(),
    )
