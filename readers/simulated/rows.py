"""A played case as the flat row by which audits see it; the store makes the same row from what it keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypedDict

from readers.simulated.round import PlayedCase
from screening.domain.case import decide
from screening.domain.episode import EpisodeRow
from screening.domain.events import AiRefused, AiScored
from screening.domain.facts import CaseFacts, HumanRead, fold
from screening.domain.opinion import worst
from screening.domain.policy import Policy


class _Ai(TypedDict):
    ai_status: str | None
    ai_reason: str | None
    ai_product: str | None
    ai_calibration: str | None
    ai_score: int | None
    ai_flagged: bool


class _Assessment(TypedDict):
    assessed: bool
    biopsy: bool | None
    cancer: bool | None
    invasive: bool | None
    size_mm: float | None
    node_positive: bool | None


def episode_rows(policy: Policy, cases: Iterable[PlayedCase]) -> Iterator[EpisodeRow]:
    """One row per case."""
    return (episode_row(policy, case) for case in cases)


def episode_row(policy: Policy, case: PlayedCase) -> EpisodeRow:
    """The row of one case; `screened_on` is the day on which its images were complete."""
    facts, last, woman = fold(case.events), case.events[-1], case.woman
    status = decide(policy, case.events, last.at)
    outcome = status.outcome
    one, two = ((*facts.reads, None, None))[:2]
    decided = facts.decision.decided.opinion if facts.decision is not None else None
    categories = tuple(breast.category for breast in outcome.breasts) if outcome is not None else ()
    return EpisodeRow(
        case=last.case,
        episode=facts.opened.episode if facts.opened is not None else "",
        unit=woman.site.unit,
        round_number=woman.round_number,
        age_years=woman.age_years,
        screened_on=facts.opened_at.date() if facts.opened_at is not None else None,
        released_on=facts.released_at.date() if facts.released_at is not None else None,
        policy=f"{policy.id}@{policy.version}",
        manufacturer=woman.site.device.manufacturer,
        device_model=woman.site.device.model,
        device_software=woman.site.device.software,
        implant=woman.implant,
        density=woman.density.value,
        state=status.state.value,
        reader_1=_reader(one),
        reader_2=_reader(two),
        opinion_1=_opinion(one),
        opinion_2=_opinion(two),
        blind_1=one.recorded.blind if one is not None else None,
        blind_2=two.recorded.blind if two is not None else None,
        arbitrated=decided is not None,
        arbitration_reason=status.arbitration.value if status.arbitration is not None else None,
        arbitration_opinion=decided.kind.value if decided is not None else None,
        origin=outcome.origin if outcome is not None else "none",
        outcome=outcome.kind.value if outcome is not None else None,
        worst_category=int(worst(categories)) if categories else None,
        interval_cancer=facts.interval_cancer is not None,
        human_reads=len(facts.reads),
        **_ai(facts),
        **_assessment(facts),
    )


def _reader(read: HumanRead | None) -> str | None:
    return read.recorded.author.reader if read is not None else None


def _opinion(read: HumanRead | None) -> str | None:
    return read.recorded.opinion.kind.value if read is not None else None


def _ai(facts: CaseFacts) -> _Ai:
    match facts.ai:
        case AiScored(exam_score=score, flagged=flagged, product=product, calibration_id=calibration):
            return _Ai(
                ai_status="ok",
                ai_reason=None,
                ai_product=product,
                ai_calibration=calibration,
                ai_score=score,
                ai_flagged=flagged,
            )
        case AiRefused(status=status, reasons=reasons):
            return _no_ai(status.value, reasons[0].value if reasons else None)
        case None:
            return _no_ai(None, None)


def _no_ai(status: str | None, reason: str | None) -> _Ai:
    return _Ai(
        ai_status=status, ai_reason=reason, ai_product=None, ai_calibration=None, ai_score=None, ai_flagged=False
    )


def _assessment(facts: CaseFacts) -> _Assessment:
    found = facts.assessment
    if found is None:
        return _Assessment(assessed=False, biopsy=None, cancer=None, invasive=None, size_mm=None, node_positive=None)
    return _Assessment(
        assessed=True,
        biopsy=found.biopsy,
        cancer=found.cancer,
        invasive=found.invasive,
        size_mm=found.size_mm,
        node_positive=found.node_positive,
    )
