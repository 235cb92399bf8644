"""Compose the structured report of a released case from its facts: nothing is typed twice."""

from __future__ import annotations

from screening.domain.ai_read import AiRead, AiStatus, BreastDensity
from screening.domain.errors import EventNotAllowed
from screening.domain.events import AiRefused, AiScored, Objection
from screening.domain.facts import CaseFacts
from screening.domain.identifiers import CaseId, stable_id
from screening.domain.opinion import BiRads, BreastOpinion, worst
from screening.domain.outcome import Outcome, OutcomeKind
from screening.domain.report import AiStatement, ImageReference, ReaderRole, ReportStatus, StructuredReport
from screening.domain.study import ImageKind, Laterality, Study
from screening.workflow.ports import UnitOfWork
from screening.workflow.recorded_case import load

READ_KINDS = frozenset(
    {ImageKind.FFDM, ImageKind.FFDM_PROCESSING, ImageKind.DBT, ImageKind.SYNTHETIC_2D, ImageKind.FILM}
    | {ImageKind.PROPRIETARY_TOMOSYNTHESIS, ImageKind.CONTRAST}
)
"""Kinds of image that show a breast to a reader; a specimen, a projection or a test object alone does not."""


def compose_report(uow: UnitOfWork, case: CaseId, organisation: str) -> StructuredReport:
    """The report of a released case, stored as version 1; composing again returns the stored one.

    Raises EventNotAllowed when the outcome is not released.
    """
    existing = uow.reports.latest(case)
    if existing is not None:
        return existing
    recorded = load(uow, case)
    facts = recorded.facts
    if facts.released is None or facts.opened is None or facts.released_at is None:
        raise EventNotAllowed("a report is composed of a released case")
    study = uow.exams.study(facts.opened.study)
    run = facts.ai.run if facts.ai is not None else None
    ai_read = uow.ai_reads.get(run) if run else None
    report = StructuredReport(
        report_id=stable_id("report", case),
        version=1,
        status=ReportStatus.FINAL,
        case=case,
        episode=facts.opened.episode,
        participant=study.header.participant,
        study_instance_uid=study.study_instance_uid,
        accession_number=study.header.accession_number,
        study_date=study.header.study_date,
        modality_is_dbt=any(image.kind is ImageKind.DBT for image in study.images),
        images=_references(study),
        outcome=facts.released,
        breasts=_breasts(facts, facts.released, imaged_sides(study)),
        density=_density(facts, ai_read),
        readers=_readers(facts),
        policy=f"{recorded.policy.id}@{recorded.policy.version}",
        ai=_ai_statement(facts, ai_read),
        issued=facts.released_at,
        organisation=organisation,
        no_sharing=Objection.NO_SHARING in facts.objections,
    )
    uow.reports.save(report)
    return report


def _references(study: Study) -> tuple[ImageReference, ...]:
    return tuple(
        ImageReference(image.sop_instance_uid, image.series_instance_uid, image.study_instance_uid, image.sop_class_uid)
        for image in study.images
    )


def imaged_sides(study: Study) -> frozenset[Laterality]:
    """Breasts of which the study holds at least one image that people read."""
    return frozenset(image.laterality for image in study.images if image.kind in READ_KINDS and image.laterality)


def _breasts(facts: CaseFacts, outcome: Outcome, imaged: frozenset[Laterality]) -> tuple[BreastOpinion, ...]:
    """One category per side: as decided where recalled, else the worst the readers gave, else negative.

    Nothing is said of a breast that nobody recalled or categorised and that no image shows: absent is not negative.
    """
    if outcome.kind in (OutcomeKind.TECHNICAL_RECALL, OutcomeKind.NO_RESULT):
        return ()
    told = {breast.laterality: breast for breast in outcome.breasts}
    for side in Laterality:
        category = _benign_category(facts, side) or (BiRads.NEGATIVE if side in imaged else None)
        if side not in told and category is not None:
            told[side] = BreastOpinion(side, category)
    return tuple(told[side] for side in Laterality if side in told)


def _benign_category(facts: CaseFacts, side: Laterality) -> BiRads | None:
    given = [
        breast.category
        for read in facts.reads
        for breast in read.recorded.opinion.breasts
        if breast.laterality is side and breast.category in (BiRads.NEGATIVE, BiRads.BENIGN)
    ]
    return worst(tuple(given)) if given else None


def _density(facts: CaseFacts, read: AiRead | None) -> BreastDensity | None:
    """What AI says of density, only from a read that may be used."""
    usable = read is not None and read.usable and Objection.NO_AI not in facts.objections
    return read.density if read is not None and usable else None


def _readers(facts: CaseFacts) -> tuple[ReaderRole, ...]:
    readers = [ReaderRole(read.recorded.kind.value, read.at) for read in facts.reads]
    if facts.decision is not None:
        readers.append(ReaderRole("arbiter", facts.decision.at))
    return tuple(readers)


def _ai_statement(facts: CaseFacts, read: AiRead | None) -> AiStatement:
    if Objection.NO_AI in facts.objections:
        return AiStatement(None, AiStatus.OBJECTED, None, None, False)
    match facts.ai:
        case AiScored(exam_score=score, flagged=flagged, calibration_id=calibration):
            return AiStatement(read.identity if read else None, AiStatus.OK, calibration, score, flagged)
        case AiRefused(status=status):
            return AiStatement(read.identity if read else None, status, None, None, False)
        case None:
            return AiStatement(None, None, None, None, False)
