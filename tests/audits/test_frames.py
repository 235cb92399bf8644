"""The episodes frame: the columns of the row, and the same values after Parquet and CSV."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from pathlib import Path

import polars as pl
import pytest

from audits.frames import SCHEMA, read_csv, read_parquet, to_frame, write_csv, write_parquet
from screening.domain.episode import EpisodeRow
from screening.domain.errors import InvalidInput
from tests.audits.frames_by_hand import ORDINARY, ten_rows


def test_the_schema_has_every_column_of_the_row() -> None:
    assert list(SCHEMA) == [column.name for column in fields(EpisodeRow)]


def test_a_frame_holds_what_the_rows_say() -> None:
    rows = ten_rows()
    assert to_frame(iter(rows)).to_dicts() == [asdict(row) for row in rows]


def test_a_frame_of_nothing_has_all_columns() -> None:
    assert dict(to_frame([]).schema) == SCHEMA


def test_columns_that_are_all_unknown_keep_their_type() -> None:
    frame = to_frame([replace(ORDINARY, density=None, size_mm=None, age_years=None)])
    assert dict(frame.schema) == SCHEMA


@pytest.mark.parametrize("name", ["episodes.parquet", "episodes.csv"])
def test_files_keep_every_value(tmp_path: Path, name: str) -> None:
    frame, path = to_frame(ten_rows()), tmp_path / name
    write, read = (write_parquet, read_parquet) if path.suffix == ".parquet" else (write_csv, read_csv)
    write(frame, path)
    assert read(path).equals(frame)


def test_another_table_is_refused(tmp_path: Path) -> None:
    other = pl.DataFrame({"case": ["case-1"], "name": ["x"]})
    with pytest.raises(InvalidInput, match="unknown \\['name'\\]"):
        write_parquet(other, tmp_path / "other.parquet")
    other.write_parquet(tmp_path / "other.parquet")
    with pytest.raises(InvalidInput):
        read_parquet(tmp_path / "other.parquet")


def test_a_csv_with_a_word_for_a_number_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "episodes.csv"
    write_csv(to_frame([ORDINARY]), path)
    path.write_text(path.read_text(encoding="utf-8").replace(",58,", ",old,"), encoding="utf-8")
    with pytest.raises(InvalidInput, match="no episodes table"):
        read_csv(path)
