"""The table of states and facts: which fact may be recorded in which state, and where it can lead.

Exhaustive over states x facts: a pair that is not listed is refused. A property test holds `decide()` to this table,
and the state diagram in the documentation is drawn from it.
"""

from __future__ import annotations

from screening.domain import events as ev
from screening.domain.case import CaseState as S

IMAGES, AI, FIRST, SECOND = S.AWAITING_IMAGES, S.AWAITING_AI, S.AWAITING_FIRST_READ, S.AWAITING_SECOND_READ
FINAL, ARBITRATION, IN_ARBITRATION = S.AWAITING_FINALISATION, S.AWAITING_ARBITRATION, S.IN_ARBITRATION
CONCLUDED, RELEASED, WITHDRAWN = S.CONCLUDED, S.RELEASED, S.WITHDRAWN

OPEN: frozenset[S] = frozenset(S) - {RELEASED, WITHDRAWN}
"""States in which a case still owes an outcome."""

Row = dict[S, frozenset[S]]


def _same(*states: S) -> Row:
    return {state: frozenset({state}) for state in states}


def _to(*states: S) -> frozenset[S]:
    return frozenset(states)


_AI_ARRIVES: Row = {
    IMAGES: _to(IMAGES),
    AI: _to(FIRST, SECOND, CONCLUDED, ARBITRATION),
    FIRST: _to(FIRST),
    SECOND: _to(SECOND, FINAL, CONCLUDED, ARBITRATION, IN_ARBITRATION),
    FINAL: _to(FINAL, SECOND, ARBITRATION),
    ARBITRATION: _to(ARBITRATION, SECOND, FINAL, CONCLUDED),
    IN_ARBITRATION: _to(IN_ARBITRATION, SECOND, FINAL, CONCLUDED),
    CONCLUDED: _to(CONCLUDED, ARBITRATION, IN_ARBITRATION, SECOND),
    RELEASED: _to(RELEASED),
    WITHDRAWN: _to(WITHDRAWN),
}
_FINALISED: Row = {SECOND: _to(SECOND), FINAL: _to(FINAL, AI, ARBITRATION, CONCLUDED)}

TRANSITIONS: dict[type[ev.Fact], Row] = {
    ev.CaseOpened: {IMAGES: _to(IMAGES, AI, FIRST)},
    ev.PolicyPinned: _same(IMAGES, AI, FIRST),
    ev.ImagesCompleted: {IMAGES: _to(AI, FIRST)},
    ev.LateImagesReceived: _same(*S),
    ev.LateImagesResolved: _same(*S),
    ev.AiScored: _AI_ARRIVES,
    ev.AiRefused: _AI_ARRIVES,
    ev.ObjectionRecorded: {**_AI_ARRIVES, AI: _AI_ARRIVES[AI] | {AI}},
    ev.ReadClaimed: _same(FIRST, SECOND),
    ev.ReadReleased: {FIRST: _to(FIRST), SECOND: _to(SECOND), IN_ARBITRATION: _to(ARBITRATION)},
    ev.ReadRecorded: {FIRST: _to(SECOND, FINAL), SECOND: _to(SECOND, FINAL), FINAL: _to(FINAL, SECOND)},
    ev.ReadWithdrawn: {
        SECOND: _to(FIRST, SECOND, AI),
        FINAL: _to(FIRST, SECOND, FINAL, AI, ARBITRATION, CONCLUDED),
        AI: _to(FIRST, SECOND, AI),
        ARBITRATION: _to(FIRST, SECOND, ARBITRATION, CONCLUDED),
        IN_ARBITRATION: _to(FIRST, SECOND, IN_ARBITRATION, CONCLUDED),
        CONCLUDED: _to(FIRST, SECOND, CONCLUDED, ARBITRATION),
        RELEASED: _to(RELEASED),
    },
    ev.ReadFinalised: _FINALISED,
    ev.AutoFinalised: _FINALISED,
    ev.ArbitrationClaimed: {
        ARBITRATION: _to(IN_ARBITRATION, ARBITRATION),
        IN_ARBITRATION: _to(IN_ARBITRATION, ARBITRATION),
    },
    ev.ArbitrationDecided: {ARBITRATION: _to(FINAL), IN_ARBITRATION: _to(FINAL)},
    ev.ResultRevealed: _same(*S),
    ev.Held: _same(*OPEN),
    ev.Resumed: _same(*OPEN),
    ev.OutcomeReleased: {CONCLUDED: _to(RELEASED)},
    ev.AssessmentReceived: _same(RELEASED, WITHDRAWN),
    ev.IntervalCancerReported: _same(RELEASED, WITHDRAWN),
    ev.CaseWithdrawn: {state: _to(WITHDRAWN) for state in OPEN},
}


def next_states(state: S, fact: type[ev.Fact]) -> frozenset[S]:
    """States that may follow when `fact` is recorded in `state`; empty when it is refused."""
    return TRANSITIONS[fact].get(state, frozenset())
