"""Writes the explanation of a read beside it: `explanation/` with one JSON document and its pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from screening.app.pictures import frame_picture, shown_frame
from screening.domain.ai_read import AiIdentity, AiRead, Region
from screening.domain.errors import UnusableImage
from screening.domain.identifiers import SopInstanceUid
from screening.domain.study import Image, Slot, Study
from screening.workflow.ports import AiReader, PixelSource, PresentationImage, PresentationVolume

if TYPE_CHECKING:
    from readers.ai.explain.saliency import SaliencyMap

    FlatSaliency = Callable[[PresentationImage], SaliencyMap | None]
    SlabSaliency = Callable[[PresentationVolume, int, AiIdentity], SaliencyMap | None]

FOLDER = "explanation"


def write_explanation(
    study: Study,
    read: AiRead,
    pictures: Mapping[Slot, PresentationImage],
    pixels: PixelSource,
    reader: AiReader,
    folder: Path,
) -> None:
    """Write the files into `folder`/explanation. `pictures` are those of the filled slots.

    Saliency is asked of readers that have it, and only for reads which that very model signed.
    """
    from readers.ai.explain.explaining import explain

    views = _Views(study, read, pixels, reader)
    out = folder / FOLDER
    out.mkdir()
    for name, content in explain(read, pictures, views.saliency, views.close_look).items():
        (out / name).write_bytes(content)


@dataclass
class _Views:
    """The exam's images as its explanation asks for them; a volume is opened once, its frames are not kept."""

    study: Study
    read: AiRead
    pixels: PixelSource
    reader: AiReader
    opened: dict[SopInstanceUid, PresentationVolume] = field(default_factory=dict)

    def saliency(self, slot: Slot, picture: PresentationImage) -> SaliencyMap | None:
        """The map of the view in a slot, of a volume that of the slab around the frame that is shown."""
        image = self._image(slot)
        if image.frames == 1:
            flat: FlatSaliency | None = getattr(self.reader, "saliency", None)
            return flat(picture) if flat and self.read.identity == self.reader.identity else None
        deep: SlabSaliency | None = getattr(self.reader, "volume_saliency", None)
        if deep is None or self.read.identity is None:
            return None
        return deep(self._volume(image), shown_frame(image, self.read) - 1, self.read.identity)

    def close_look(self, region: Region) -> PresentationImage | None:
        """The frame a mark lies on; None when it cannot be decoded."""
        image = self.study.image(region.location.sop_instance_uid)
        try:
            return frame_picture(self._volume(image), region.location.frame or 1)
        except UnusableImage:
            return None

    def _image(self, slot: Slot) -> Image:
        uid = next(fill.sop_instance_uid for fill in self.read.slots if fill.slot is slot and fill.sop_instance_uid)
        return self.study.image(uid)

    def _volume(self, image: Image) -> PresentationVolume:
        if image.sop_instance_uid not in self.opened:
            self.opened[image.sop_instance_uid] = self.pixels.open_volume(image)
        return self.opened[image.sop_instance_uid]
