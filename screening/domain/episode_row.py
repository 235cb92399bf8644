"""One case as audits see it: facts folded, status decided, nothing that identifies anybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import TypedDict

from screening.domain.case import CaseState, CaseStatus, decide
from screening.domain.episode import EpisodeRow
from screening.domain.events import AiRefused, AiScored, CaseEvent
from screening.domain.facts import CaseFacts, HumanRead, fold, independent
from screening.domain.opinion import worst
from screening.domain.policy import Policy


@dataclass(frozen=True)
class CaseContext:
    """What is stored around the events of a case: its policy (id, version), episode and device.

    `round_number` is 0 when the episode is not stored.
    """

    case: str
    episode: str
    policy: tuple[str, str] | None
    unit: str
    round_number: int
    age_years: int | None
    screened_on: date | None
    manufacturer: str
    device_model: str
    device_software: str
    implant: bool
    density: str | None
    quality_notes: str | None = None


class _Ai(TypedDict):
    ai_status: str | None
    ai_reason: str | None
    ai_product: str | None
    ai_calibration: str | None
    ai_score: int | None
    ai_flagged: bool


class _Reads(TypedDict):
    reader_1: str | None
    reader_2: str | None
    opinion_1: str | None
    opinion_2: str | None
    blind_1: bool | None
    blind_2: bool | None
    human_reads: int


class _Conclusion(TypedDict):
    arbitrated: bool
    arbitration_reason: str | None
    arbitration_opinion: str | None
    origin: str
    outcome: str | None
    worst_category: int | None


class _FollowUp(TypedDict):
    assessed: bool
    biopsy: bool | None
    cancer: bool | None
    invasive: bool | None
    size_mm: float | None
    node_positive: bool | None
    interval_cancer: bool


def episode_row(context: CaseContext, policy: Policy | None, events: Sequence[CaseEvent], zone: tzinfo) -> EpisodeRow:
    """The row of a case as it stood at its last event; without a pinned policy it waits for images.

    `cancer` is what assessment found; an interval cancer has a column of its own.
    """
    facts = fold(events)
    status = decide(policy, events, events[-1].at) if policy is not None and events else _unpinned()
    return EpisodeRow(
        case=context.case,
        episode=context.episode,
        unit=context.unit,
        round_number=context.round_number,
        age_years=context.age_years,
        screened_on=context.screened_on,
        released_on=_day(facts.released_at, zone),
        policy="@".join(context.policy) if context.policy else "",
        manufacturer=context.manufacturer,
        device_model=context.device_model,
        device_software=context.device_software,
        implant=context.implant,
        density=context.density,
        quality_notes=context.quality_notes,
        state=status.state.value,
        **_reads(facts),
        **_ai(facts),
        **_conclusion(facts, status),
        **_follow_up(facts),
    )


def _unpinned() -> CaseStatus:
    return CaseStatus(CaseState.AWAITING_IMAGES, required_reads=0, reads=0)


def _day(moment: datetime | None, zone: tzinfo) -> date | None:
    return moment.astimezone(zone).date() if moment is not None else None


def _reads(facts: CaseFacts) -> _Reads:
    reads = independent(facts.reads)
    one, two = (*reads, None, None)[:2]
    return _Reads(
        reader_1=_reader(one),
        reader_2=_reader(two),
        opinion_1=_opinion(one),
        opinion_2=_opinion(two),
        blind_1=one.recorded.blind if one is not None else None,
        blind_2=two.recorded.blind if two is not None else None,
        human_reads=len(reads),
    )


def _reader(read: HumanRead | None) -> str | None:
    return read.recorded.author.reader if read is not None else None


def _opinion(read: HumanRead | None) -> str | None:
    return read.recorded.opinion.kind.value if read is not None else None


def _ai(facts: CaseFacts) -> _Ai:
    match facts.ai:
        case AiScored() as scored:
            return _Ai(
                ai_status="ok",
                ai_reason=None,
                ai_product=scored.product,
                ai_calibration=scored.calibration_id,
                ai_score=scored.exam_score,
                ai_flagged=scored.flagged,
            )
        case AiRefused(status=status, reasons=reasons, product=product):
            return _no_ai(status.value, reasons[0].value if reasons else None, product)
        case None:
            return _no_ai(None, None, None)


def _no_ai(status: str | None, reason: str | None, product: str | None) -> _Ai:
    return _Ai(
        ai_status=status,
        ai_reason=reason,
        ai_product=product,
        ai_calibration=None,
        ai_score=None,
        ai_flagged=False,
    )


def _conclusion(facts: CaseFacts, status: CaseStatus) -> _Conclusion:
    outcome, decision = status.outcome, facts.decision
    categories = tuple(breast.category for breast in outcome.breasts) if outcome is not None else ()
    return _Conclusion(
        arbitrated=decision is not None,
        arbitration_reason=status.arbitration.value if status.arbitration is not None else None,
        arbitration_opinion=decision.decided.opinion.kind.value if decision is not None else None,
        origin=outcome.origin if outcome is not None else "none",
        outcome=outcome.kind.value if outcome is not None else None,
        worst_category=int(worst(categories)) if categories else None,
    )


def _follow_up(facts: CaseFacts) -> _FollowUp:
    found = facts.assessment
    return _FollowUp(
        assessed=found is not None,
        biopsy=found.biopsy if found is not None else None,
        cancer=found.cancer if found is not None else None,
        invasive=found.invasive if found is not None else None,
        size_mm=found.size_mm if found is not None else None,
        node_positive=found.node_positive if found is not None else None,
        interval_cancer=facts.interval_cancer is not None,
    )
