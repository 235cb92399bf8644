"""BCS-DBT (Duke): per split a table of file paths, of labels and of boxes; one DICOM volume per view.

Only biopsied findings have boxes. A box's coordinates are of the volume as the publishers' reader shows it: it turns a
volume by 180 degrees where the pixels show the other side than the tag says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from models.datasets.frame import Box, Frame, ImageRow, finished, without_duplicates
from models.datasets.tables import flag, laterality, number, opened, read
from models.errors import DatasetInvalid

if TYPE_CHECKING:
    from pathlib import Path

    from models.datasets.frame import Split
    from models.datasets.tables import Files, Record

    Key = tuple[str, str, str]

PATHS = ("PatientID", "StudyUID", "View", "descriptive_path", "classic_path")
LABELS = ("PatientID", "StudyUID", "View", "Normal", "Actionable", "Benign", "Cancer")
BOXES = ("PatientID", "StudyUID", "View", "Slice", "X", "Y", "Width", "Height", "Class", "AD")
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


def frame(root: Path) -> Frame:
    """Return the frame of a folder of this layout, of every split it holds. Raises DatasetInvalid."""
    files = opened(root)
    rows: list[ImageRow] = []
    lost = 0
    for split in SPLITS:
        if paths := _table(root, "file-paths", split, PATHS):
            labels = {_key(record): record for record in _table(root, "labels", split, LABELS)}
            boxes, unplaced = _boxes(_table(root, "boxes", split, BOXES), {_key(record) for record in paths})
            lost += unplaced
            rows += [finished(_row(record, files, split, labels, boxes)) for record in paths]
    if not rows:
        raise DatasetInvalid("there is no table BCS-DBT-file-paths-train*.csv, nor of another split")
    notes = (("boxes_without_volume", lost),) if lost else ()
    return Frame("bcs-dbt", without_duplicates(tuple(rows)), files.strays, notes)


def _table(root: Path, what: str, split: str, columns: tuple[str, ...]) -> list[Record]:
    """The one table of a split, whatever its version; none for a split that is not here."""
    found = sorted(root.rglob(f"BCS-DBT-{what}-{split}*.csv"))
    if len(found) > 1:
        raise DatasetInvalid(f"several versions of one table: {', '.join(path.name for path in found)}; keep one")
    if not found and what == "labels":
        raise DatasetInvalid(f"table BCS-DBT-{what}-{split}*.csv is missing")
    return read(found[0], columns) if found else []


def _key(record: Record) -> Key:
    return record["PatientID"], record["StudyUID"], record["View"].lower()


def _row(
    record: Record, files: Files, split: Split, labels: dict[Key, Record], boxes: dict[Key, list[Box]]
) -> ImageRow:
    """`lcc2` is a repeated left CC. A volume without a label row, or with none or several labels, is excluded."""
    key = _key(record)
    side, view = re.sub(r"\d+$", "", key[2])[:1], re.sub(r"\d+$", "", key[2])[1:]
    label = labels.get(key)
    said = [flag(label[name]) for name in LABELS[3:]] if label else []
    known = said.count(True) == 1 and None not in said
    return ImageRow(
        exam_id=key[1],
        patient_id=key[0],
        laterality=laterality(side),
        view=view.upper(),
        path=files.recorded(record["descriptive_path"]) or files.recorded(record["classic_path"]),
        cancer=said[3] if known else None,
        boxes=tuple(boxes.get(key, ())),
        split=split,
        excluded=None if known else "label_missing" if label is None else "label_unreadable",
    )


def _boxes(records: list[Record], volumes: set[Key]) -> tuple[dict[Key, list[Box]], int]:
    """Boxes by volume, and how many could not be placed. Slices count from 0."""
    boxes: dict[Key, list[Box]] = {}
    lost = 0
    for record in records:
        x, y, width, height, frame_index = (number(record[name]) for name in ("X", "Y", "Width", "Height", "Slice"))
        if None in (x, y, width, height, frame_index) or _key(record) not in volumes:
            lost += 1
            continue
        left, top = float(x or 0.0), float(y or 0.0)
        right, bottom = left + float(width or 0.0), top + float(height or 0.0)
        kind = "distortion" if flag(record["AD"]) else None
        malignant = {"cancer": True, "benign": False}.get(record["Class"].lower())
        box = Box(left, top, right, bottom, kind, int(frame_index or 0), malignant, record["Class"])  # type: ignore[arg-type]
        boxes.setdefault(_key(record), []).append(box)
    return boxes, lost
