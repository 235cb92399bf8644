"""The pictures of an exam's filled slots, for a contact sheet and an explanation."""

from __future__ import annotations

from screening.domain.ai_read import AiRead
from screening.domain.errors import UnusableImage
from screening.domain.study import Image, Slot, Study
from screening.workflow.ports import PixelSource, PresentationImage


def pictures_of(study: Study, read: AiRead, pixels: PixelSource) -> dict[Slot, PresentationImage]:
    """Decoded pictures by slot; one exam in memory at a time.

    A volume is shown by one frame: that of its most suspicious mark, else the middle one.
    """
    pictures = {}
    for fill in read.slots:
        if fill.sop_instance_uid is None:
            continue
        try:
            pictures[fill.slot] = _picture(study.image(fill.sop_instance_uid), read, pixels)
        except UnusableImage:
            continue
    return pictures


def _picture(image: Image, read: AiRead, pixels: PixelSource) -> PresentationImage:
    if image.frames == 1:
        return pixels.load(image)
    volume = pixels.open_volume(image)
    marked = (r.location.frame for r in read.regions if r.location.sop_instance_uid == image.sop_instance_uid)
    number = next((frame for frame in marked if frame is not None), volume.frames // 2 + 1)
    shown = volume.frame(number - 1)
    return PresentationImage(shown, volume.row_spacing_mm, volume.column_spacing_mm, volume.flip, volume.warnings)
