"""Calibrations: what a raw score of one AI version means on one device. Without one, a score is not a read.

A calibration belongs to (AI version x manufacturer x device model x software x site) and to a span of exam dates. It
turns raw breast scores into probabilities at a stated prevalence, and the raw exam score into 1-10 by deciles of a
stated reference set. It counts only when its commissioning passed and verifies; `Standing` says so.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from readers.ai.calibration_maps import ProbabilityMap, logit
from screening.domain.ai_read import AiIdentity
from screening.domain.errors import CalibrationInvalid, InvalidInput
from screening.domain.quality import ReasonCode
from screening.domain.study import Device, Image

if TYPE_CHECKING:
    from models.engines.protocol import ViewPrediction
    from readers.ai.calibration_ood import LocalReference
    from readers.ai.commissioning.trust import Trust

__all__ = ["SHIPPED", "Calibration", "Calibrations", "OperatingPoint", "Rate", "Standing", "Stratum", "logit"]

SHIPPED = Path(__file__).parent / "calibrations"
ANY_SITE = "*"


class Standing(StrEnum):
    """What is known of the commissioning behind a calibration; only `accepted` may make a reader."""

    ACCEPTED = "accepted"
    NOT_COMMISSIONED = "not_commissioned"
    FAILED = "failed"
    NOT_ENOUGH_EVIDENCE = "not_enough_evidence"
    UNVERIFIED = "unverified"


@dataclass(frozen=True)
class Stratum:
    """Device and site a calibration holds for; `site` may be `*`."""

    manufacturer: str
    model: str
    software: str
    site: str = ANY_SITE

    @classmethod
    def of(cls, device: Device, site: str) -> Stratum:
        """The stratum of an exam."""
        return cls(device.manufacturer, device.model, device.software, site)

    @classmethod
    def of_images(cls, images: Iterable[Image], site: str) -> Stratum:
        """The stratum of the images; an exam made on two devices belongs to none."""
        strata = {cls.of(image.device, site) for image in images}
        return strata.pop() if len(strata) == 1 else cls("mixed" if strata else "unknown", "", "", site)

    def covers(self, other: Stratum) -> bool:
        """Whether this calibration stratum holds for the stratum of an exam."""
        same = (self.manufacturer, self.model, self.software) == (other.manufacturer, other.model, other.software)
        return same and self.site in (ANY_SITE, other.site)

    def __str__(self) -> str:
        return "|".join((self.manufacturer, self.model, self.software, self.site))


@dataclass(frozen=True)
class Rate:
    """A share `hits` / `total` with its exact (Clopper-Pearson) 95 % interval; `total` 0 has the interval 0..1."""

    hits: int
    total: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The share itself, 0 of nothing."""
        return self.hits / self.total if self.total else 0.0


@dataclass(frozen=True)
class OperatingPoint:
    """A named exam score from which an exam counts as flagged, and what it did on the commissioning set."""

    name: str
    flag_from: int
    sensitivity: Rate
    specificity: Rate


@dataclass(frozen=True)
class Calibration:
    """Numbers of one calibration, with where they come from.

    `mapping` turns a raw breast score into a probability at `prevalence`. `exam_deciles` are the nine inner deciles of
    the raw exam score in the reference set `population`. `flag_from` is the exam score from which AI flags; it is one
    of `operating_points` where these were measured. It holds for exams from `valid_from` to `valid_to`, both included.
    `ood`, where present, judges views against local images instead of the images the model was trained on. `precision`
    is the arithmetic its scores were made in: engines of one precision agree, bf16 moves scores across deciles.
    `preprocessing` is the way the scores came here; it counts where the hashes of another product are not stated.
    """

    id: str
    product: str
    weights_sha256: str
    preprocessing_sha256: str
    stratum: Stratum
    mapping: ProbabilityMap
    prevalence: float
    exam_deciles: tuple[float, ...]
    flag_from: int
    population: str
    valid_from: date = date.min
    valid_to: date | None = None
    operating_points: tuple[OperatingPoint, ...] = ()
    ood: LocalReference | None = None
    standing: Standing = Standing.NOT_COMMISSIONED
    precision: str = "f32"
    preprocessing: str = ""

    def probability(self, raw: float) -> float:
        """Probability of cancer of a breast at the stated prevalence, from its raw score 0..1."""
        return self.mapping.probability(raw)

    def exam_score(self, raw: float) -> int:
        """Exam score 1-10: one more than the number of reference deciles that the raw score exceeds.

        Many exams of other products score 0, or some other round number: a score that is usual is no high one.
        """
        return 1 + bisect_left(self.exam_deciles, raw)

    def ood_score(self, prediction: ViewPrediction) -> float:
        """How unlike what is known a view is, above 1 outside: against the local images where there is a reference."""
        if self.ood is None or not prediction.descriptor.size:
            return prediction.ood_score
        return self.ood.score(prediction.descriptor)

    def matches(self, identity: AiIdentity) -> bool:
        """Whether it was made for exactly this model, weights, preprocessing and precision.

        Where hashes are not stated, for this product in this version, its scores having come the same way.
        """
        ai = (identity.product, identity.weights_sha256, identity.preprocessing_sha256)
        same = self.ai == ai and self.precision == identity.precision
        return same and (identity.hashed or (identity.versioned and self.preprocessing == identity.preprocessing))

    def holds_on(self, day: date | None) -> bool:
        """Whether an exam of this day falls into its span; one of an unknown day only into a span without ends."""
        if day is None:
            return self.valid_from == date.min and self.valid_to is None
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    @property
    def ai(self) -> tuple[str, str, str]:
        """Product, weights and preprocessing it was made for."""
        return self.product, self.weights_sha256, self.preprocessing_sha256


