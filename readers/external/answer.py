"""One AI read from what another product says of an exam; the rules are the same however the product answered.

Conservative throughout: an image the product did not read is named, a mark that cannot be placed or understood makes
the read no read, and without a calibration for that product on that device the scores are only there to look at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from readers.ai.calibration import Calibration, Calibrations, Stratum
from readers.ai.verdict import judged, settled
from readers.external.marks import Mark, Placed, place
from screening.domain.ai_read import AiIdentity, AiRead, AiStatus, BreastDensity, BreastScore, Region, SlotFill
from screening.domain.identifiers import SopInstanceUid
from screening.domain.quality import Exclusion, ReasonCode
from screening.domain.study import Image, ImageKind, Laterality, Slot, Study, ViewModifier
from screening.workflow.read_by_ai import refused_read

NOT_STANDARD = frozenset({ViewModifier.MAGNIFICATION, ViewModifier.SPOT_COMPRESSION})
KIND_ORDER = (ImageKind.FFDM, ImageKind.FFDM_PROCESSING, ImageKind.DBT, ImageKind.SYNTHETIC_2D)
"""Which of several images of a view fills its slot: the acquired one first."""


@dataclass(frozen=True)
class Answer:
    """What a product says of one exam.

    `read` are the images it succeeded on. `exam_raw` is its own score of the exam, 0..1, None when it states none;
    `breasts` its own scores per breast. `digests` are the SHA-256 of what the answer was made of.
    """

    identity: AiIdentity
    read: frozenset[SopInstanceUid]
    marks: tuple[Mark, ...]
    digests: tuple[str, ...]
    exam_raw: float | None = None
    breasts: Mapping[Laterality, float] | None = None
    density: BreastDensity | None = None


def read_of(study: Study, answer: Answer, calibrations: Calibrations, site: str) -> AiRead:
    """The AI read of an exam. The same study and answer give the same read."""
    slots = _fill([image for image in study.images if image.sop_instance_uid in answer.read])
    placed = place(study, answer.marks, frozenset(i.sop_instance_uid for i in _readable(study, answer)))
    stratum = Stratum.of_images(list(slots.values()) or study.images, site)
    calibration = calibrations.find(answer.identity, stratum, study.header.study_date)
    why_none = calibrations.why_none(answer.identity, stratum, study.header.study_date)
    found = _verdict(slots, placed, calibration, why_none)
    usable = calibration if found[0] is AiStatus.OK else None
    breasts = _breasts(slots, placed.regions, answer, usable)
    read = judged(_seen(study, answer, slots, placed), found, _exam_raw(answer, breasts), breasts, usable)
    return replace(read, identity=answer.identity, stratum=str(stratum))


def _seen(study: Study, answer: Answer, slots: Mapping[Slot, Image], placed: Placed) -> AiRead:
    """What the read says of the images, whatever it comes to."""
    return replace(
        refused_read(study, AiStatus.UNSUPPORTED, ReasonCode.NOT_READ_BY_PRODUCT),
        regions=placed.regions,
        density=answer.density,
        slots=_fills(slots),
        excluded=(*study.not_images(), *_excluded(study, slots, answer), *placed.refused),
        warnings=placed.warnings,
        input_digests=answer.digests,
    )


def no_answer(study: Study, identity: AiIdentity, status: AiStatus, reason: ReasonCode) -> AiRead:
    """The read when the product gave none: no score, every object listed."""
    listed = (Exclusion(i.sop_instance_uid, i.exclusion or ReasonCode.NOT_READ_BY_PRODUCT) for i in study.images)
    return replace(
        refused_read(study, status, reason),
        identity=identity,
        slots=_fills({}),
        excluded=(*study.not_images(), *listed),
    )


def _fills(slots: Mapping[Slot, Image]) -> tuple[SlotFill, ...]:
    return tuple(SlotFill(slot, slots[slot].sop_instance_uid if slot in slots else None) for slot in Slot)


def _readable(study: Study, answer: Answer) -> Iterable[Image]:
    """Images the product read that stand for a standard view: only these can carry a mark."""
    return (i for i in study.images if i.sop_instance_uid in answer.read and _standard(i))


def _standard(image: Image) -> bool:
    return image.slot is not None and not image.modifiers & NOT_STANDARD


def _fill(read: Sequence[Image]) -> dict[Slot, Image]:
    slots: dict[Slot, Image] = {}
    for image in sorted(filter(_standard, read), key=_preference):
        if image.slot is not None:
            slots.setdefault(image.slot, image)
    return slots


def _preference(image: Image) -> tuple[int, int, str]:
    kind = KIND_ORDER.index(image.kind) if image.kind in KIND_ORDER else len(KIND_ORDER)
    return kind, -image.rows * image.columns, image.sop_instance_uid


def _excluded(study: Study, slots: Mapping[Slot, Image], answer: Answer) -> tuple[Exclusion, ...]:
    """Every image that fills no slot, with the reason."""
    used = {image.sop_instance_uid for image in slots.values()}
    return tuple(
        Exclusion(image.sop_instance_uid, _why_not(image, answer))
        for image in study.images
        if image.sop_instance_uid not in used
    )


def _why_not(image: Image, answer: Answer) -> ReasonCode:
    if image.sop_instance_uid in answer.read:
        return ReasonCode.REPEAT_NOT_CHOSEN if _standard(image) else ReasonCode.VIEW_NOT_STANDARD
    return image.exclusion or ReasonCode.NOT_READ_BY_PRODUCT


def _verdict(
    slots: Mapping[Slot, Image], placed: Placed, calibration: Calibration | None, why_none: ReasonCode
) -> tuple[AiStatus, tuple[ReasonCode, ...]]:
    """`ok` only with four views read, every mark placed, and a calibration for this product."""
    if not slots:
        return AiStatus.UNSUPPORTED, (ReasonCode.NO_USABLE_IMAGES,)
    against = tuple(dict.fromkeys(item.reason for item in placed.refused))
    return settled(against, len(slots), calibration, why_none)


def _breasts(
    slots: Mapping[Slot, Image], regions: Sequence[Region], answer: Answer, calibration: Calibration | None
) -> tuple[BreastScore, ...]:
    """Each breast that was read: the product's own score, else its highest mark, 0 without a mark."""
    sides = [side for side in Laterality if any(slot.laterality is side for slot in slots)]
    scores = []
    for side in sides:
        highest = max((region.raw_score for region in regions if region.laterality is side), default=0.0)
        raw = (answer.breasts or {}).get(side, highest)
        scores.append(BreastScore(side, raw, calibration.probability(raw) if calibration else None, answer.density))
    return tuple(scores)


def _exam_raw(answer: Answer, breasts: Sequence[BreastScore]) -> float | None:
    highest = max((breast.raw_score for breast in breasts), default=None)
    return highest if answer.exam_raw is None or highest is None else answer.exam_raw
