"""Reads the tables of a data set strictly: a missing file or column is an error that names it, a bad value is not lost.

Only the standard library's csv; no table library is needed for tables of this size.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast, get_args

from models.errors import DatasetInvalid
from models.labels import Density

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from models.labels import Laterality

    Record = Mapping[str, str]

IMAGE_SUFFIXES = frozenset({".dcm", ".dicom", ".png"})
_MOST_BYTES = 10_000_000


def read(path: Path, required: Sequence[str], delimiter: str | None = None) -> list[Record]:
    """Return the rows of a CSV file, every value stripped.

    `delimiter` is taken from the header line where it is None: the one of `,;` and tab that it holds most of. Raises
    DatasetInvalid when the file is missing, not text, lacks a required column or has a row of another length.
    """
    if not path.is_file():
        raise DatasetInvalid(f"table {path.name} is missing")
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return _records(stream.read(), path.name, required, delimiter)
    except UnicodeDecodeError as error:
        raise DatasetInvalid(f"table {path.name} is not UTF-8 text; export it as CSV") from error


def _records(text: str, name: str, required: Sequence[str], delimiter: str | None) -> list[Record]:
    header = text.partition("\n")[0]
    mark = delimiter or max(",;\t", key=header.count)
    csv.field_size_limit(_MOST_BYTES)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=mark, restkey="", restval=None)
    names = [column.strip() for column in reader.fieldnames or []]
    if missing := [column for column in required if column not in names]:
        raise DatasetInvalid(f"table {name} lacks column {', '.join(missing)}; it has {', '.join(names)[:300]}")
    reader.fieldnames = names
    return [_record(record, name, reader.line_num) for record in reader]


def _record(record: Mapping[str, str | None], name: str, line: int) -> Record:
    if "" in record or None in record.values():
        raise DatasetInvalid(f"table {name}, line {line}: more or fewer values than columns")
    return {key: str(value).strip() for key, value in record.items()}


@dataclass
class Files:
    """The image files under a folder, found by what a table says of them; remembers which were asked for."""

    root: Path
    suffixes: frozenset[str] = IMAGE_SUFFIXES
    _taken: set[Path] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._all = sorted(path for path in self.root.rglob("*") if path.suffix.lower() in self.suffixes)
        self._known = frozenset(self._all)
        self._bases = [self.root, *sorted(path for path in self.root.iterdir() if path.is_dir())]
        self._by_stem: dict[str, list[Path]] = {}
        for path in self._all:
            self._by_stem.setdefault(path.stem, []).append(path)

    def named(self, stem: str, folder: str | None = None) -> Path | None:
        """Return the one image of that stem (in a folder of that name, if given), None without one or with several."""
        found = [path for path in self._by_stem.get(stem, ()) if folder is None or path.parent.name == folder]
        return self.take(found[0]) if len(found) == 1 else None

    def recorded(self, recorded: str) -> Path | None:
        """Return the image at a path another machine recorded, PNG or DICOM.

        It is the longest ending of that path that exists below this folder or a folder directly in it. A shorter
        ending deeper in the tree is another woman's file of the same name, and never taken.
        """
        parts = [part for part in re.split(r"[/\\]", recorded.strip()) if part not in ("", ".", "..")]
        for start in range(len(parts)):
            for base in self._bases:
                exact = base.joinpath(*parts[start:])
                for path in (exact, *(exact.with_suffix(suffix) for suffix in sorted(self.suffixes))):
                    if path in self._known:
                        return self.take(path)
        return None

    def within(self, folder: str) -> list[Path]:
        """Return the images anywhere under folders of that name."""
        return [path for path in self._all if folder in path.relative_to(self.root).parts[:-1]]

    def take(self, path: Path) -> Path:
        """Remember that a row asked for this file, and return it."""
        self._taken.add(path)
        return path

    @property
    def strays(self) -> tuple[Path, ...]:
        """Return the files that no row asked for."""
        return tuple(path for path in self._all if path not in self._taken)

    def __iter__(self) -> Iterator[Path]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


def opened(root: Path, suffixes: frozenset[str] = IMAGE_SUFFIXES) -> Files:
    """Return the images under a folder. Raises DatasetInvalid when there is no such folder or no image in it."""
    if not root.is_dir():
        raise DatasetInvalid(f"there is no folder {root.name}")
    files = Files(root, suffixes)
    if not len(files):
        raise DatasetInvalid(f"folder {root.name} holds no image ({', '.join(sorted(suffixes))})")
    return files


def laterality(text: str) -> Laterality | None:
    """Return L or R of `L`, `LEFT`, `right` and the like, None of anything else.

    >>> laterality(" Left "), laterality("B")
    ('L', None)
    """
    sides: dict[str, Laterality] = {"L": "L", "LEFT": "L", "R": "R", "RIGHT": "R"}
    return sides.get(text.strip().upper())


def density(text: str) -> Density | None:
    """Return a..d of `C`, `DENSITY C`, `3` or `3.0`, None of anything else.

    >>> density("DENSITY C"), density("2"), density("nan")
    ('c', 'b', None)
    """
    word = text.strip().lower().removeprefix("density").strip().removesuffix(".0")
    word = {"1": "a", "2": "b", "3": "c", "4": "d"}.get(word, word)
    return cast("Density", word) if word in get_args(Density) else None


def birads(text: str) -> int | None:
    """Return 0..6 of `BI-RADS 4`, `4a`, `2.0`, None of anything else.

    >>> birads("BI-RADS 4"), birads("4c"), birads("")
    (4, 4, None)
    """
    found = re.fullmatch(r"(?:bi-?rads)?\s*([0-6])(?:\.0|[abc])?", text.strip().lower())
    return int(found[1]) if found else None


def number(text: str) -> float | None:
    """Return a finite number, None of anything else.

    >>> number("61"), number("061Y"), number("nan")
    (61.0, 61.0, None)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)[Yy]?", text.strip())
    return float(found[1]) if found else None


def flag(text: str) -> bool | None:
    """Return the truth of `1`, `0`, `1.0`, `True`, `no` and the like, None of anything else.

    >>> flag("1"), flag("False"), flag("maybe")
    (True, False, None)
    """
    word = text.strip().lower().removesuffix(".0")
    return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}.get(word)
