"""Studies and pictures for tests of the AI reader: plain values, no files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

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


class Pictures:
    """A pixel source of flat half-ellipse breasts; images in `refused` cannot be used."""

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
