"""Data sets in the DICOM JSON Model (PS3.18 Annex F): stored headers as they are, and answers made of plain values.

Tolerant like every reader here: an element that cannot be written as JSON is left out, never an error. Values of any
length stay where they are and are named by a URI.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from screening.dicom.elements import MALFORMED, quiet
from screening.dicom.header import PIXEL_DATA, OpenedFile

Json = dict[str, Any]
"""A data set: elements by tag as eight hexadecimal digits."""

INLINE_BYTES: Final = 1024
"""Binary values longer than this are named by a URI (F.2.7)."""

_BINARY: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_CHARACTER_SET: Final = "00080005"
_AVAILABLE_SYNTAX: Final = "AvailableTransferSyntaxUID"


def header_json(opened: OpenedFile, bulk: str) -> Json:
    """The header of a stored instance (PS3.18 10.4.1.1.2); `bulk` is the URI below which long values are found."""
    with quiet():
        found = _dataset(opened.dataset, bulk)
    found |= element(_AVAILABLE_SYNTAX, opened.transfer_syntax)
    if _CHARACTER_SET in found:
        found |= element("SpecificCharacterSet", "ISO_IR 192")
    if opened.pixels is not None:
        found["7FE00010"] = {"vr": opened.pixels.vr, "BulkDataURI": f"{bulk}/7FE00010"}
    return dict(sorted(found.items()))


def elements_json(ds: Dataset, keywords: Iterable[str]) -> Json:
    """Some elements of a data set by keyword; those it does not state are left out."""
    found: Json = {}
    with quiet():
        for keyword in keywords:
            tag = tag_for_keyword(keyword)
            if tag is not None and tag in ds and tag < PIXEL_DATA:
                found |= _element(ds, Tag(tag), "")
    return found


def element(keyword: str, *values: object) -> Json:
    """One element by keyword; empty and absent values are left out of it.

    >>> element("StudyID", "7")
    {'00200010': {'vr': 'SH', 'Value': ['7']}}
    """
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(keyword)
    vr = dictionary_VR(tag).split(" or ")[0]
    given = [value for value in values if value not in ("", None)]
    shown = [{"Alphabetic": value} if vr == "PN" else value for value in given]
    return {f"{tag:08X}": {"vr": vr, "Value": shown} if shown else {"vr": vr}}


def dumped(value: object) -> bytes:
    """UTF-8 JSON text, short."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8", "replace")


def binary_value(ds: Dataset, steps: Iterable[str]) -> bytes | None:
    """A binary value by its path: tags, with the number of the item (from 0) after each sequence; None if none."""
    here: Dataset = ds
    *way, last = steps
    try:
        with quiet():
            for tag, item in zip(way[::2], way[1::2], strict=True):
                here = here[int(tag, 16)].value[int(item)]
            found = here[int(last, 16)].value
    except MALFORMED:
        return None
    return found if isinstance(found, bytes) else None


def _dataset(ds: Dataset, bulk: str) -> Json:
    found: Json = {}
    for tag in tuple(ds.keys()):
        if tag.group > 2 and tag.element != 0:
            found |= _element(ds, tag, bulk)
    return found


def _element(ds: Dataset, tag: Any, bulk: str) -> Json:
    name = f"{int(tag):08X}"
    try:
        found = ds[tag]
        if found.VR == "SQ":
            items = [_dataset(item, f"{bulk}/{name}/{index}") for index, item in enumerate(found.value)]
            return {name: {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}}
        shown = _plain(found, f"{bulk}/{name}")
    except MALFORMED:
        return {}
    return {name: shown} if shown is not None else {}


def _plain(found: DataElement, uri: str) -> Mapping[str, object] | None:
    """An element that is no sequence; None when its numbers are no JSON numbers."""
    if found.VR in _BINARY and len(found.value or b"") > INLINE_BYTES:
        return {"vr": found.VR, "BulkDataURI": uri}
    shown = found.to_json_dict(None, INLINE_BYTES)
    values = shown.get("Value", ())
    return None if any(isinstance(value, float) and not math.isfinite(value) for value in values) else shown
