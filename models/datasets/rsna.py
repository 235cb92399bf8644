"""RSNA Screening Mammography 2023: `train.csv` and `train_images/<patient_id>/<image_id>.dcm` or `.png`.

One exam per patient. `cancer` is of the breast, by pathology or follow-up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.datasets.frame import Frame, ImageRow, finished, without_duplicates
from models.datasets.tables import birads, density, flag, laterality, number, opened, read

if TYPE_CHECKING:
    from pathlib import Path

    from models.datasets.tables import Files, Record

COLUMNS = (
    "patient_id",
    "image_id",
    "laterality",
    "view",
    "age",
    "cancer",
    "BIRADS",
    "implant",
    "density",
    "machine_id",
)


def frame(root: Path) -> Frame:
    """Return the frame of a folder of this layout. Raises DatasetInvalid."""
    records = read(root / "train.csv", COLUMNS)
    files = opened(root)
    rows = tuple(finished(_row(record, files)) for record in records)
    return Frame("rsna", without_duplicates(rows), files.strays)


def _row(record: Record, files: Files) -> ImageRow:
    """A view other than CC and MLO, an implant or a label that is neither 0 nor 1 excludes the image."""
    cancer = flag(record["cancer"])
    patient, image = record["patient_id"], record["image_id"]
    path = files.named(image, patient) or files.named(f"{patient}_{image}") or files.named(image)
    reason = "label_unreadable" if cancer is None else "implant" if flag(record["implant"]) else None
    return ImageRow(
        exam_id=patient,
        patient_id=patient,
        laterality=laterality(record["laterality"]),
        view=record["view"].upper(),
        path=path,
        cancer=cancer,
        birads=birads(record["BIRADS"]),
        density=density(record["density"]),
        age=number(record["age"]),
        machine=record["machine_id"],
        excluded=reason,
    )
