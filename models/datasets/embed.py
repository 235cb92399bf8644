"""EMBED (Emory open data): `EMBED_OpenData_metadata.csv` and `EMBED_OpenData_clinical.csv`, full or `_reduced`.

One metadata row per image, one clinical row per finding; joined by exam and breast. Cancer is invasive or in situ
pathology (`path_severity` 0 or 1); a breast without a biopsy stays of unknown outcome.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from models.datasets.frame import Box, Frame, ImageRow, finished, without_duplicates
from models.datasets.tables import density, laterality, number, opened, read
from models.errors import DatasetInvalid

if TYPE_CHECKING:
    from pathlib import Path

    from models.datasets.tables import Files, Record
    from models.labels import Laterality

METADATA = ("empi_anon", "acc_anon", "anon_dicom_path", "ImageLateralityFinal", "ViewPosition", "FinalImageType")
CLINICAL = ("empi_anon", "acc_anon", "side", "asses", "tissueden", "path_severity")
ASSESSMENT = {"A": 0, "N": 1, "B": 2, "P": 3, "S": 4, "M": 5, "K": 6}
_CANCER = frozenset({0.0, 1.0})
_NONE = frozenset({2.0, 3.0, 4.0, 5.0})
_UNKNOWN_MARK = frozenset({"", "nan", "none"})


def frame(root: Path) -> Frame:
    """Return the frame of a folder of this layout. Raises DatasetInvalid."""
    metadata = read(_table(root, "metadata"), METADATA)
    findings: dict[str, list[Record]] = defaultdict(list)
    for record in read(_table(root, "clinical"), CLINICAL):
        findings[_exam(record)].append(record)
    files = opened(root)
    rows = tuple(finished(_row(record, files, findings.get(_exam(record), []))) for record in metadata)
    broken = sum(_boxes(record) is None for record in metadata)
    unseen = len(findings.keys() - {_exam(record) for record in metadata})
    notes = (("boxes_not_read", broken), ("exams_without_images", unseen))
    return Frame("embed", without_duplicates(rows), files.strays, tuple(note for note in notes if note[1]))


def _table(root: Path, what: str) -> Path:
    """The full table, or the reduced one where the full one is not here."""
    paths = [root / f"EMBED_OpenData_{what}{ending}.csv" for ending in ("", "_reduced")]
    found = [path for path in paths if path.is_file()]
    if not found:
        raise DatasetInvalid(f"table {paths[0].name} is missing, and {paths[1].name} too")
    return found[0]


def _exam(record: Record) -> str:
    return record["acc_anon"].removesuffix(".0")


def _row(record: Record, files: Files, findings: list[Record]) -> ImageRow:
    """Synthetic views, volumes, spot and magnification views are excluded, as is an exam without a clinical row."""
    side = laterality(record["ImageLateralityFinal"])
    of_breast = [item for item in findings if _is_of(item, side)]
    return ImageRow(
        exam_id=_exam(record),
        patient_id=record["empi_anon"].removesuffix(".0"),
        laterality=side,
        view=record["ViewPosition"].upper(),
        path=files.recorded(record["anon_dicom_path"]),
        cancer=_cancer(of_breast),
        birads=max((ASSESSMENT[item["asses"].upper()] for item in of_breast if _assessed(item)), default=None),
        density=next((value for item in findings if (value := density(item["tissueden"]))), None),
        age=next((age for item in findings if (age := number(item.get("age_at_study", "")))), None),
        machine=record.get("ManufacturerModelName", ""),
        boxes=_boxes(record) or (),
        excluded=_reason(record, findings),
    )


def _reason(record: Record, findings: list[Record]) -> str | None:
    if record["FinalImageType"].upper() != "2D":
        return "not_full_field_2d"
    if record.get("spot_mag", "").lower() not in _UNKNOWN_MARK | {"0", "0.0"}:
        return "spot_or_magnification"
    return None if findings else "clinical_row_missing"


def _is_of(finding: Record, side: Laterality | None) -> bool:
    """A finding without a side, or of both, is of either breast."""
    word = finding["side"].upper()
    return word in ("B", "", "NAN") or laterality(word) == side


def _assessed(finding: Record) -> bool:
    return finding["asses"].upper() in ASSESSMENT


def _cancer(findings: list[Record]) -> bool | None:
    """Any invasive or in situ cancer; else no cancer where a biopsy said so; else unknown (as of other tumours)."""
    severities = {number(item["path_severity"]) for item in findings}
    if severities & _CANCER:
        return True
    return False if severities & _NONE else None


def _boxes(record: Record) -> tuple[Box, ...] | None:
    """Boxes of `ROI_coords`, written as ((ymin, xmin, ymax, xmax), ...); None when they are not groups of four."""
    text = record.get("ROI_coords", "")
    values = [float(word) for word in re.findall(r"\d+(?:\.\d+)?", text)]
    if len(values) % 4:
        return None
    groups = [values[start : start + 4] for start in range(0, len(values), 4)]
    return tuple(Box(x0, y0, x1, y1) for y0, x0, y1, x1 in groups)
