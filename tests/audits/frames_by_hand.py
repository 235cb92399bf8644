"""Ten episodes small enough to count by hand, and a row builder that fills in the ordinary."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from screening.domain.episode import EpisodeRow

ORDINARY = EpisodeRow(
    case="case-0",
    episode="episode-0",
    unit="north",
    round_number=2,
    age_years=58,
    screened_on=date(2026, 3, 2),
    released_on=date(2026, 3, 5),
    policy="double-human+ai@1",
    manufacturer="Maker",
    device_model="Model",
    device_software="1.0",
    implant=False,
    density="b",
    state="released",
    reader_1="reader-1",
    reader_2="reader-2",
    opinion_1="normal",
    opinion_2="normal",
    blind_1=True,
    blind_2=True,
    ai_status="ok",
    ai_reason=None,
    ai_product="ai@1",
    ai_calibration="cal-1",
    ai_score=3,
    ai_flagged=False,
    arbitrated=False,
    arbitration_reason=None,
    arbitration_opinion=None,
    origin="none",
    outcome="routine_recall",
    worst_category=None,
    assessed=False,
    biopsy=None,
    cancer=None,
    invasive=None,
    size_mm=None,
    node_positive=None,
    interval_cancer=False,
    human_reads=2,
    quality_notes=" ",
)
"""Two blind normal reads, an AI score of 3, routine recall."""


def ten_rows() -> list[EpisodeRow]:
    """Ten cases, one of each kind that a KPI tells apart.

    1  R1+R2+AI recall, invasive cancer           6  both technical recall, AI refused: views missing
    2  R2 alone, arbitration recalls, DCIS        7  normal, AI refused: timed out
    3  R1 alone, arbitration recalls, no cancer   8  normal, interval cancer later, nobody flagged
    4  R1 alone, arbitration says normal          9  normal, first round, released after 10 days
    5  AI alone, arbitration says normal,        10  normal, unit south
       interval cancer later
    """
    recalled = replace(ORDINARY, outcome="recall_for_assessment", worst_category=4, assessed=True)
    arbitrated = replace(recalled, arbitrated=True, arbitration_reason="discordant", arbitration_opinion="recall")
    dismissed = replace(ORDINARY, arbitrated=True, arbitration_opinion="normal")
    rows = [
        replace(
            recalled,
            opinion_1="recall",
            opinion_2="recall",
            ai_score=10,
            ai_flagged=True,
            origin="R1+R2+AI",
            quality_notes=" motion_blur noise ",
            biopsy=True,
            cancer=True,
            invasive=True,
            size_mm=12.0,
            node_positive=False,
        ),
        replace(arbitrated, opinion_2="recall", origin="R2", biopsy=True, cancer=True, invasive=False, size_mm=20.0),
        replace(arbitrated, opinion_1="recall", origin="R1", biopsy=False, cancer=False),
        replace(dismissed, opinion_1="recall", origin="R1", arbitration_reason="discordant"),
        replace(
            dismissed, ai_score=10, ai_flagged=True, origin="AI", arbitration_reason="ai_flag", interval_cancer=True
        ),
        replace(
            _refused("unsupported", "views_missing"),
            opinion_1="technical_recall",
            opinion_2="technical_recall",
            outcome="technical_recall",
            quality_notes=" noise ",
        ),
        _refused("timed_out", "timed_out"),
        replace(ORDINARY, interval_cancer=True),
        replace(ORDINARY, round_number=1, released_on=date(2026, 3, 12)),
        replace(ORDINARY, unit="south"),
    ]
    return [replace(row, case=f"case-{place}", episode=f"episode-{place}") for place, row in enumerate(rows, start=1)]


def _refused(status: str, reason: str) -> EpisodeRow:
    return replace(
        ORDINARY,
        ai_status=status,
        ai_reason=reason,
        ai_product=None,
        ai_calibration=None,
        ai_score=None,
        quality_notes=None,
    )
