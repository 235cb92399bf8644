"""VinDr-Mammo: `breast-level_annotations.csv`, `finding_annotations.csv`, `images/<study_id>/<image_id>.dicom`.

Four images per exam, no patient number: the study stands for the woman. No pathology: `cancer` stays unknown.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import TYPE_CHECKING

from models.datasets.frame import Box, Frame, ImageRow, finished, without_duplicates
from models.datasets.tables import birads, density, laterality, number, opened, read

if TYPE_CHECKING:
    from pathlib import Path

    from models.datasets.frame import Split
    from models.datasets.tables import Files, Record
    from models.labels import LesionType

BREAST = ("study_id", "image_id", "laterality", "view_position", "breast_birads", "breast_density", "split")
FINDING = ("image_id", "finding_categories", "finding_birads", "xmin", "ymin", "xmax", "ymax")
NO_FINDING = "No Finding"
TYPES: dict[str, LesionType] = {
    "Mass": "mass",
    "Suspicious Calcification": "calcification",
    "Architectural Distortion": "distortion",
    "Asymmetry": "asymmetry",
    "Focal Asymmetry": "asymmetry",
    "Global Asymmetry": "asymmetry",
}
SPLITS: dict[str, Split] = {"training": "train", "test": "test"}


def frame(root: Path) -> Frame:
    """Return the frame of a folder of this layout. Raises DatasetInvalid."""
    records = read(root / "breast-level_annotations.csv", BREAST)
    findings = read(root / "finding_annotations.csv", FINDING)
    files = opened(root)
    boxes, broken = _boxes(findings)
    rows = tuple(finished(_row(record, files, tuple(boxes.pop(record["image_id"], ())))) for record in records)
    lost = sum(len(left) for left in boxes.values())
    notes = (("findings_without_box", broken), ("findings_without_image_row", lost))
    return Frame("vindr", without_duplicates(rows), files.strays, tuple(note for note in notes if note[1]))


def _row(record: Record, files: Files, boxes: tuple[Box, ...]) -> ImageRow:
    study = record["study_id"]
    return ImageRow(
        exam_id=study,
        patient_id=study,
        laterality=laterality(record["laterality"]),
        view=record["view_position"].upper(),
        path=files.named(record["image_id"], study) or files.named(record["image_id"]),
        birads=birads(record["breast_birads"]),
        density=density(record["breast_density"]),
        boxes=boxes,
        split=SPLITS.get(record["split"].lower()),
    )


def _boxes(findings: list[Record]) -> tuple[dict[str, list[Box]], int]:
    """Boxes by image, and how many findings had none that could be read."""
    boxes: dict[str, list[Box]] = defaultdict(list)
    broken = 0
    for record in findings:
        names = _categories(record["finding_categories"])
        if names == [NO_FINDING]:
            continue
        corners = [number(record[column]) for column in ("xmin", "ymin", "xmax", "ymax")]
        x0, y0, x1, y1 = corners
        if x0 is None or y0 is None or x1 is None or y1 is None:
            broken += 1
            continue
        kind = next((TYPES[name] for name in names if name in TYPES), None)
        boxes[record["image_id"]].append(Box(x0, y0, x1, y1, kind, said=", ".join(names)))
    return boxes, broken


def _categories(text: str) -> list[str]:
    """The names in a Python list literal, or the text itself where it is none."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return [text]
    return [str(item) for item in value] if isinstance(value, list) else [text]
