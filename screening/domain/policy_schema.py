"""Reading a policy document without guessing: every key is known, every value has the type that its key demands.

A misspelt key or a number written as text would silently give another policy, so both are refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from screening.domain.errors import InvalidPolicy

Table = Mapping[str, object]
_MISSING = object()


def known_keys(table: Table, where: str, keys: Iterable[str]) -> None:
    """Raise InvalidPolicy for a key that means nothing."""
    unknown = sorted(set(table) - set(keys))
    if unknown:
        raise InvalidPolicy(f"{where}: unknown key {', '.join(unknown)}")


def table(parent: Table, key: str, default: object = _MISSING) -> Table:
    """A table under `key`."""
    return _as_table(_value(parent, key, default), key)


def tables(parent: Table, key: str) -> tuple[Table, ...]:
    """A list of tables under `key`, empty when absent."""
    return tuple(_as_table(item, key) for item in _as_list(_value(parent, key, ()), key))


def text(parent: Table, key: str, default: object = _MISSING) -> str:
    """A text under `key`."""
    value = _value(parent, key, default)
    if not isinstance(value, str):
        raise InvalidPolicy(f"{key}: a text is needed")
    return value


def texts(parent: Table, key: str) -> tuple[str, ...]:
    """A list of texts under `key`."""
    items = _as_list(_value(parent, key), key)
    return tuple(text({key: item}, key) for item in items)


def flag(parent: Table, key: str, default: object = _MISSING) -> bool:
    """True or false under `key`."""
    value = _value(parent, key, default)
    if not isinstance(value, bool):
        raise InvalidPolicy(f"{key}: true or false is needed")
    return value


def whole(parent: Table, key: str, lowest: int, highest: int, default: object = _MISSING) -> int:
    """A whole number within [lowest, highest] under `key`."""
    value = _value(parent, key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise InvalidPolicy(f"{key}: a whole number from {lowest} to {highest} is needed")
    return value


def wholes(parent: Table, key: str, lowest: int, highest: int) -> tuple[int, ...]:
    """A list of whole numbers within [lowest, highest] under `key`."""
    return tuple(whole({key: item}, key, lowest, highest) for item in _as_list(_value(parent, key), key))


def _value(parent: Table, key: str, default: object = _MISSING) -> object:
    value = parent.get(key, default)
    if value is _MISSING:
        raise InvalidPolicy(f"{key} is missing")
    return value


def _as_table(value: object, key: str) -> Table:
    if not isinstance(value, Mapping):
        raise InvalidPolicy(f"{key}: a table is needed")
    return value


def _as_list(value: object, key: str) -> tuple[object, ...]:
    if not isinstance(value, list | tuple):
        raise InvalidPolicy(f"{key}: a list is needed")
    return tuple(value)
