"""Episodes: one invitation round of one woman, and the flat row by which audits see a case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from screening.domain.events import Objection
from screening.domain.identifiers import EpisodeId, PersonId


@dataclass(frozen=True)
class Episode:
    """One round: `round_number` counts from 1 (1 = first screen), `unit` is the screening unit or site."""

    episode: EpisodeId
    person: PersonId
    round_number: int
    screened_on: date | None
    unit: str
    age_years: int | None = None
    objections: frozenset[Objection] = frozenset()


@dataclass(frozen=True)
class EpisodeRow:
    """One case as audits see it: no identity, one row per case, facts only.

    Opinions are `normal`, `technical_recall`, `recall` or None when that read does not exist; `origin` is who flagged
    (`R1+AI`, `none`). `cancer` is None while pathology is open; after a normal outcome it is None unless an interval
    cancer was reported. `quality_notes` are the codes AI noted on the images, each once,
    between blanks; a single blank when nothing was noted, None when no image was measured. Dates are calendar dates of
    the programme's own time zone.
    """

    case: str
    episode: str
    unit: str
    round_number: int
    age_years: int | None
    screened_on: date | None
    released_on: date | None
    policy: str
    manufacturer: str
    device_model: str
    device_software: str
    implant: bool
    density: str | None
    state: str
    reader_1: str | None
    reader_2: str | None
    opinion_1: str | None
    opinion_2: str | None
    blind_1: bool | None
    blind_2: bool | None
    ai_status: str | None
    ai_reason: str | None
    ai_product: str | None
    ai_calibration: str | None
    ai_score: int | None
    ai_flagged: bool
    arbitrated: bool
    arbitration_reason: str | None
    arbitration_opinion: str | None
    origin: str
    outcome: str | None
    worst_category: int | None
    assessed: bool
    biopsy: bool | None
    cancer: bool | None
    invasive: bool | None
    size_mm: float | None
    node_positive: bool | None
    interval_cancer: bool
    human_reads: int
    quality_notes: str | None = None
