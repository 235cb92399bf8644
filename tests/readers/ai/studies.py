"""Studies and pictures for tests of the AI reader: plain values, no files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from screening.domain import identifiers as ids
from screening.domain.errors import UnusableImage
from screening.domain.geometry import Flip
from screening.domain.quality import ReasonCode
from screening.domain.study import Device, Image, ImageKind, Laterality, Slot, Study, StudyHeader, View
from screening.workflow.ports import PresentationImage

DEVICE = Device("Maker", "Model", "1.0")
STUDY = ids.StudyInstanceUid("1.2.3")


def image(slot: Slot = Slot.RCC, uid: str = "", **changes: Any) -> Image:
    """A plain FFDM image of a slot, with changes."""
    made = Image(
        sop_instance_uid=ids.SopInstanceUid(uid or f"1.2.3.{list(Slot).index(slot) + 1}"),
        series_instance_uid=ids.SeriesInstanceUid("1.2.3.9"),
        study_instance_uid=STUDY,
        sop_class_uid="1.2.840.10008.5.1.4.1.1.1.2",
        digest=ids.FileDigest(f"{list(Slot).index(slot):064d}"),
        kind=ImageKind.FFDM,
        laterality=Laterality(slot.value[0]),
        view=View(slot.value[1:]),
        modifiers=frozenset(),
        rows=640,
        columns=512,
        frames=1,
        bits_stored=12,
        row_spacing_mm=0.3,
        column_spacing_mm=0.3,
        device=DEVICE,
        acquired_at=datetime(2026, 1, 5, 8, 0, tzinfo=UTC),
    )
    return replace(made, **changes)


def study(*images: Image) -> Study:
    """A study of these images, or of the four standard views."""
    person = ids.Participant(ids.PersonId("TEST", "1"))
    header = StudyHeader(STUDY, person, "ACC1", date(2026, 1, 5))
    return Study(header, images or tuple(image(slot) for slot in Slot))


def volume(slot: Slot = Slot.RCC, uid: str = "", **changes: Any) -> Image:
    """A tomosynthesis volume of a slot, with changes."""
    number = list(Slot).index(slot)
    stated = {
        "kind": ImageKind.DBT,
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.13.1.3",
        "frames": 8,
        "slice_mm": 1.0,
        "digest": ids.FileDigest(f"{number + 4:064d}"),
    }
    return image(slot, uid or f"1.2.3.{number + 5}", **{**stated, **changes})


def prior_study(*images: Image, **header: Any) -> Study:
    """An exam of the same woman two years earlier, of these images or the four standard views."""
    before = ids.StudyInstanceUid("1.2.2")
    made = images or tuple(image(slot, f"1.2.2.{n + 1}") for n, slot in enumerate(Slot))
    named = tuple(
        replace(one, study_instance_uid=before, digest=ids.FileDigest(f"f{n:063d}")) for n, one in enumerate(made)
    )
    stated = {"study_instance_uid": before, "accession_number": "ACC0", "study_date": date(2024, 1, 5), **header}
    return Study(replace(study().header, **stated), named)


@dataclass(frozen=True)
class Frames:
    """A presentation volume: the same breast in every frame, a bright spot in frame `spot`; see `stack`."""

    picture: PresentationImage
    stack: tuple[int, ...]
    spot: int
    slice_mm: float = 1.0
    warnings: tuple[ReasonCode, ...] = ()
    broken: int | None = None

    @property
    def frames(self) -> int:
        """How many."""
        return len(self.stack)

    @property
    def row_spacing_mm(self) -> float:
        """Millimetres."""
        return self.picture.row_spacing_mm

    @property
    def column_spacing_mm(self) -> float:
        """Millimetres."""
        return self.picture.column_spacing_mm

    @property
    def flip(self) -> Flip:
        """Of the picture."""
        return self.picture.flip

    def frame(self, index: int) -> NDArray[np.float32]:
        """The breast, with the spot in its frame."""
        if index == self.broken:
            raise UnusableImage(ReasonCode.PIXELS_UNDECODABLE)
        shown = self.picture.pixels.copy()
        if index == self.spot:
            shown[200:240, 100:140] = 1.0
        return shown


class Pictures:
    """A pixel source of flat half-ellipse breasts; images in `refused` cannot be used.

    Volumes show a bright spot in stored frame 6 and are stacked as `stack` says.
    """

    stack = tuple(range(8))
    broken: int | None = None

    def __init__(self, refused: Mapping[ids.SopInstanceUid, ReasonCode] | None = None) -> None:
        self.loaded: list[str] = []
        self._refused = refused or {}

    def load(self, image: Image) -> PresentationImage:
        """A picture with the chest wall left."""
        self.loaded.append(image.sop_instance_uid)
        if image.sop_instance_uid in self._refused:
            raise UnusableImage(self._refused[image.sop_instance_uid])
        rows, columns = image.rows, image.columns
        y, x = np.mgrid[:rows, :columns]
        inside = ((y - rows / 2) / (rows * 0.4)) ** 2 + (x / (columns * 0.7)) ** 2 < 1
        texture = np.random.default_rng(1).normal(0.0, 0.03, (rows, columns))
        pixels = np.where(inside, np.clip(0.5 + texture, 0.1, 1.0), 0.0).astype(np.float32)
        mirrored = image.laterality is Laterality.RIGHT
        return PresentationImage(pixels, 0.3, 0.3, Flip(rows, columns, mirrored, vertical=False))

    def open_volume(self, image: Image) -> Frames:
        """A volume of such breasts."""
        return Frames(self.load(image), self.stack, spot=6, broken=self.broken)
