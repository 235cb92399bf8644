"""Writes a frame as CSV or JSON, one row per image, excluded ones and stray files with their reason."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from models.datasets.frame import summary

if TYPE_CHECKING:
    from pathlib import Path

    from models.datasets.frame import Frame, ImageRow

COLUMNS = (
    *("exam_id", "patient_id", "laterality", "view", "path", "cancer", "birads", "density", "age", "machine"),
    *("boxes", "split", "excluded"),
)


def to_csv(frame: Frame, root: Path) -> str:
    """Return the frame as CSV; paths relative to `root`, boxes as JSON, unknown values empty, true as 1."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in frame.rows:
        values = _plain(row, root)
        boxes = json.dumps(values["boxes"]) if row.boxes else ""
        cancer = "" if row.cancer is None else int(row.cancer)
        writer.writerow({**values, "boxes": boxes, "cancer": cancer})
    for stray in frame.strays:
        writer.writerow({"path": stray.relative_to(root).as_posix(), "excluded": "image_without_row"})
    return stream.getvalue()


def to_json(frame: Frame, root: Path) -> str:
    """Return the frame as JSON: layout, summary, rows, strays."""
    content = {
        "layout": frame.layout,
        "summary": summary(frame),
        "rows": [_plain(row, root) for row in frame.rows],
        "strays": [path.relative_to(root).as_posix() for path in frame.strays],
    }
    return json.dumps(content, indent=1) + "\n"


def _plain(row: ImageRow, root: Path) -> dict[str, object]:
    values: dict[str, object] = {name: getattr(row, name) for name in COLUMNS}
    path = row.path.relative_to(root).as_posix() if row.path else None
    return {**values, "path": path, "boxes": [asdict(box) for box in row.boxes]}
