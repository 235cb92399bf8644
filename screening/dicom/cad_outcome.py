"""What a CAD report may truthfully say about a run: which images were read, which were not, and the summary codes.

Only a usable AI read (status `ok`) counts as algorithms that succeeded. Everything else, `uncalibrated` included, is
reported as no result: an uncalibrated score is not a read, a report "without findings" would pass for a normal one,
and Rendering Intent "Not for Presentation" is meant for later CAD steps (PS3.4 O.2.2.1) and is not honoured by every
viewer. So its marks are not written at all; they stay with the AI read and on the contact sheet.
"""

from __future__ import annotations

from dataclasses import dataclass

from screening.dicom import sr_codes as codes
from screening.dicom.sr_codes import Code
from screening.domain.ai_read import AiRead, AiStatus, Region
from screening.domain.errors import ReportInvalid
from screening.domain.quality import TEXTS, ReasonCode
from screening.domain.study import Image, Study

NEVER_RUN = frozenset({AiStatus.OBJECTED, AiStatus.UNLICENSED})
"""No inference was run: detections were not attempted, which is not the same as failed."""

NO_PART = frozenset({ReasonCode.OWN_RESULT, ReasonCode.NOT_AN_IMAGE, ReasonCode.DOSE_REPORT, ReasonCode.OTHER_STUDY})
"""Excluded objects that are no images of this examination and so have no place in its image library."""


@dataclass(frozen=True)
class Refused:
    """An image on which no detection succeeded, and why, in words."""

    image: Image
    reason: str


@dataclass(frozen=True)
class CadOutcome:
    """Images read and refused, marks to write, and the codes of CID 6047 and CID 6042."""

    scored: tuple[Image, ...]
    refused: tuple[Refused, ...]
    regions: tuple[Region, ...]
    processing: Code
    detections: Code

    @property
    def images(self) -> tuple[Image, ...]:
        """Every image of the library, read ones first."""
        return (*self.scored, *(refused.image for refused in self.refused))


def cad_outcome(study: Study, read: AiRead) -> CadOutcome:
    """The outcome of a run.

    Raises ReportInvalid when the read is of another study, no image is left to report on, or a mark lies on an image
    that was not read.
    """
    if read.study_instance_uid != study.study_instance_uid:
        raise ReportInvalid("the AI read belongs to another study")
    scored, refused = _split(study, read)
    if not scored and not refused:
        raise ReportInvalid("a CAD report needs at least one image, and the study has none")
    regions = read.regions if read.usable else ()
    known = {image.sop_instance_uid for image in scored}
    if any(region.location.sop_instance_uid not in known for region in regions):
        raise ReportInvalid("a mark lies on an image that was not read")
    processing, detections = _summary(read, bool(scored), bool(refused), bool(regions))
    return CadOutcome(scored, refused, regions, processing, detections)


def _split(study: Study, read: AiRead) -> tuple[tuple[Image, ...], tuple[Refused, ...]]:
    filled = {fill.sop_instance_uid for fill in read.slots if fill.sop_instance_uid is not None}
    reasons = {exclusion.sop_instance_uid: exclusion for exclusion in read.excluded}
    scored: dict[str, Image] = {}
    refused: dict[str, Refused] = {}
    for image in study.images:
        exclusion = reasons.get(image.sop_instance_uid)
        reason = exclusion.reason if exclusion else image.exclusion
        if reason in NO_PART:
            continue
        retaken = read.usable and reason is ReasonCode.REPEAT_NOT_CHOSEN
        if image.sop_instance_uid not in filled and not retaken:
            said = exclusion.text if exclusion else TEXTS[reason] if reason else "not chosen for any standard view"
            refused[image.sop_instance_uid] = Refused(image, said)
        elif read.usable:
            scored[image.sop_instance_uid] = image
        else:
            refused[image.sop_instance_uid] = Refused(image, no_read_reason(read))
    return tuple(scored.values()), tuple(refused.values())


def no_read_reason(read: AiRead) -> str:
    """Why a read is none, as one phrase for people."""
    return "; ".join(TEXTS[reason] for reason in read.reasons) or f"AI status {read.status.value}"


def _summary(read: AiRead, scored: bool, refused: bool, findings: bool) -> tuple[Code, Code]:
    if read.identity is None or read.status in NEVER_RUN:
        return codes.NONE_SUCCEEDED, codes.NOT_ATTEMPTED
    if not scored:
        return codes.NONE_SUCCEEDED, codes.FAILED
    if refused:
        with_or_without = (codes.PARTLY_SUCCEEDED_NO_FINDINGS, codes.PARTLY_SUCCEEDED_FINDINGS)
        return with_or_without[findings], codes.PARTIALLY_SUCCEEDED
    return (codes.ALL_SUCCEEDED_NO_FINDINGS, codes.ALL_SUCCEEDED_FINDINGS)[findings], codes.SUCCEEDED
