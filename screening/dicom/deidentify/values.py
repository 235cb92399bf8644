"""Values of single elements: reading them without raising, shifting dates, and what stands in for what was there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final, cast

from pydicom._uid_dict import UID_dictionary
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from screening.dicom.elements import MALFORMED

REMOVED: Final = "REMOVED"

_TEXT_VRS: Final = frozenset({"AE", "AS", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
_READ_AS_TEXT: Final = _TEXT_VRS | {"DA", "DT", "TM", "UI", "DS", "IS"}
_DATE: Final = re.compile(r"^(\d{4})([.\-]?)(\d{2})\2(\d{2})(\d{0,6}(?:\.\d{1,6})?(?:[+-]\d{4})?)$")
_TIME: Final = re.compile(r"^\d{2}(?::?\d{2}){0,2}(?:\.\d{1,6})?$")
_NO_DAY: Final = (date(1970, 1, 1), date(1980, 1, 1))
_FIRST_YEAR: Final = 1950
"""Placeholders that devices write for no date: shifted, they would give the shift away."""

_DUMMIES: Final[dict[str, object]] = {
    **dict.fromkeys(_TEXT_VRS, REMOVED),
    "AS": "000Y",
    "UR": "http://removed.invalid",
    "DA": "19000101",
    "DT": "19000101000000",
    "TM": "000000",
    "DS": "0",
    "IS": "0",
}


def is_registered(uid: str) -> bool:
    """Whether DICOM itself gave this UID out (PS3.6 Annex A): SOP classes, transfer syntaxes, well-known instances."""
    return uid in UID_dictionary


def element_of(dataset: Dataset, tag: int) -> DataElement | None:
    """The element, or None when its value cannot be read at all."""
    try:
        return dataset[tag]
    except MALFORMED:
        return None


def values_of(element: DataElement) -> list[str]:
    """Values as text, [] for bytes, numbers in binary and sequences."""
    if element.VR not in _READ_AS_TEXT or element.value is None:
        return []
    found = cast("object", element.value)
    several = found if isinstance(found, MultiValue | list | tuple) else (found,)
    return ["" if value is None else str(cast("object", value)) for value in several]


def texts_of(dataset: Dataset) -> Iterator[tuple[str, int, str]]:
    """VR, tag and text of every value at every depth; what cannot be read is left out."""
    for tag in tuple(dataset.keys()):
        element = element_of(dataset, tag)
        if element is None:
            continue
        if element.VR == "SQ":
            for item in cast("Sequence[Dataset]", element.value or ()):
                yield from texts_of(item)
        else:
            yield from ((element.VR, int(tag), value) for value in values_of(element))


def set_values(element: DataElement, values: Sequence[str]) -> None:
    """Put text values into an element, one as itself, several as several."""
    element.value = list(values) if len(values) > 1 else (values[0] if values else "")


def dummy(element: DataElement) -> None:
    """Replace the value by one that says nothing; bytes and binary numbers become empty."""
    element.value = _DUMMIES.get(element.VR, None)


def empty(element: DataElement) -> None:
    """Leave the element without a value."""
    element.value = [] if element.VR == "SQ" else None


def shifted(value: str, shift: timedelta) -> str:
    """A DA or DT value on another day, time of day and offset kept; "" when it states no whole day or a placeholder.

    >>> shifted("20240301101500.5+0100", timedelta(days=-1))
    '20240229101500.5+0100'
    >>> shifted("202403", timedelta(days=-1))
    ''
    """
    found = _DATE.match(value.strip())
    if found is None:
        return ""
    try:
        day = date(int(found[1]), int(found[3]), int(found[4]))
    except ValueError:
        return ""
    if day.year < _FIRST_YEAR or day in _NO_DAY:
        return ""
    return (day + shift).strftime("%Y%m%d") + found[5]


def is_time(value: str) -> bool:
    """Whether it is a time of day (PS3.5 6.2 TM)."""
    return _TIME.match(value.strip()) is not None
