"""A phantom view as the mammogram to write: the demonstration and `secondread phantom` say the same of theirs."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from models.phantom.spec import MAX_VALUE, PhantomView
from screening.dicom.bto_object import Window
from screening.dicom.mg_object import MgPixels
from screening.domain import identifiers as ids
from screening.domain.study import Device, Laterality, StudyHeader, View

COMMENT: Final = "SYNTHETIC: generated phantom, no real person"
"""Image Comments of every phantom image."""

JPEG_2000_LOSSLESS, JPEG_LS_LOSSLESS = "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.80"
USUAL_SYNTAX: Final = {"style-a": JPEG_2000_LOSSLESS, "style-b": JPEG_LS_LOSSLESS, "style-c": JPEG_LS_LOSSLESS}
"""Transfer syntax that a device of each style stores in."""

FULL_RANGE: Final = Window((MAX_VALUE + 1) / 2, MAX_VALUE + 1)


def mammogram(
    view: PhantomView, header: StudyHeader, device: Device, name: str, number: int, taken_at: datetime
) -> MgPixels:
    """One view as image `number` of a study, marked as synthetic; its UIDs follow from the study and its name."""
    study = header.study_instance_uid
    return MgPixels(
        pixels=view.pixels,
        header=header,
        laterality=Laterality(view.laterality),
        view=View(view.view),
        pixel_mm=view.pixel_mm,
        device=device,
        window_center=FULL_RANGE.center,
        window_width=FULL_RANGE.width,
        acquired_at=taken_at,
        sop_instance_uid=ids.SopInstanceUid(ids.minted_uid(study, name)),
        series_instance_uid=ids.SeriesInstanceUid(ids.minted_uid(study, "series", name)),
        series_number=number,
        comments=COMMENT,
    )
