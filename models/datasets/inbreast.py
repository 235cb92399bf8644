"""INbreast: `INbreast.csv` (semicolons), `AllDICOMs/<file>_<patient>_MG_<side>_<view>_ANON.dcm`, `AllXML/<file>.xml`.

The outlines are property lists of points. No pathology in the table: `cancer` stays unknown. The woman's pseudonym is
in the DICOM file's name only; a PNG named by number alone makes each image a woman of its own, which is noted.
"""

from __future__ import annotations

import plistlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from xml.parsers.expat import ExpatError

from models.datasets.frame import Box, Frame, ImageRow, finished, without_duplicates
from models.datasets.tables import birads, density, laterality, number, opened, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from models.datasets.tables import Files, Record
    from models.labels import LesionType

COLUMNS = ("Laterality", "View", "Acquisition date", "File Name", "ACR", "Bi-Rads")
TYPES: dict[str, LesionType] = {
    "mass": "mass",
    "spiculated region": "mass",
    "calcification": "calcification",
    "calcifications": "calcification",
    "cluster": "calcification",
    "distortion": "distortion",
    "asymmetry": "asymmetry",
    "assymetry": "asymmetry",
}
"""The set's own words; one of them is spelled as there."""


def frame(root: Path) -> Frame:
    """Return the frame of a folder of this layout. Raises DatasetInvalid, also for a table that is still a workbook."""
    records = read(root / "INbreast.csv", COLUMNS, ";")
    files = opened(root)
    by_number = {path.stem.split("_")[0]: path for path in files}
    outlines = {path.stem: path for path in sorted(root.rglob("*.xml"))}
    broken: list[str] = []
    rows = tuple(finished(_row(record, files, by_number, outlines, broken)) for record in records)
    alone = sum(row.path is not None and "_" not in row.path.stem for row in rows)
    notes = (("outlines_not_read", len(broken)), ("images_without_patient", alone))
    return Frame("inbreast", without_duplicates(rows), files.strays, tuple(note for note in notes if note[1]))


def _row(
    record: Record, files: Files, by_number: dict[str, Path], outlines: dict[str, Path], broken: list[str]
) -> ImageRow:
    name = record["File Name"].removesuffix(".0")
    path = by_number.get(name)
    parts = path.stem.split("_") if path else []
    patient = parts[1] if len(parts) > 1 else name
    return ImageRow(
        exam_id=f"{patient} {record['Acquisition date']}",
        patient_id=patient,
        laterality=laterality(record["Laterality"]),
        view=record["View"].upper(),
        path=files.take(path) if path else None,
        birads=birads(record["Bi-Rads"]),
        density=density(record["ACR"]),
        age=number(record.get("Patient age", "")),
        boxes=_boxes(outlines[name], broken) if name in outlines else (),
    )


def _boxes(path: Path, broken: list[str]) -> tuple[Box, ...]:
    """Boxes of one file's outlines; the file is noted when it is none or when an outline in it has no points."""
    try:
        regions = list(_regions(plistlib.loads(path.read_bytes())))
    except (plistlib.InvalidFileException, ExpatError, ValueError, AttributeError, TypeError, IndexError):
        broken.append(path.name)
        return ()
    boxes = [_box(region) for region in regions]
    broken += [path.name] * boxes.count(None)
    return tuple(box for box in boxes if box is not None)


def _regions(content: object) -> Iterator[Mapping[str, object]]:
    """Every outline of every image of the property list."""
    images = content.get("Images", []) if isinstance(content, Mapping) else []
    for image in images:
        yield from image.get("ROIs", [])


def _box(region: Mapping[str, object]) -> Box | None:
    """The bounding box of points written as `(x, y)`."""
    points = region.get("Point_px")
    found = [re.findall(r"-?\d+(?:\.\d+)?", str(point)) for point in points] if isinstance(points, list) else []
    pairs = [(float(pair[0]), float(pair[1])) for pair in found if len(pair) == 2]
    if not pairs:
        return None
    xs, ys = [x for x, _ in pairs], [y for _, y in pairs]
    said = str(region.get("Name", ""))
    return Box(min(xs), min(ys), max(xs) + 1.0, max(ys) + 1.0, TYPES.get(said.strip().lower()), said=said)
