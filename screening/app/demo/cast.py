"""Who takes part in the demonstration: women drawn from the simulated programme, enriched, with every story told once.

Enriched means: far more cancers, faults and refusals than screening has. Figures of so small a round say nothing about
a programme; the demonstration prints that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice

from models.phantom.vendors import STYLES
from readers.simulated.population import Woman, women
from readers.simulated.programme import Programme, Site
from screening.domain.events import Objection
from screening.domain.opinion import TechnicalFault, TechnicalReason
from screening.domain.study import Device, Slot

UNCALIBRATED = Device("Second Read Phantom", "Style A", "2.0-new-software")
"""The device of style A after a software upgrade nobody has calibrated yet."""

PHANTOM_SITES = tuple(
    Site(f"unit-{letter}", Device(style.manufacturer, style.model_name, style.software_versions))
    for letter, style in zip("ab", STYLES.values(), strict=False)
)

ENRICHED = Programme(
    sites=PHANTOM_SITES,
    first_round_share=0.25,
    visible_first=0.22,
    visible_subsequent=0.22,
    new_interval=0.05,
    benign_share=0.25,
    technical_fault=0.0,
    objection_ai=0.0,
    objection_sharing=0.0,
    objection_research=0.0,
    refusals=(),
)


@dataclass(frozen=True)
class Participant:
    """One woman of the round with what is special about her exam."""

    woman: Woman
    style: str
    device: Device
    missing: Slot | None = None
    has_prior: bool = False

    @property
    def number(self) -> int:
        """Her number in the round."""
        return self.woman.number


def cast(count: int, seed: int) -> list[Participant]:
    """`count` participants; the last ones object to AI, to sharing, lack a view, need a repeat, use a new device."""
    drawn = [_participant(woman) for woman in islice(women(ENRICHED, count, seed), count)]
    return _with_stories(drawn)


def _participant(woman: Woman) -> Participant:
    names = {site.unit: name for site, name in zip(PHANTOM_SITES, STYLES, strict=False)}
    return Participant(woman, names[woman.site.unit], woman.site.device)


def _with_stories(drawn: list[Participant]) -> list[Participant]:
    """Give the last five women, if there are enough, the stories that chance may leave out."""
    if len(drawn) < 8:
        return drawn
    told = list(drawn)
    told[-1] = _objecting(told[-1], Objection.NO_AI)
    told[-2] = _objecting(told[-2], Objection.NO_SHARING)
    told[-3] = replace(told[-3], missing=Slot.LMLO, woman=replace(told[-3].woman, cancer=None))
    fault = TechnicalFault(Slot.RMLO, TechnicalReason.MOTION)
    told[-4] = replace(told[-4], woman=replace(told[-4].woman, fault=fault, cancer=None, benign=None))
    upgraded = next((i for i, p in enumerate(told[:-4]) if p.style == "style-a"), 0)
    told[upgraded] = replace(told[upgraded], device=UNCALIBRATED)
    with_prior = next((i for i, p in enumerate(told[:-4]) if p.woman.cancer is not None), 0)
    told[with_prior] = replace(told[with_prior], has_prior=True)
    return told


def _objecting(participant: Participant, objection: Objection) -> Participant:
    return replace(participant, woman=replace(participant.woman, objections=frozenset({objection})))
