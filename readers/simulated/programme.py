"""What a synthetic screening programme is made of: rates with their sources, as data. It draws nothing."""

from __future__ import annotations

from dataclasses import dataclass

from screening.domain.ai_read import AiStatus
from screening.domain.quality import ReasonCode
from screening.domain.study import Device


@dataclass(frozen=True)
class Site:
    """One screening unit and the mammography device that stands there; `weight` is its relative number of exams."""

    unit: str
    device: Device
    weight: float = 1.0


@dataclass(frozen=True)
class Refusal:
    """One way in which the AI read fails, and how often (share of exams)."""

    status: AiStatus
    reason: ReasonCode
    rate: float


SITES: tuple[Site, ...] = (
    Site("unit-a", Device("Synthetic Imaging", "Phantom FFDM 1", "1.0"), 4.0),
    Site("unit-b", Device("Synthetic Imaging", "Phantom FFDM 1", "1.1"), 3.0),
    Site("unit-c", Device("Other Synthetic", "Mammo Two", "4.2"), 2.0),
    Site("unit-d", Device("Other Synthetic", "Mammo Two", "4.2")),
)
"""Sites of a round that names none; the device strings claim no real product."""

REFUSALS: tuple[Refusal, ...] = (
    Refusal(AiStatus.UNSUPPORTED, ReasonCode.VIEWS_MISSING, 0.020),
    Refusal(AiStatus.UNCALIBRATED, ReasonCode.STRATUM_UNCALIBRATED, 0.015),
    Refusal(AiStatus.TIMED_OUT, ReasonCode.TIMED_OUT, 0.010),
    Refusal(AiStatus.FAILED, ReasonCode.MODEL_FAILED, 0.005),
)
"""Together 5 % of exams: the AI failure rate a demonstration round is to have (reference/reading-and-kpis 7 (10))."""


@dataclass(frozen=True)
class Programme:
    """Women, cancers and mishaps of one round; every rate is a share of exams unless it says otherwise.

    Sources are sections of reference/reading-and-kpis; "assumed" marks a rate without one.

    first_round_share: women screened for the first time (assumed: one round in seven of a 50-75 programme).
    youngest, oldest: ages invited (NL, 1.1).
    density_shares: BI-RADS composition a, b, c, d (about 10/40/40/10 %, BI-RADS atlas).
    visible_first, visible_subsequent: cancers that can be seen, by round. Their mean of about 7.6 per 1000 gives,
        after what readers miss and arbitration dismisses, detection between NL 6.6 and England 8.8 per 1000 (4.2).
    new_interval: cancers not visible now that surface before the next round; with the missed ones NL 2.2 per 1000.
    missed_surfaces: share of missed visible cancers that surface as interval cancer, not at the next round (assumed).
    dcis_share: in situ share of visible cancers (CO-OPS 22 % among cancers of the first reader, 1.2).
    node_positive: share of invasive cancers (EU guidelines want over 70 % node-negative, 4.2).
    benign_share: exams with a benign look-alike that a reader may describe (assumed).
    implant: exams with implants (assumed).
    prior: subsequent exams of which an earlier one is at hand (assumed).
    technical_fault: exams with a view to repeat (technical 2 % in 7 (10); EU below 3 %, desirable 1 %, 4.2).
    objection_ai, objection_sharing, objection_research: refusals (assumed small; opt-out trials, 3.1).
    refusals: how the AI read fails.
    assessment_finds: visible cancers that the hospital confirms after recall (assumed).
    benign_biopsy: biopsies among recalled women without cancer (assumed).
    reference_visible, reference_new_interval: rates in the population whose deciles the AI exam score tells: an
        ordinary programme, also when this one is enriched.
    """

    sites: tuple[Site, ...] = SITES
    first_round_share: float = 0.14
    youngest: int = 50
    oldest: int = 75
    density_shares: tuple[float, float, float, float] = (0.10, 0.40, 0.40, 0.10)
    visible_first: float = 0.0105
    visible_subsequent: float = 0.0076
    new_interval: float = 0.0017
    missed_surfaces: float = 0.55
    dcis_share: float = 0.24
    node_positive: float = 0.22
    benign_share: float = 0.08
    implant: float = 0.015
    prior: float = 0.95
    technical_fault: float = 0.016
    objection_ai: float = 0.005
    objection_sharing: float = 0.002
    objection_research: float = 0.02
    refusals: tuple[Refusal, ...] = REFUSALS
    assessment_finds: float = 0.98
    benign_biopsy: float = 0.30
    reference_visible: float = 0.0080
    reference_new_interval: float = 0.0017

    @property
    def visible_rate(self) -> float:
        """Visible cancers per exam over both kinds of round."""
        first = self.first_round_share
        return first * self.visible_first + (1 - first) * self.visible_subsequent
