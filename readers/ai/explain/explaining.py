"""The files that explain one read: `explanation.json`, a saliency picture per view, a crop per mark.

Works for every reader; one that gives no saliency or no evidence is explained by what it does give. No file bears a
person's name, and every picture that shows evidence says which model saw it, with its label.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping

from readers.ai.explain.document import NO_LABEL, document
from readers.ai.explain.painting import crop, overlay
from readers.ai.explain.saliency import SaliencyMap
from screening.domain.ai_read import AiRead, Region
from screening.domain.evidence import shown_marks, view_name
from screening.domain.geometry import Box
from screening.domain.identifiers import SopInstanceUid
from screening.domain.study import Laterality, Slot
from screening.workflow.ports import PresentationImage

JSON_FILE = "explanation.json"
MOST_CROPS = 12
"""Crops of the most suspicious marks; the others are in the document."""

ALL_DEPTHS = "Evidence of all depths; boxes: marks of this frame."
CloseLook = Callable[[Region], PresentationImage | None]


def explain(
    read: AiRead,
    pictures: Mapping[Slot, PresentationImage],
    saliency: Mapping[SopInstanceUid, SaliencyMap],
    close_look: CloseLook,
) -> dict[str, bytes]:
    """Files by name. `pictures` are those of the filled slots; a volume is shown in the frame of its first mark.

    `saliency` are maps by image, as the reader gave them with the read.

    `close_look` gives the frame of a mark that lies on another one; such marks have a crop, and no box on the view.
    """
    files: dict[str, bytes] = {}
    overlays: dict[Slot, str] = {}
    crops: dict[int, str] = {}
    filled = {fill.slot: fill.sop_instance_uid for fill in read.slots if fill.sop_instance_uid}
    for slot, picture in pictures.items():
        overlays[slot] = f"saliency-{slot.value}.png"
        marks = {number: _shown(region, picture) for number, region in _on(read, slot).items()}
        found = saliency.get(filled[slot])
        files[overlays[slot]] = overlay(picture, found, marks, _mirrored(slot), _words(read, slot, found))
    for number, region in _marked(read, pictures)[:MOST_CROPS]:
        shown = number in _on(read, region.slot)
        looked = pictures[region.slot] if shown else close_look(region)
        if looked is not None:
            crops[number] = f"region-{number:02d}-{region.slot.value}.png"
            files[crops[number]] = crop(looked, _shown(region, looked), _mirrored(region.slot))
    told = json.dumps(
        document(read, overlays, crops, {uid for uid, found in saliency.items() if found.all_depths}),
        indent=2,
        ensure_ascii=False,
        allow_nan=False,
    )
    return {JSON_FILE: told.encode(), **files}


def _marked(read: AiRead, pictures: Collection[Slot]) -> list[tuple[int, Region]]:
    """Marks on images that fill a slot and can be shown, by number in the read, most suspicious first."""
    filled = {fill.sop_instance_uid for fill in read.slots if fill.slot in pictures}
    numbered = enumerate(read.regions, start=1)
    return [(number, region) for number, region in numbered if region.location.sop_instance_uid in filled]


def _on(read: AiRead, slot: Slot) -> dict[int, Region]:
    """Marks on the image that fills the slot, by number in the read; of a volume, those in the frame that is shown."""
    uid = next((fill.sop_instance_uid for fill in read.slots if fill.slot is slot), None)
    return shown_marks(read, uid)


def _shown(region: Region, picture: PresentationImage) -> Box:
    at = region.location
    return picture.flip.to_stored((at.x0, at.y0, at.x1, at.y1))  # a flip is its own inverse


def _mirrored(slot: Slot) -> bool:
    """As films are hung: the right breast looks to the left."""
    return slot.laterality is Laterality.RIGHT


def _words(read: AiRead, slot: Slot, found: SaliencyMap | None) -> list[str]:
    made_by = f"{read.identity.product}: {read.identity.label}" if read.identity else NO_LABEL
    kind = "" if read.usable else f" Not a read: {read.status.value}."
    depths = [ALL_DEPTHS] if found is not None and found.all_depths else []
    return [f"{view_name(slot)}.{kind}", made_by, *depths]
