"""CBIS-DDSM (TCIA): four case description tables (mass or calcification, training or test) and a tree of DICOM or PNG.

Digitised film. One table row per outlined finding; its mask is an image whose bounding box is taken. Folder names of
the tables and of the download differ below the first part, so only that part is trusted; in some cases the published
mask and crop are exchanged, so the larger of the two counts as the mask.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from models.datasets.frame import Box, Frame, ImageRow, finished
from models.datasets.tables import birads, density, laterality, opened, read
from models.errors import DatasetInvalid, InputInvalid

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from models.datasets.frame import Split
    from models.datasets.tables import Files, Record
    from models.labels import LesionType

    ReadPixels = Callable[[Path], tuple[NDArray[np.float32], float]]

COLUMNS = (
    *("patient_id", "left or right breast", "image view", "abnormality type", "assessment", "pathology"),
    *("image file path", "cropped image file path", "ROI mask file path"),
)
DENSITY = ("breast_density", "breast density")
TABLES: dict[str, tuple[Split, LesionType]] = {
    "mass_case_description_train_set.csv": ("train", "mass"),
    "mass_case_description_test_set.csv": ("test", "mass"),
    "calc_case_description_train_set.csv": ("train", "calcification"),
    "calc_case_description_test_set.csv": ("test", "calcification"),
}
_OUTCOME = {"MALIGNANT": True, "BENIGN": False, "BENIGN_WITHOUT_CALLBACK": False}


@dataclass
class _Image:
    """What the rows of one image say together."""

    records: list[tuple[Record, Split, LesionType]] = field(default_factory=list)


def frame(root: Path, read_pixels: ReadPixels) -> Frame:
    """Return the frame of a folder of this layout; `read_pixels` opens masks. Raises DatasetInvalid."""
    present = [name for name in TABLES if (root / name).is_file()]
    if not present:
        raise DatasetInvalid(f"none of the tables is here: {', '.join(TABLES)}")
    files = opened(root)
    images: dict[str, _Image] = {}
    for name in present:
        for record in read(root / name, COLUMNS):
            folder = _folder(record["image file path"])
            images.setdefault(folder, _Image()).records.append((record, *TABLES[name]))
    unread = [0]
    rows = tuple(finished(_row(folder, image, files, read_pixels, unread)) for folder, image in images.items())
    notes = (("masks_not_read", unread[0]),) if unread[0] else ()
    return Frame("cbis-ddsm", rows, files.strays, notes)


def _folder(recorded: str) -> str:
    return recorded.replace("\\", "/").strip("/").split("/")[0]


def _row(folder: str, image: _Image, files: Files, read_pixels: ReadPixels, unread: list[int]) -> ImageRow:
    """A breast has cancer when any of its findings on this image is malignant; findings never contradict each other."""
    record, split, _ = image.records[0]
    outcomes = [_OUTCOME.get(item["pathology"].upper()) for item, _, _ in image.records]
    found = files.within(folder)
    categories = [value for item, _, _ in image.records if (value := birads(item["assessment"])) is not None]
    boxes = [_box(item, kind, files, read_pixels) for item, _, kind in image.records]
    unread[0] += boxes.count(None)
    reasons = {"patients_differ": len({item["patient_id"] for item, _, _ in image.records}) > 1}
    reasons |= {"label_unreadable": None in outcomes, "image_ambiguous": len(found) > 1}
    return ImageRow(
        exam_id=record["patient_id"],
        patient_id=record["patient_id"],
        laterality=laterality(record["left or right breast"]),
        view=record["image view"].upper(),
        path=files.take(found[0]) if found else None,
        cancer=any(outcomes) if None not in outcomes else None,
        birads=max(categories, default=None),
        density=density(next((record[name] for name in DENSITY if name in record), "")),
        boxes=tuple(box for box in boxes if box is not None),
        split=split,
        excluded=next((reason for reason, true in reasons.items() if true), None),
    )


def _box(record: Record, kind: LesionType, files: Files, read_pixels: ReadPixels) -> Box | None:
    """The bounding box of a finding's mask; None when the mask is missing, empty or cannot be read."""
    folders = {_folder(record["ROI mask file path"]), _folder(record["cropped image file path"])} - {""}
    candidates = [files.take(path) for folder in sorted(folders) for path in files.within(folder)]
    try:
        images = [read_pixels(path)[0] for path in candidates]
    except InputInvalid:
        return None
    mask = max(images, key=np.size, default=np.zeros((0, 0), np.float32)) > 0.5
    if not mask.any():
        return None
    ys, xs = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    outcome, said = _OUTCOME.get(record["pathology"].upper()), record["abnormality type"]
    return Box(float(xs[0]), float(ys[0]), float(xs[-1] + 1), float(ys[-1] + 1), kind, None, outcome, said)
