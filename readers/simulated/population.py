"""Synthetic women of one screening round, deterministic by seed; what is true of them, not what anyone will say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from readers.simulated.lesions import Lesion, benign_lesion, dcis_lesion, invasive_lesion, pick
from readers.simulated.programme import Programme, Refusal, Site
from screening.domain.ai_read import BreastDensity
from screening.domain.events import Objection
from screening.domain.opinion import TechnicalFault, TechnicalReason
from screening.domain.study import Slot

_BLOCK = 4096


@dataclass(frozen=True)
class Cancer:
    """A cancer visible on this exam; `surfaces` says that it becomes an interval cancer if nobody acts on it."""

    lesion: Lesion
    invasive: bool
    node_positive: bool | None
    surfaces: bool
    confirmed: bool


@dataclass(frozen=True)
class Woman:
    """One exam of one woman, with the truth.

    `evidence` is the suspicion that her images show to every reader alike: a standard normal within her class
    (with or without visible cancer). `later_cancer` is a cancer that nobody can see yet and that surfaces before the
    next round. `attempt` counts image sets of this round: 2 after a technical recall. `surfaces_after` in days.
    """

    number: int
    round_number: int
    age_years: int
    site: Site
    density: BreastDensity
    evidence: float
    cancer: Cancer | None = None
    benign: Lesion | None = None
    later_cancer: bool = False
    implant: bool = False
    prior: bool = False
    fault: TechnicalFault | None = None
    objections: frozenset[Objection] = frozenset()
    refusal: Refusal | None = None
    benign_biopsy: bool = False
    surfaces_after: int = 365
    attempt: int = 1

    @property
    def first_round(self) -> bool:
        """Whether this is her first screen."""
        return self.round_number == 1

    def repeated(self) -> Woman:
        """The same woman with the image set that replaces a faulty one."""
        return replace(self, fault=None, attempt=self.attempt + 1)


def women(programme: Programme, count: int, seed: int) -> Iterator[Woman]:
    """`count` women, in the order in which they are screened; the same arguments give the same women.

    The first n women do not depend on `count`, so that a small round is the beginning of a large one.
    """
    for block, start in enumerate(range(0, count, _BLOCK)):
        rng = np.random.default_rng([seed, block])
        yield from _block(programme, rng, start)[: count - start]


def _block(programme: Programme, rng: np.random.Generator, start: int) -> list[Woman]:
    """One block of women: the frequent attributes drawn at once, the rare ones per woman."""
    rounds = np.where(rng.random(_BLOCK) < programme.first_round_share, 1, rng.integers(2, 13, _BLOCK))
    ages = _ages(programme, rounds, rng)
    densities = np.searchsorted(np.cumsum(programme.density_shares)[:-1], rng.random(_BLOCK))
    weights = np.cumsum([site.weight for site in programme.sites])
    sites = np.searchsorted(weights[:-1] / weights[-1], rng.random(_BLOCK))
    evidence = rng.standard_normal(_BLOCK)
    rare = rng.random((_BLOCK, 8))
    plain = zip(
        rounds.tolist(),
        ages.tolist(),
        densities.tolist(),
        sites.tolist(),
        evidence.tolist(),
        rare.tolist(),
        strict=True,
    )
    composition = tuple(BreastDensity)
    benign_from = NormalDist().inv_cdf(1 - programme.benign_share)
    made = []
    for offset, (round_number, age, density, site, suspicion, chances) in enumerate(plain):
        woman = Woman(start + offset, round_number, age, programme.sites[site], composition[density], suspicion)
        made.append(_with_rare(programme, rng, woman, chances, benign_from))
    return made


def _ages(programme: Programme, rounds: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Ages consistent with the number of rounds at a two-year interval."""
    later: NDArray[np.int64] = programme.youngest + 2 * (rounds - 1) + rng.integers(0, 4, _BLOCK)
    return later.clip(max=programme.oldest)


def _with_rare(
    programme: Programme, rng: np.random.Generator, woman: Woman, chances: list[float], benign_from: float
) -> Woman:
    """The woman with whatever is special about her; most have nothing."""
    visible = programme.visible_first if woman.first_round else programme.visible_subsequent
    cancer = _cancer(programme, rng) if chances[0] < visible else None
    look_alike = cancer is None and woman.evidence > benign_from
    return replace(
        woman,
        cancer=cancer,
        benign=benign_lesion(rng) if look_alike else None,
        later_cancer=cancer is None and chances[1] < programme.new_interval,
        implant=chances[2] < programme.implant,
        prior=not woman.first_round and chances[3] < programme.prior,
        fault=_fault(rng) if chances[4] < programme.technical_fault else None,
        objections=_objections(programme, chances[5]),
        refusal=_refusal(programme, chances[6]),
        benign_biopsy=chances[7] < programme.benign_biopsy,
        surfaces_after=90 + int(chances[7] * 600),
    )


def _cancer(programme: Programme, rng: np.random.Generator) -> Cancer:
    invasive = bool(rng.random() >= programme.dcis_share)
    return Cancer(
        lesion=invasive_lesion(rng) if invasive else dcis_lesion(rng),
        invasive=invasive,
        node_positive=bool(rng.random() < programme.node_positive) if invasive else None,
        surfaces=bool(rng.random() < programme.missed_surfaces),
        confirmed=bool(rng.random() < programme.assessment_finds),
    )


def _fault(rng: np.random.Generator) -> TechnicalFault:
    return TechnicalFault(pick(rng, tuple(Slot)), pick(rng, tuple(TechnicalReason)))


def _objections(programme: Programme, chance: float) -> frozenset[Objection]:
    """At most one objection per woman, at the stated rates."""
    below = 0.0
    for rate, objection in (
        (programme.objection_ai, Objection.NO_AI),
        (programme.objection_sharing, Objection.NO_SHARING),
        (programme.objection_research, Objection.NO_RESEARCH),
    ):
        below += rate
        if chance < below:
            return frozenset({objection})
    return frozenset()


def _refusal(programme: Programme, chance: float) -> Refusal | None:
    below = 0.0
    for refusal in programme.refusals:
        below += refusal.rate
        if chance < below:
            return refusal
    return None
