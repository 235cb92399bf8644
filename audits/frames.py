"""The `episodes` frame: one row per case with the columns of `EpisodeRow`, in memory, as Parquet or as CSV.

The schema is made from the dataclass, so that a new column of the row is a new column here. Nothing is computed or
corrected on the way in; `audits.integrity` says which rows cannot be true.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import date
from itertools import islice
from operator import attrgetter
from pathlib import Path
from types import NoneType
from typing import get_args, get_type_hints

import polars as pl

from screening.domain.episode import EpisodeRow
from screening.domain.errors import InvalidInput

_TYPES: dict[type, type[pl.DataType]] = {
    str: pl.String,
    int: pl.Int64,
    float: pl.Float64,
    bool: pl.Boolean,
    date: pl.Date,
}
_BATCH = 50_000


def _schema() -> dict[str, type[pl.DataType]]:
    """Column types of the row: `T | None` becomes a nullable T."""
    hints = get_type_hints(EpisodeRow)
    columns = {}
    for column in fields(EpisodeRow):
        hint = hints[column.name]
        (plain,) = [part for part in get_args(hint) or (hint,) if part is not NoneType]
        columns[column.name] = _TYPES[plain]
    return columns


SCHEMA: dict[str, type[pl.DataType]] = _schema()
"""Name and polars type of every column, in the order of `EpisodeRow`."""


def to_frame(rows: Iterable[EpisodeRow]) -> pl.DataFrame:
    """The frame of these rows, read as a stream in batches."""
    stream = iter(rows)
    values = attrgetter(*SCHEMA)
    batches = [pl.DataFrame(schema=SCHEMA)]
    while batch := [values(row) for row in islice(stream, _BATCH)]:
        batches.append(pl.DataFrame(batch, schema=SCHEMA, orient="row"))
    return pl.concat(batches)


def write_parquet(frame: pl.DataFrame, path: Path) -> None:
    """Write the frame as Parquet. Raises InvalidInput when it is not an episodes frame."""
    checked_schema(frame).write_parquet(path)


def read_parquet(path: Path) -> pl.DataFrame:
    """The frame in a Parquet file. Raises InvalidInput when it is not an episodes frame."""
    return checked_schema(pl.read_parquet(path))


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """Write the frame as CSV: UTF-8, header row, ISO dates, empty for unknown. Raises InvalidInput."""
    checked_schema(frame).write_csv(path)


def read_csv(path: Path) -> pl.DataFrame:
    """The frame in a CSV file that `write_csv` made. Raises InvalidInput when columns or values do not fit."""
    try:
        frame = pl.read_csv(path, schema=SCHEMA)
    except pl.exceptions.PolarsError as error:
        raise InvalidInput(f"{path.name} is no episodes table") from error
    return checked_schema(frame)


def checked_schema(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame itself. Raises InvalidInput unless it has exactly the columns and types of `SCHEMA`."""
    if dict(frame.schema) == SCHEMA:
        return frame
    missing = [name for name in SCHEMA if name not in frame.columns]
    extra = [name for name in frame.columns if name not in SCHEMA]
    wrong = [name for name in SCHEMA if name in frame.columns and frame.schema[name] != SCHEMA[name]]
    raise InvalidInput(f"no episodes frame: missing {missing}, unknown {extra}, of another type {wrong}")
