"""What is true of a phantom exam, as JSON and as rows of a table of truth.

Boxes are (x0, y0, x1, y1) in stored pixels from the upper left corner; frames count from 1, as in DICOM.
"""

from __future__ import annotations

from typing import Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from models.phantom.spec import LesionTruth, PhantomView, PhantomVolume, VolumeTruth


class Mask(TypedDict):
    """A mask as run lengths: rows of `box` one after the other, runs of outside and inside in turn, outside first."""

    box: list[int]
    runs: list[int]


class LesionRow(TypedDict, total=False):
    """One finding; `frame`, `first_frame`, `last_frame` and the masks of those frames in volumes only."""

    kind: str
    malignant: bool
    size_mm: float
    box: list[float]
    mask: Mask
    frame: int
    first_frame: int
    last_frame: int
    frame_masks: list[Mask]


class ImageTruth(TypedDict):
    """One image file."""

    file: str
    sop_instance_uid: str
    kind: Literal["ffdm", "dbt", "raw"]
    laterality: str
    view: str
    rows: int
    columns: int
    frames: int
    pixel_mm: float
    gland_fraction: float
    faults: list[str]
    lesions: list[LesionRow]


class ExamTruth(TypedDict):
    """One exam, current or prior."""

    folder: str
    study_instance_uid: str
    seed: int
    prior: bool
    style: str
    density: str
    implants: str | None
    cancer_left: bool
    cancer_right: bool
    images: list[ImageTruth]


LABEL_COLUMNS = ("study_instance_uid", "laterality", "cancer")
"""Columns of `labels.csv`, the table of truth that `secondread commission --labels` reads (0 or 1 for no or yes)."""


def label_rows(exam: ExamTruth) -> list[tuple[str, str, str]]:
    """The exam's rows of `labels.csv`, one per breast; everything else that is true of it stands in `truth.json`."""
    uid = exam["study_instance_uid"]
    return [(uid, side, str(int(sick))) for side, sick in (("L", exam["cancer_left"]), ("R", exam["cancer_right"]))]


def run_lengths(mask: NDArray[np.bool_]) -> Mask:
    """A mask (rows, columns) as run lengths of the smallest box around it; an empty mask has an empty box."""
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    if not len(rows):
        return Mask(box=[0, 0, 0, 0], runs=[])
    box = [int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1]
    flat = mask[box[1] : box[3], box[0] : box[2]].ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff([0, *edges, len(flat)]).tolist()
    return Mask(box=box, runs=[0, *runs] if flat[0] else runs)


def lesion_row(lesion: LesionTruth | VolumeTruth) -> LesionRow:
    """One finding of a view or a volume."""
    row = LesionRow(
        kind=lesion.kind,
        malignant=lesion.malignant,
        size_mm=round(lesion.size_mm, 2),
        box=[float(edge) for edge in lesion.box],
        mask=run_lengths(lesion.mask),
    )
    if isinstance(lesion, VolumeTruth):
        row["frame"] = round(lesion.frame) + 1
        row["first_frame"], row["last_frame"] = lesion.first + 1, lesion.last + 1
        row["frame_masks"] = [run_lengths(lesion.mask_at(frame)) for frame in range(lesion.first, lesion.last + 1)]
    return row


def image_truth(
    image: PhantomView | PhantomVolume, file: str, uid: str, kind: Literal["ffdm", "dbt", "raw"]
) -> ImageTruth:
    """What is true of one image file."""
    pixels = image.slices if isinstance(image, PhantomVolume) else image.pixels
    return ImageTruth(
        file=file,
        sop_instance_uid=uid,
        kind=kind,
        laterality=image.laterality,
        view=image.view,
        rows=pixels.shape[-2],
        columns=pixels.shape[-1],
        frames=len(pixels) if pixels.ndim == 3 else 1,
        pixel_mm=image.pixel_mm,
        gland_fraction=round(image.gland_fraction, 4),
        faults=list(image.faults),
        lesions=[lesion_row(lesion) for lesion in image.lesions],
    )
