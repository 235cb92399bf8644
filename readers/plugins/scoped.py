"""The guard around every reader plug-in: scope before, checks after, and no failure of foreign code gets out.

What a plug-in answers is not trusted: a mark outside its image, an image nobody listed or a read of another exam would
reach a radiologist as fact, and a score without a commissioned calibration would count as a read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from readers.ai.calibration import Calibrations, Stratum
from readers.ai.explain.saliency import ExplainedRead, SaliencyMap
from readers.plugins.contract import ReaderPlugin, Scope
from screening.domain.ai_read import AiIdentity, AiRead, AiStatus, Region
from screening.domain.identifiers import SopInstanceUid
from screening.domain.quality import Exclusion, ReasonCode
from screening.domain.study import Image, ImageKind, Study
from screening.workflow.ports import PixelSource
from screening.workflow.read_by_ai import refused_read

FOREIGN_FAILURES: Final = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError),
    *(MemoryError, RuntimeError, TypeError, ValueError),
)
"""How code that is not ours fails on an exam. Errors of the service (a store that is away) pass: the job is retried."""

KIND_REASONS: Final = {
    ImageKind.DBT: ReasonCode.TOMOSYNTHESIS,
    ImageKind.FFDM_PROCESSING: ReasonCode.FOR_PROCESSING,
    ImageKind.SYNTHETIC_2D: ReasonCode.SYNTHETIC_2D,
}
SLACK_PX: Final = 1e-6
Explaining = Callable[[Study, PixelSource, str, Study | None], ExplainedRead]


class ScopedReader:
    """A plug-in as the service uses it: an `AiReader` that refuses what is outside its scope."""

    def __init__(self, name: str, reader: ReaderPlugin, calibrations: Calibrations) -> None:
        """`name` is that of the entry point; identity and scope are asked for once, so they cannot change.

        `calibrations` are those in force: a read is `ok` by one of them or not at all.
        """
        self.name = name
        self._calibrations = calibrations
        self.scope: Scope = reader.scope
        self.identity: AiIdentity = reader.identity
        self._reader = reader

    @property
    def fingerprint(self) -> str:
        """What the plug-in says can change a read, with its own name."""
        return f"{self.name} {self._reader.fingerprint}"

    def read(self, study: Study, pixels: PixelSource, site: str, prior: Study | None = None) -> AiRead:
        """Read one study, or refuse it; an answer that contradicts the exam is a failure of the reader."""
        return self._checked(study, site, lambda: ExplainedRead(self._reader.read(study, pixels, site, prior), {})).read

    def explained(self, study: Study, pixels: PixelSource, site: str, prior: Study | None = None) -> ExplainedRead:
        """The same with the maps of a plug-in that has any (`explained`); a read that is refused has none."""
        told: Explaining | None = getattr(self._reader, "explained", None)
        if told is None:
            return ExplainedRead(self.read(study, pixels, site, prior), {})
        return self._checked(study, site, lambda: told(study, pixels, site, prior))

    def _checked(self, study: Study, site: str, ask: Callable[[], ExplainedRead]) -> ExplainedRead:
        outside = self.scope.refusal(study)
        if outside is not None:
            return self._refused(study, AiStatus.UNSUPPORTED, outside)
        try:
            found = ask()
            read, saliency = found.read, _drawable(study, found.saliency)
            wrong = next(_contradictions(study, read), None)
        except FOREIGN_FAILURES:
            return self._refused(study, AiStatus.FAILED, ReasonCode.MODEL_FAILED)
        if wrong is not None:
            return self._refused(study, AiStatus.FAILED, ReasonCode.ANSWER_INVALID)
        if read.usable and not self._calibrated(study, read, site):
            return self._refused(study, AiStatus.UNCALIBRATED, ReasonCode.NOT_COMMISSIONED)
        return ExplainedRead(read, saliency)

    def _calibrated(self, study: Study, read: AiRead, site: str) -> bool:
        """Whether score and flag are those of the accepted calibration for this AI on the device of the exam."""
        filled = {fill.sop_instance_uid for fill in read.slots}
        strata = {Stratum.of(image.device, site) for image in study.images if image.sop_instance_uid in filled}
        if len(strata) != 1 or read.identity is None or read.raw_score is None:
            return False
        known = self._calibrations.find(read.identity, strata.pop(), study.header.study_date)
        if known is None or known.id != read.calibration_id:
            return False
        score = known.exam_score(read.raw_score)
        return (read.exam_score, read.flagged) == (score, score >= known.flag_from)

    def _refused(self, study: Study, status: AiStatus, reason: ReasonCode) -> ExplainedRead:
        listed = (*(Exclusion(i.sop_instance_uid, self._why(i, reason)) for i in study.images), *study.not_images())
        read = replace(refused_read(study, status, reason), identity=self.identity, excluded=listed)
        return ExplainedRead(read, {})

    def _why(self, image: Image, reason: ReasonCode) -> ReasonCode:
        """The reason nearest to the image: its own defect, its kind, then that of the exam."""
        of_kind = reason if image.kind in self.scope.kinds else KIND_REASONS.get(image.kind, reason)
        return image.exclusion or of_kind


def _drawable(study: Study, maps: Mapping[SopInstanceUid, object]) -> dict[SopInstanceUid, SaliencyMap]:
    """Of the maps a plug-in gives, those that are maps, of images of the exam."""
    given = {image.sop_instance_uid: maps.get(image.sop_instance_uid) for image in study.images}
    return {uid: found for uid, found in given.items() if isinstance(found, SaliencyMap) and found.drawable}


def _contradictions(study: Study, read: AiRead) -> Iterator[str]:
    """What no read of this exam may hold, in words."""
    if read.study_instance_uid != study.study_instance_uid:
        yield "another exam"
    images = {image.sop_instance_uid: image for image in study.images}
    filled = {fill.sop_instance_uid for fill in read.slots if fill.sop_instance_uid is not None}
    listed = filled | {item.sop_instance_uid for item in read.excluded}
    if not filled <= set(images) or not set(images) <= listed:
        yield "an image that is not listed, or not there"
    if not all(_inside(region, images.get(region.location.sop_instance_uid)) for region in read.regions):
        yield "a mark outside its image"
    if any(not 0 <= score <= 1 for score in _scores(read)):  # also where it is not a number
        yield "a score that is none"


def _scores(read: AiRead) -> Iterator[float]:
    yield from (value for item in read.regions for value in (item.raw_score, item.probability or 0.0))
    yield from (value for item in read.breasts for value in (item.raw_score, item.probability or 0.0))
    yield from (read.raw_score or 0.0, read.probability or 0.0)


def _inside(region: Region, image: Image | None) -> bool:
    at = region.location
    if image is None or not all(map(math.isfinite, (at.x0, at.y0, at.x1, at.y1))):
        return False
    across = -SLACK_PX <= at.x0 <= at.x1 <= image.columns + SLACK_PX
    down = -SLACK_PX <= at.y0 <= at.y1 <= image.rows + SLACK_PX
    return across and down and (at.frame is None or 1 <= at.frame <= image.frames)
