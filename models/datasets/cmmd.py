"""CMMD (TCIA): `CMMD_clinicaldata_revision.csv` exported from its workbook, and `<ID1>/<study>/<series>/1-1.dcm`.

View and side are in the DICOM headers only, which this package does not read: they come from `headers`, a table
`path,laterality,view[,machine]` beside the clinical one. The clinical table tells of one breast or both, by pathology;
the other breast stays of unknown outcome.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.datasets.frame import Frame, ImageRow, finished, without_duplicates
from models.datasets.tables import laterality, number, opened, read

if TYPE_CHECKING:
    from pathlib import Path

    from models.datasets.tables import Files, Record

CLINICAL = ("ID1", "LeftRight", "Age", "abnormality", "classification")
HEADERS = ("path", "laterality", "view")
CLINICAL_FILE, HEADER_FILE = "CMMD_clinicaldata_revision.csv", "headers.csv"
_OUTCOME = {"malignant": True, "benign": False}


def frame(root: Path) -> Frame:
    """Return the frame of a folder of this layout. Raises DatasetInvalid."""
    clinical = read(root / CLINICAL_FILE, CLINICAL)
    headers = read(root / HEADER_FILE, HEADERS)
    files = opened(root)
    breasts, unclear = _breasts(clinical)
    women = {record["ID1"]: record for record in clinical}
    rows = [finished(_row(header, files, breasts, women)) for header in headers]
    shown = {row.patient_id for row in rows}
    rows += [_unseen(record) for woman, record in women.items() if woman not in shown]
    notes = (("clinical_rows_unreadable", unclear),) if unclear else ()
    return Frame("cmmd", without_duplicates(tuple(rows)), files.strays, notes)


def _breasts(clinical: list[Record]) -> tuple[dict[tuple[str, str], bool], int]:
    """Outcome by woman and side, malignant before benign, and how many rows told none."""
    breasts: dict[tuple[str, str], bool] = {}
    unclear = 0
    for record in clinical:
        side, outcome = laterality(record["LeftRight"]), _OUTCOME.get(record["classification"].lower())
        if side is None or outcome is None:
            unclear += 1
            continue
        breasts[record["ID1"], side] = outcome or breasts.get((record["ID1"], side), False)
    return breasts, unclear


def _row(header: Record, files: Files, breasts: dict[tuple[str, str], bool], women: dict[str, Record]) -> ImageRow:
    """A woman without a clinical row is excluded."""
    path, side = files.recorded(header["path"]), laterality(header["laterality"])
    parts = header["path"].replace("\\", "/").split("/")
    woman = next((part for part in parts if part in women), "")
    return ImageRow(
        exam_id=woman,
        patient_id=woman,
        laterality=side,
        view=header["view"].upper(),
        path=path,
        cancer=breasts.get((woman, side)) if side else None,
        age=number(women[woman]["Age"]) if woman else None,
        machine=header.get("machine", ""),
        excluded=None if woman else "clinical_row_missing",
    )


def _unseen(record: Record) -> ImageRow:
    """A woman of the clinical table without an image in the header table."""
    woman = record["ID1"]
    return ImageRow(woman, woman, laterality(record["LeftRight"]), "", None, excluded="image_missing")
