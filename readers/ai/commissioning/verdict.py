"""Figures against limits: pass, fail, or not enough evidence to say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from readers.ai.commissioning.figures import Figures
from readers.ai.commissioning.limits import FIGURES, Band, Limits


class Outcome(StrEnum):
    """What a check, or all of them, came to."""

    PASS = "pass"  # noqa: S105  # a verdict, no password
    FAIL = "fail"
    NOT_ENOUGH_EVIDENCE = "not_enough_evidence"
    NOT_JUDGED = "not_judged"


WORDS = {
    Outcome.PASS: "pass",
    Outcome.FAIL: "FAIL",
    Outcome.NOT_ENOUGH_EVIDENCE: "not enough evidence",
    Outcome.NOT_JUDGED: "not judged",
}
_NEEDS_A_REFERENCE = ("score_ks", "score_psi")


@dataclass(frozen=True)
class Check:
    """One line of the verdict: what was judged, the limit, what was found, and the outcome, in words."""

    name: str
    limit: str
    found: str
    outcome: Outcome


@dataclass(frozen=True)
class Verdict:
    """Every check, and what they come to together."""

    outcome: Outcome
    checks: tuple[Check, ...]


def judge(figures: Figures, limits: Limits) -> Verdict:
    """Judge the figures.

    Too few exams or cancers means "not enough evidence", however good or bad the rest looks; then one failed check
    fails all. A distance to reference scores is not judged where the model has none.
    """
    evidence = (
        _evidence("exams with a score", figures.exams - figures.refused.hits, limits.exams),
        _evidence("exams with a cancer", figures.cancers, limits.cancers),
    )
    checks = (*evidence, *(_check(name, band, figures.value(name)) for name, band in limits.bands.items()))
    outcomes = {check.outcome for check in checks}
    for outcome in (Outcome.NOT_ENOUGH_EVIDENCE, Outcome.FAIL):
        if outcome in outcomes:
            return Verdict(outcome, checks)
    return Verdict(Outcome.PASS, checks)


def _evidence(name: str, found: int, least: int) -> Check:
    outcome = Outcome.PASS if found >= least else Outcome.NOT_ENOUGH_EVIDENCE
    return Check(name, f"at least {least}", str(found), outcome)


def _check(name: str, band: Band, found: float | None) -> Check:
    if found is None:
        outcome = Outcome.NOT_JUDGED if name in _NEEDS_A_REFERENCE else Outcome.NOT_ENOUGH_EVIDENCE
        return Check(FIGURES[name], str(band), "not measured", outcome)
    outcome = Outcome.PASS if band.holds(found) else Outcome.FAIL
    return Check(FIGURES[name], str(band), f"{found:.3f}", outcome)
