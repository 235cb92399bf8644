"""The pictures of an exam's filled slots, for a contact sheet."""

from __future__ import annotations

from screening.domain.ai_read import AiRead
from screening.domain.errors import UnusableImage
from screening.domain.study import Image, ImageKind, Slot, Study
from screening.workflow.ports import PixelSource, PresentationImage


def pictures_of(study: Study, read: AiRead, pixels: PixelSource) -> dict[Slot, PresentationImage]:
    """Decoded pictures by slot; one exam in memory at a time."""
    pictures = {}
    for fill in read.slots:
        if fill.sop_instance_uid is None:
            continue
        try:
            pictures[fill.slot] = picture_of(study.image(fill.sop_instance_uid), read, pixels)
        except UnusableImage:
            continue
    return pictures


def picture_of(image: Image, read: AiRead, pixels: PixelSource) -> PresentationImage:
    """One picture; of a volume the frame with its most suspicious mark, the middle one without marks.

    Raises UnusableImage.
    """
    if image.kind is not ImageKind.DBT:
        return pixels.load(image)
    volume = pixels.open_volume(image)
    frame = shown_frame(image, read) or volume.stack[len(volume.stack) // 2] + 1
    shown = volume.frame(frame - 1)
    return PresentationImage(shown, volume.row_spacing_mm, volume.column_spacing_mm, volume.flip, volume.warnings)


def shown_frame(image: Image, read: AiRead) -> int | None:
    """Frame number (from 1) of the most suspicious mark on a volume; None without a mark."""
    frames = (r.location.frame for r in read.regions if r.location.sop_instance_uid == image.sop_instance_uid)
    return next((frame for frame in frames if frame is not None), None)
