"""The explanation of a read as JSON (`docs/readers.md` describes every field); one version number for its form."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from screening.domain.ai_read import AiRead, BreastScore, Region
from screening.domain.evidence import breast_sentences, evidence_of, region_sentences
from screening.domain.quality import TEXTS
from screening.domain.study import Slot

SCHEMA: Final = "secondread-explanation"
VERSION: Final = 1
NO_LABEL: Final = "no AI model was run"


def document(
    read: AiRead, overlays: Mapping[Slot, str], crops: Mapping[int, str], deep: Collection[str] = ()
) -> dict[str, Any]:
    """Everything the read rests on. `overlays` and `crops` name the pictures, by slot and by number of the mark.

    `deep` are the images whose saliency is of all depths of a volume.
    """
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "label": read.identity.label if read.identity else NO_LABEL,
        "product": read.identity.product if read.identity else None,
        "study_instance_uid": read.study_instance_uid,
        "is_a_read": read.usable,
        "status": read.status.value,
        "reasons": [{"code": reason.value, "text": TEXTS[reason]} for reason in read.reasons],
        "exam_score": read.exam_score,
        "raw_score": read.raw_score,
        "probability": read.probability,
        "flagged": read.flagged,
        "calibration_id": read.calibration_id,
        "prior_used": read.prior_used,
        "breasts": [_breast(breast) for breast in read.breasts],
        "images": [
            _image(read, fill.slot, fill.sop_instance_uid, overlays, deep)
            for fill in read.slots
            if fill.sop_instance_uid
        ],
        "regions": [_region(read, number, region, crops) for number, region in enumerate(read.regions, start=1)],
    }


def _breast(breast: BreastScore) -> dict[str, Any]:
    return {
        "laterality": breast.laterality.value,
        "raw_score": breast.raw_score,
        "probability": breast.probability,
        "density": breast.density.value if breast.density else None,
        "agreement": breast.agreement,
        "change": breast.change,
        "text": list(breast_sentences(breast)),
    }


def _image(read: AiRead, slot: Slot, uid: str, overlays: Mapping[Slot, str], deep: Collection[str]) -> dict[str, Any]:
    notes = [note for note in read.quality_notes if note.sop_instance_uid == uid]
    told = [{"code": note.code.value, "value": note.value, "unit": note.unit, "text": note.text} for note in notes]
    return {
        "slot": slot.value,
        "sop_instance_uid": uid,
        "saliency": overlays.get(slot),
        "all_depths": uid in deep,
        "quality": None if read.quality is None else told,
    }


def _region(read: AiRead, number: int, region: Region, crops: Mapping[int, str]) -> dict[str, Any]:
    at, evidence = region.location, evidence_of(read, region)
    told: dict[str, Any] = {
        "number": number,
        "slot": region.slot.value,
        "laterality": region.laterality.value,
        "sop_instance_uid": at.sop_instance_uid,
        "frame": at.frame,
        "box": [at.x0, at.y0, at.x1, at.y1],
        "type": region.type.value if region.type else None,
        "raw_score": region.raw_score,
        "probability": region.probability,
        "crop": crops.get(number),
        "evidence": None,
    }
    if evidence is not None:
        told["evidence"] = {
            "global_score": evidence.global_score,
            "local_score": evidence.local_score,
            "attention": evidence.attention,
            "agrees": [slot.value for slot in evidence.agrees],
            "change": evidence.change,
            "text": list(region_sentences(region, evidence)),
        }
    return told
