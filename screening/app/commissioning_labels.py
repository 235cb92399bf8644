"""The table of truth of a commissioning: which exam had a cancer, and where it is known in which breast.

A CSV with one key column (`study_instance_uid`, `accession_number` or `folder`), `cancer` (0 or 1), and perhaps
`laterality` (L or R; empty: the exam as a whole). Every exam of the folder has its row and every row its exam, or
nothing is scored: a truth that is off by one row would calibrate a model on noise. Only an earlier exam of a woman may
go without a row; it then serves as a prior.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from screening.domain.errors import LabelsInvalid
from screening.domain.identifiers import StudyInstanceUid, stable_id

KEYS: Final = ("study_instance_uid", "accession_number", "folder")


@dataclass(frozen=True)
class Truth:
    """Whether an exam had a cancer; `sides` says it by breast (`L`, `R`) where the table does, else it is None."""

    cancer: bool
    sides: Mapping[str, bool] | None


@dataclass(frozen=True)
class ExamNames:
    """The names an exam can be called by in the table: one set per key column.

    `earlier` says that a later exam of the same woman is there.
    """

    uid: StudyInstanceUid
    names: Mapping[str, frozenset[str]]
    earlier: bool = False


@dataclass(frozen=True)
class Labels:
    """The rows of a table: by exam key, then by laterality (empty for the exam as a whole), cancer or not."""

    key: str
    rows: Mapping[str, Mapping[str, bool]]


def read_labels(path: Path) -> Labels:
    """Read the table. Raises LabelsInvalid with the number of the row that is wrong, never its content."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            table = csv.DictReader(stream, strict=True)
            key = _key(path, table.fieldnames or ())
            rows: dict[str, dict[str, bool]] = {}
            for number, row in enumerate(table, 2):
                _add(rows, key, row, f"{path.name} row {number}")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LabelsInvalid(f"{path.name} cannot be read: {type(error).__name__}") from error
    if not rows:
        raise LabelsInvalid(f"{path.name} holds no row")
    return Labels(key, rows)


def truths(labels: Labels, exams: Iterable[ExamNames]) -> dict[StudyInstanceUid, Truth]:
    """The truth of every exam with a row. Raises LabelsInvalid unless rows and exams answer each other one by one.

    Earlier exams without a row are left out.
    """
    found: dict[StudyInstanceUid, Truth] = {}
    used: set[str] = set()
    missing = []
    for exam in exams:
        named = sorted(exam.names[labels.key] & set(labels.rows))
        if not named:
            missing += [] if exam.earlier else [stable_id("exam", exam.uid)]
            continue
        if len(named) > 1 or named[0] in used:
            raise LabelsInvalid(f"the {labels.key} of {stable_id('exam', exam.uid)} does not tell exams apart")
        used.add(named[0])
        found[exam.uid] = _truth(labels.rows[named[0]])
    if missing:
        raise LabelsInvalid(f"{len(missing)} exams have no row: {', '.join(missing[:5])}")
    unknown = len(set(labels.rows) - used)
    if unknown:
        raise LabelsInvalid(f"{unknown} rows name an exam that is not in the folder")
    return found


def _key(path: Path, columns: Sequence[str]) -> str:
    keys = [name for name in columns if name in KEYS]
    known = {*KEYS, "laterality", "cancer"}
    if len(keys) != 1 or "cancer" not in columns or set(columns) - known or len(set(columns)) != len(columns):
        raise LabelsInvalid(
            f"{path.name} has the columns cancer, perhaps laterality, and one of {', '.join(KEYS)}, and no other"
        )
    return keys[0]


def _add(rows: dict[str, dict[str, bool]], key: str, row: Mapping[str | None, str | None], where: str) -> None:
    name, side, cancer = (str(row.get(column) or "").strip() for column in (key, "laterality", "cancer"))
    if None in row or None in row.values() or not name:
        raise LabelsInvalid(f"{where} lacks a value or has one too many")
    if side not in ("", "L", "R"):
        raise LabelsInvalid(f"{where}: laterality is L, R or empty")
    if cancer not in ("0", "1"):
        raise LabelsInvalid(f"{where}: cancer is 0 or 1")
    sides = rows.setdefault(name, {})
    if side in sides or (sides and ("" in sides or side == "")):
        raise LabelsInvalid(f"{where} says something of an exam or breast that another row has already said")
    sides[side] = cancer == "1"


def _truth(sides: Mapping[str, bool]) -> Truth:
    """A breast without a row of its own, beside one that has one, has no cancer; so has every breast of a normal."""
    if "" not in sides:
        return Truth(any(sides.values()), {side: sides.get(side, False) for side in "LR"})
    return Truth(sides[""], None if sides[""] else {"L": False, "R": False})
