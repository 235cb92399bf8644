"""The pictures of an exam's filled slots, for a contact sheet."""

from __future__ import annotations

from screening.domain.ai_read import AiRead
from screening.domain.errors import UnusableImage
from screening.domain.study import Slot, Study
from screening.workflow.ports import PixelSource, PresentationImage


def pictures_of(study: Study, read: AiRead, pixels: PixelSource) -> dict[Slot, PresentationImage]:
    """Decoded pictures by slot; one exam in memory at a time."""
    pictures = {}
    for fill in read.slots:
        if fill.sop_instance_uid is None:
            continue
        try:
            pictures[fill.slot] = pixels.load(study.image(fill.sop_instance_uid))
        except UnusableImage:
            continue
    return pictures
