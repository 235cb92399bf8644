"""Discordance between reads, and whether the policy owes the case a third decision."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import combinations

from screening.domain.opinion import BiRads, BreastOpinion, Opinion, OpinionKind, worst
from screening.domain.outcome import OutcomeKind
from screening.domain.policy import ArbitrateWhen, Policy
from screening.domain.study import Laterality


class Discordance(StrEnum):
    """How two reads differ."""

    OPINION = "opinion"
    BREAST = "breast"
    VIEWS = "views"


class ArbitrationReason(StrEnum):
    """Why a third decision is owed."""

    DISCORDANT = "discordant"
    RECALL = "recall"
    NON_NORMAL = "non_normal"
    AI_FLAG = "ai_flag"
    OUTDATED_DECISION = "outdated_decision"


def discordance(one: Opinion, other: Opinion) -> Discordance | None:
    """How two opinions differ, or None when they agree (symmetric).

    Opinion first, then the set of recalled breasts, then (technical recalls) the set of views; reasons and comments
    do not count (reference/reading-and-kpis 1.3).
    """
    if one.kind is not other.kind:
        return Discordance.OPINION
    if one.kind is OpinionKind.RECALL and _recalled_sides(one) != _recalled_sides(other):
        return Discordance.BREAST
    if one.kind is OpinionKind.TECHNICAL_RECALL and one.views_to_repeat != other.views_to_repeat:
        return Discordance.VIEWS
    return None


def discordant(opinions: Sequence[Opinion]) -> bool:
    """Whether any two of these opinions differ."""
    return any(discordance(one, other) is not None for one, other in combinations(opinions, 2))


def arbitration_reason(policy: Policy, opinions: Sequence[Opinion]) -> ArbitrationReason | None:
    """Why these human reads owe a third decision under the policy, or None; the order of reads never matters."""
    differ = discordant(opinions)
    match policy.arbitrate:
        case ArbitrateWhen.NEVER:
            return None
        case ArbitrateWhen.DISCORDANT:
            return ArbitrationReason.DISCORDANT if differ else None
        case ArbitrateWhen.DISCORDANT_CATEGORY_0:
            return ArbitrationReason.DISCORDANT if differ and _only_category_0(opinions) else None
        case ArbitrateWhen.ALL_RECALLS:
            return _first_reason(differ, any(o.kind is OpinionKind.RECALL for o in opinions), ArbitrationReason.RECALL)
        case ArbitrateWhen.ALL_NON_NORMAL:
            non_normal = any(o.kind is not OpinionKind.NORMAL for o in opinions)
            return _first_reason(differ, non_normal, ArbitrationReason.NON_NORMAL)


def combined_kind(opinions: Sequence[Opinion]) -> OutcomeKind:
    """Outcome kind of reads that need no third decision: the most cautious opinion stands."""
    kinds = {opinion.kind for opinion in opinions}
    if OpinionKind.RECALL in kinds:
        return OutcomeKind.RECALL_FOR_ASSESSMENT
    if OpinionKind.TECHNICAL_RECALL in kinds:
        return OutcomeKind.TECHNICAL_RECALL
    return OutcomeKind.ROUTINE_RECALL


def combined_breasts(opinions: Sequence[Opinion]) -> tuple[BreastOpinion, ...]:
    """Recalled breasts of all reads: per side the worst category and every finding, in reading order of sides R, L."""
    merged = []
    for side in Laterality:
        of_side = [b for o in opinions for b in o.recalled if b.laterality is side]
        if of_side:
            findings = tuple(sorted({f for b in of_side for f in b.findings}, key=repr))
            merged.append(BreastOpinion(side, worst(tuple(b.category for b in of_side)), findings))
    return tuple(merged)


def _recalled_sides(opinion: Opinion) -> frozenset[Laterality]:
    return frozenset(breast.laterality for breast in opinion.recalled)


def _only_category_0(opinions: Sequence[Opinion]) -> bool:
    categories = {breast.category for opinion in opinions for breast in opinion.recalled}
    return categories == {BiRads.INCOMPLETE}


def _first_reason(differ: bool, applies: bool, reason: ArbitrationReason) -> ArbitrationReason | None:
    if applies:
        return reason
    return ArbitrationReason.DISCORDANT if differ else None
