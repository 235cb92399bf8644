"""Reads an exam with its explanation in one pass, and writes that: `explanation/` with a document and its pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from screening.app.pictures import frame_picture
from screening.domain.ai_read import AiRead, Region
from screening.domain.errors import UnusableImage
from screening.domain.identifiers import SopInstanceUid
from screening.domain.study import Image, Slot, Study
from screening.workflow.ports import AiReader, PixelSource, PresentationImage, PresentationVolume

if TYPE_CHECKING:
    from readers.ai.explain.saliency import SaliencyMap

FOLDER = "explanation"

Maps = Mapping[SopInstanceUid, "SaliencyMap"]


def read_explained(
    reader: AiReader, study: Study, pixels: PixelSource, site: str, prior: Study | None
) -> tuple[AiRead, Maps]:
    """The read of an exam and, of a reader that has them, the maps of the same run by image."""
    explained = getattr(reader, "explained", None)
    if explained is None:
        return reader.read(study, pixels, site, prior), {}
    found = explained(study, pixels, site, prior)
    return found.read, found.saliency


def write_explanation(
    study: Study,
    read: AiRead,
    pictures: Mapping[Slot, PresentationImage],
    pixels: PixelSource,
    saliency: Maps,
    folder: Path,
) -> None:
    """Write the files into `folder`/explanation. `pictures` are those of the filled slots, `saliency` maps by image."""
    from readers.ai.explain.explaining import explain

    views = _Views(study, pixels)
    out = folder / FOLDER
    out.mkdir()
    for name, content in explain(read, pictures, saliency, views.close_look).items():
        (out / name).write_bytes(content)


@dataclass
class _Views:
    """The exam's volumes as its explanation asks for them: opened once, their frames not kept."""

    study: Study
    pixels: PixelSource
    opened: dict[SopInstanceUid, PresentationVolume] = field(default_factory=dict)

    def close_look(self, region: Region) -> PresentationImage | None:
        """The frame a mark lies on; None when it cannot be decoded."""
        image = self.study.image(region.location.sop_instance_uid)
        try:
            return frame_picture(self._volume(image), region.location.frame or 1)
        except UnusableImage:
            return None

    def _volume(self, image: Image) -> PresentationVolume:
        if image.sop_instance_uid not in self.opened:
            self.opened[image.sop_instance_uid] = self.pixels.open_volume(image)
        return self.opened[image.sop_instance_uid]
