"""What simulated readers say about one woman: opinions per seat and an arbitration, each independent of call order.

All noise is drawn when the readers of a case are made, so that the second seat says the same whether or not the first
was asked. Nothing here knows about events or time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from readers.simulated.behaviour import Behaviour
from readers.simulated.lesions import Lesion, benign_lesion
from readers.simulated.population import Woman
from readers.simulated.programme import Programme
from readers.simulated.scoring import exam_score, latent_score
from screening.domain.opinion import NORMAL, RECALL_CATEGORIES, BiRads, BreastOpinion, Opinion, OpinionKind
from screening.domain.policy import Policy

SEATS = 4
"""Most humans that read one case before arbitration."""

_CLEAR = (BiRads.HIGHLY_SUGGESTIVE, BiRads.SUSPICIOUS, BiRads.INCOMPLETE, BiRads.PROBABLY_BENIGN)
_LIKELY = (BiRads.SUSPICIOUS, BiRads.HIGHLY_SUGGESTIVE, BiRads.INCOMPLETE, BiRads.PROBABLY_BENIGN)
_UNCLEAR = (BiRads.INCOMPLETE, BiRads.SUSPICIOUS, BiRads.PROBABLY_BENIGN, BiRads.HIGHLY_SUGGESTIVE)


@dataclass(frozen=True)
class SimulatedScore:
    """An AI read without images: exam score 1-10 and the latent value behind it."""

    latent: float
    exam_score: int


class SimulatedReaders:
    """The readers of one case, made from the woman and a seed."""

    def __init__(
        self, woman: Woman, seed: Sequence[int], policy: Policy, behaviour: Behaviour, programme: Programme
    ) -> None:
        """Draw all chances of this case; the same arguments give the same readers."""
        self._woman = woman
        self._behaviour = behaviour
        self._programme = programme
        self._allowed = policy.recall_categories & RECALL_CATEGORIES
        self._rng = np.random.default_rng([*seed, woman.attempt])
        self._noise: list[float] = self._rng.standard_normal(SEATS + 1).tolist()
        self._chances: list[list[float]] = self._rng.random((SEATS + 1, 3)).tolist()

    def opinion(self, seat: int, habit: float = 0.0) -> Opinion:
        """Opinion of the human in this seat, 0 to 3.

        `habit` moves the reader's threshold in standard deviations: above 0 recalls less.
        """
        notices, _side, _category = self._chances[seat]
        if self._suspicion(seat) > self._behaviour.recall_threshold(self._woman) + habit:
            return self._recall(seat)
        if self._woman.fault is not None and notices < self._behaviour.notices_fault:
            return Opinion(OpinionKind.TECHNICAL_RECALL, technical=(self._woman.fault,))
        return NORMAL

    def arbitration(self, opinions: Sequence[Opinion]) -> Opinion:
        """The third decision on a case with these human opinions.

        When no human recalled, AI alone brought the case here and the arbiter follows the AI-only rates.
        """
        chance, _side, noticed = self._chances[SEATS]
        recalls = [opinion for opinion in opinions if opinion.kind is OpinionKind.RECALL]
        if chance < self._arbiter_rate(len(recalls), len(opinions)):
            return self._recall_again(recalls) if recalls else self._recall(SEATS)
        if self._woman.fault is not None and noticed < self._behaviour.notices_fault:
            return Opinion(OpinionKind.TECHNICAL_RECALL, technical=(self._woman.fault,))
        return NORMAL

    def score(self) -> SimulatedScore:
        """The AI read of this exam."""
        latent = latent_score(self._behaviour, self._woman, self._noise[SEATS])
        return SimulatedScore(latent, exam_score(self._behaviour, self._programme, latent))

    def _suspicion(self, seat: int) -> float:
        behaviour = self._behaviour
        shared = behaviour.dependence_normal if self._woman.cancer is None else behaviour.dependence_cancer
        return sqrt(shared) * self._woman.evidence + sqrt(1 - shared) * self._noise[seat]

    def _arbiter_rate(self, recalls: int, reads: int) -> float:
        """Chance that the arbiter recalls, given how many of the reads did."""
        behaviour, cancer = self._behaviour, self._woman.cancer is not None
        if recalls == 0:
            technical = self._woman.fault is not None
            only_ai = behaviour.arbiter_finds_ai_only if cancer else behaviour.arbiter_upholds_ai_only
            return only_ai if cancer or not technical else 0.0
        if recalls == reads:
            return 1.0 if cancer else behaviour.arbiter_upholds_concordant
        return behaviour.arbiter_finds if cancer else behaviour.arbiter_upholds

    def _recall(self, seat: int) -> Opinion:
        lesion = self._lesion(seat)
        category = self._category(seat)
        breast = BreastOpinion(lesion.laterality, category, (lesion.finding(),))
        return Opinion(OpinionKind.RECALL, breasts=(breast,))

    @staticmethod
    def _recall_again(recalls: Sequence[Opinion]) -> Opinion:
        """The arbiter recalls what the first reader who recalled had seen."""
        return Opinion(OpinionKind.RECALL, breasts=recalls[0].recalled)

    def _lesion(self, seat: int) -> Lesion:
        """What this reader describes: the cancer, the benign look-alike, or something that is not there.

        What is not there is drawn from a stream of its own: per case when the reader is on the usual side, else per
        reader.
        """
        if self._woman.cancer is not None:
            return self._woman.cancer.lesion
        if self._woman.benign is not None:
            return self._woman.benign
        own = self._chances[seat][1] >= self._behaviour.right_side
        return benign_lesion(np.random.default_rng([self._woman.number, seat + 1 if own else 0]))

    def _category(self, seat: int) -> BiRads:
        """Category by how clear the case is, among those the policy recalls with."""
        chance = self._chances[seat][2]
        wishes = _UNCLEAR
        if self._woman.cancer is not None:
            wishes = _CLEAR if chance < 0.35 else _LIKELY if chance < 0.85 else _UNCLEAR
        elif chance < 0.35:
            wishes = _LIKELY
        return next(category for category in wishes if category in self._allowed)
