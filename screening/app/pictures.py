"""The pictures of an exam's filled slots, for a contact sheet and an explanation."""

from __future__ import annotations

from screening.domain.ai_read import AiRead
from screening.domain.errors import UnusableImage
from screening.domain.evidence import shown_marks
from screening.domain.study import Image, Slot, Study
from screening.workflow.ports import PixelSource, PresentationImage, PresentationVolume


def pictures_of(study: Study, read: AiRead, pixels: PixelSource) -> dict[Slot, PresentationImage]:
    """Decoded pictures by slot; one exam in memory at a time.

    A volume is shown by one frame (`shown_frame`).
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


def shown_frame(image: Image, read: AiRead) -> int:
    """The frame (1-based) that stands for a volume: that of its most suspicious mark, else the middle one."""
    marked = (region.location.frame for region in shown_marks(read, image.sop_instance_uid).values())
    return next((frame for frame in marked if frame is not None), image.frames // 2 + 1)


def frame_picture(volume: PresentationVolume, number: int) -> PresentationImage:
    """Frame `number` (1-based) as a picture. Raises UnusableImage."""
    pixels = volume.frame(number - 1)
    return PresentationImage(pixels, volume.row_spacing_mm, volume.column_spacing_mm, volume.flip, volume.warnings)


def _picture(image: Image, read: AiRead, pixels: PixelSource) -> PresentationImage:
    if image.frames == 1:
        return pixels.load(image)
    return frame_picture(pixels.open_volume(image), shown_frame(image, read))
