"""Reading single data elements without ever raising: a malformed element counts as absent.

Tolerant on purpose, because stored headers are what they are; nothing here decides what an element means.
"""

from __future__ import annotations

import logging
import math
import struct
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.multival import MultiValue
from pydicom.valuerep import PersonName

MALFORMED = (
    *(ValueError, TypeError, AttributeError, OSError, NotImplementedError, LookupError, ArithmeticError),
    *(BytesLengthException, InvalidDicomError, struct.error),
)
"""What pydicom raises when it converts a raw value; all mean that the element cannot be used."""

_filters = threading.RLock()

logging.getLogger("pydicom").addFilter(lambda _record: False)
"""The parser logs non-conformant values as they stand, names and birth dates included: it never gets to speak."""


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the parser's remarks about non-conformant values, which can quote patient data.

    The lock is there because warning filters belong to the whole process.
    """
    with _filters, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def value(ds: Dataset, keyword: str) -> object | None:
    """The value of an element, or None when absent, empty or malformed."""
    try:
        found = cast("object", ds.get(keyword))
    except MALFORMED:
        return None
    return None if found in ("", b"", None) else found


def texts(ds: Dataset, keyword: str) -> tuple[str, ...]:
    """All values of an element as stripped text, empty values kept, so that positions count.

    NUL, which some writers pad with and databases refuse, is left out.
    """
    found = value(ds, keyword)
    if found is None:
        return ()
    items = found if isinstance(found, (MultiValue, list, tuple)) else (found,)
    return tuple("" if item is None else str(item).replace("\0", "").strip() for item in items)


def text(ds: Dataset, keyword: str) -> str:
    """The first value of an element as text, or "" when there is none."""
    found = texts(ds, keyword)
    return found[0] if found else ""


def joined(ds: Dataset, keyword: str) -> str:
    """All values of an element as stored, separated by a backslash."""
    return "\\".join(texts(ds, keyword))


def numbers(ds: Dataset, keyword: str) -> tuple[float, ...]:
    """All values of an element as finite numbers; () when any of them is not one."""
    try:
        found = tuple(float(item) for item in texts(ds, keyword))
    except ValueError:
        return ()
    return found if all(math.isfinite(item) for item in found) else ()


def number(ds: Dataset, keyword: str) -> float | None:
    """The first value of an element as a finite number, or None."""
    found = numbers(ds, keyword)
    return found[0] if found else None


def integer(ds: Dataset, keyword: str) -> int | None:
    """The first value of an element as a whole number, or None."""
    found = number(ds, keyword)
    return int(found) if found is not None and found == int(found) else None


def items(ds: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """The items of a sequence; () when absent or malformed."""
    try:
        found = ds.get(keyword)
        return tuple(item for item in found if isinstance(item, Dataset)) if found else ()
    except MALFORMED:
        return ()


def path(ds: Dataset, *keywords: str) -> Dataset | None:
    """The first item of each nested sequence in turn, or None where one is missing."""
    here = ds
    for keyword in keywords:
        found = items(here, keyword)
        if not found:
            return None
        here = found[0]
    return here


def code(item: Dataset) -> tuple[str, str]:
    """Code Value and Coding Scheme Designator of a code item; "" where missing."""
    found = text(item, "CodeValue") or text(item, "LongCodeValue")
    return found, text(item, "CodingSchemeDesignator")


def name_parts(ds: Dataset, keyword: str) -> tuple[str, str]:
    """Family and given name of a Person Name as received (PS3.5 6.2.1.2), alphabetic group before ideographic."""
    try:
        found = value(ds, keyword)
        if not isinstance(found, PersonName):
            return "", ""
        groups = (str(group).replace("\0", "") for group in found.components if str(group).strip("^ \0"))
        parts = next(groups, "").split("^")
    except MALFORMED:
        return "", ""
    return parts[0].strip(), parts[1].strip() if len(parts) > 1 else ""


def mentions(ds: Dataset, words: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether any element named in `words` contains one of its words, ignoring case: a hint, never a fact."""
    return any(
        word in found.lower() for keyword, wanted in words.items() for found in texts(ds, keyword) for word in wanted
    )
