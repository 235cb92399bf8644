"""TOML read strictly and written plainly: every key is known, every value of its kind, or the file is refused.

A number that is misspelt must not become a default: these files decide what a score means.
"""

from __future__ import annotations

import json
import math
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any

from screening.domain.errors import CalibrationInvalid


class Table:
    """One table of a document; values are taken out one by one, and nothing may be left.

    Every method raises ValueError for a value that is absent, of another kind, or not finite.
    """

    def __init__(self, values: object, name: str = "the file") -> None:
        """`name` is told in errors."""
        if not isinstance(values, dict):
            raise ValueError(f"{name} is no table")
        self._values: dict[str, Any] = dict(values)
        self._name = name

    def text(self, key: str) -> str:
        """A string that is not empty."""
        value = self._take(key)
        if not isinstance(value, str) or not value:
            raise ValueError(f"{key} is a text")
        return value

    def any_text(self, key: str) -> str:
        """A string, perhaps empty."""
        value = self._take(key)
        if not isinstance(value, str):
            raise ValueError(f"{key} is a text")
        return value

    def whole(self, key: str, least: int, most: int) -> int:
        """A whole number from `least` to `most`."""
        value = self._take(key)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"{key} is a whole number from {least} to {most}")
        return value

    def number(self, key: str, least: float = -math.inf, most: float = math.inf) -> float:
        """A finite number from `least` to `most`."""
        return _number(self._take(key), key, least, most)

    def numbers(self, key: str, least: float = -math.inf, most: float = math.inf) -> tuple[float, ...]:
        """A list of finite numbers."""
        values = self._take(key)
        if not isinstance(values, list):
            raise ValueError(f"{key} is a list of numbers")
        return tuple(_number(value, key, least, most) for value in values)

    def day(self, key: str) -> date:
        """A date without a time."""
        value = self._take(key)
        if isinstance(value, datetime) or not isinstance(value, date):
            raise ValueError(f"{key} is a date")
        return value

    def table(self, key: str) -> Table:
        """A table within this one."""
        return Table(self._take(key), key)

    def tables(self, key: str) -> list[Table]:
        """A list of tables, empty when absent."""
        values = self._values.pop(key, [])
        if not isinstance(values, list):
            raise ValueError(f"{key} is a list of tables")
        return [Table(value, key) for value in values]

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self._values

    def end(self) -> None:
        """Raises ValueError when anything is left."""
        if self._values:
            raise ValueError(f"{self._name} holds unknown keys: {', '.join(sorted(self._values))}")

    def _take(self, key: str) -> Any:
        if key not in self._values:
            raise ValueError(f"{key} is missing in {self._name}")
        return self._values.pop(key)


def load(path: Path, kind: str) -> dict[str, Any]:
    """The document of a file. Raises CalibrationInvalid when it is absent or is not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CalibrationInvalid(f"{path.name} is no {kind}: {type(error).__name__}") from error


def written(text: str) -> str:
    r"""A text as a TOML basic string.

    >>> print(written('a "b"'))
    "a \"b\""
    """
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _number(value: object, key: str, least: float, most: float) -> float:
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    if not fits or not math.isfinite(float(value)) or not least <= float(value) <= most:  # type: ignore[arg-type]
        raise ValueError(f"{key} is a finite number" + ("" if least == -math.inf else f" from {least} to {most}"))
    return float(value)  # type: ignore[arg-type]