class Calibrations:
    """The calibrations in force; a stratum that none covers is uncalibrated."""

    def __init__(self, calibrations: Iterable[Calibration]) -> None:
        """Keep them: one for a site goes before one for any site, a later one before an earlier one.

        Raises CalibrationInvalid when two share an id, or claim the same exams (`_check_overlaps`).
        """
        newest_first = sorted(calibrations, key=lambda c: c.valid_from, reverse=True)
        self._all = sorted(newest_first, key=lambda c: c.stratum.site == ANY_SITE)
        _check_ids(self._all)
        _check_overlaps(self._all)

    def find(self, identity: AiIdentity, stratum: Stratum, on: date | None = None) -> Calibration | None:
        """The calibration for this AI on this stratum for an exam of the day `on` (None: it tells none), or None.

        One whose commissioning is not accepted is never found, and never replaced by one that is more general.
        """
        found = self._claiming(identity, stratum, on)
        return found if found is not None and found.standing is Standing.ACCEPTED else None

    def why_none(self, identity: AiIdentity, stratum: Stratum, on: date | None = None) -> ReasonCode:
        """The reason a read gives when `find` finds nothing."""
        found = self._claiming(identity, stratum, on)
        if found is None:
            return ReasonCode.STRATUM_UNCALIBRATED
        if found.standing is Standing.UNVERIFIED:
            return ReasonCode.COMMISSIONING_UNVERIFIED
        return ReasonCode.NOT_COMMISSIONED

    @property
    def all(self) -> Sequence[Calibration]:
        """Every calibration that was read, accepted or not."""
        return tuple(self._all)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over every number in force: another calibration, or a changed one, gives another."""
        return hashlib.sha256("\n".join(sorted(map(repr, self._all))).encode()).hexdigest()

    @classmethod
    def from_folders(cls, *folders: Path, trust: Trust | None = None) -> Calibrations:
        """Every `*.toml` in these folders, with the standing that `trust` (None: what ships with it) gives them.

        Raises InvalidInput for a folder that is none, CalibrationInvalid for a file of another kind.
        """
        from readers.ai.calibration_file import read
        from readers.ai.commissioning.trust import Trust as Trusted

        absent = [folder.name for folder in folders if not folder.is_dir()]
        if absent:
            raise InvalidInput(f"no folder of calibrations is called {', '.join(absent)}")
        judge = trust or Trusted()
        return cls(judge.judged(read(path), path) for folder in folders for path in sorted(folder.glob("*.toml")))

    def _claiming(self, identity: AiIdentity, stratum: Stratum, on: date | None) -> Calibration | None:
        fitting = (c for c in self._all if c.matches(identity) and c.stratum.covers(stratum) and c.holds_on(on))
        return next(fitting, None)


def _check_ids(calibrations: Sequence[Calibration]) -> None:
    ids = [calibration.id for calibration in calibrations]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise CalibrationInvalid(f"several calibrations are called {', '.join(twice)}")


def _check_overlaps(calibrations: Sequence[Calibration]) -> None:
    """Of one AI on one stratum, each day belongs to one: an open end is ended by the next start, a stated end not."""
    groups: dict[object, list[Calibration]] = {}
    for calibration in sorted(calibrations, key=lambda c: c.valid_from):
        ai = (calibration.ai, calibration.precision, calibration.preprocessing)
        groups.setdefault((ai, calibration.stratum), []).append(calibration)
    for group in groups.values():
        for earlier, later in pairwise(group):
            ends = earlier.valid_to
            if earlier.valid_from == later.valid_from or (ends is not None and ends >= later.valid_from):
                raise CalibrationInvalid(f"calibrations {earlier.id} and {later.id} claim the same exams")
