"""One data set without identity: every element at every depth, by the table first, else by its VR.

Changes the data set in place and counts what it did by attribute, never by value. Pixel Data is not looked at.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, cast

from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from screening.dicom.deidentify import structured
from screening.dicom.deidentify.descriptors import clean_descriptor
from screening.dicom.deidentify.identity import Identity
from screening.dicom.deidentify.table import KEPT_BYTES, KEPT_TEXT, KEPT_UIDS, Action, action_for
from screening.dicom.deidentify.values import (
    dummy,
    element_of,
    empty,
    is_registered,
    is_time,
    set_values,
    shifted,
    values_of,
)
from screening.workflow.pseudonyms import Pseudonyms
from screening.workflow.research_export import Subject

PRIVATE: Final = "private attributes"
UNREADABLE: Final = "unreadable values"
OVERLAYS: Final = "overlays and curves"

_FREE_TEXT: Final = frozenset({"AE", "AS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
_BYTES: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_NUMBER: Final = re.compile(r"^ *[+-]?\d*\.?\d*(?:[eE][+-]?\d+)? *$")
_FORMS: Final = {"CS": re.compile(r"^[A-Z0-9 _]{0,16}$"), "DS": _NUMBER, "IS": _NUMBER}
"""What values of some VRs look like (PS3.5 6.2); anything else is text."""

_CODE_ATTRIBUTES: Final = frozenset({"CodeValue", "LongCodeValue", "URNCodeValue", "CodeMeaning"})

_Change = Callable[[DataElement], None]


class Cleaner:
    """Cleans the data sets of one woman."""

    def __init__(self, subject: Subject, pseudonyms: Pseudonyms, identity: Identity) -> None:
        self._subject = subject
        self._pseudonyms = pseudonyms
        self._identity = identity
        self._counts: Counter[tuple[str, str]] = Counter()
        self._does: Mapping[Action, _Change] = {
            Action.EMPTY: empty,
            Action.UID: self._replace_uids,
            Action.SHIFT: self._shift,
            Action.DESCRIBE: self._describe,
        }

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """How often what was done to which attribute."""
        found: dict[str, dict[str, int]] = {}
        for (what, keyword), count in sorted(self._counts.items()):
            found.setdefault(what, {})[keyword] = count
        return found

    def clean(self, dataset: Dataset, coded: bool = True) -> None:
        """Clean every element; with `coded` False, codes that stand for a person or a place are replaced too."""
        for tag in tuple(dataset.keys()):
            self._clean_element(dataset, int(tag), coded)
        structured.clean_item(dataset, self._subject, self._pseudonyms, self._count)

    def _count(self, what: str, keyword: str) -> None:
        self._counts[what, keyword] += 1

    def _clean_element(self, dataset: Dataset, tag: int, coded: bool) -> None:
        reason = _never_kept(tag)
        element = element_of(dataset, tag) if reason is None else None
        if element is None:
            del dataset[tag]
            self._count(Action.REMOVE, reason or UNREADABLE)
            return
        action = action_for(tag, element.VR)
        if action is Action.REMOVE:
            del dataset[tag]
            self._count(action, element.keyword)
        elif element.VR == "SQ":
            self._clean_sequence(element, action, coded)
        elif not element.is_empty:
            self._clean_value(element, action, coded)

    def _clean_sequence(self, element: DataElement, action: Action | None, coded: bool) -> None:
        if action is Action.EMPTY:
            self._count(action, element.keyword)
            empty(element)
            return
        for item in cast("Sequence[Dataset]", element.value):
            self.clean(item, coded and action is not Action.DUMMY)

    def _clean_value(self, element: DataElement, action: Action | None, coded: bool) -> None:
        if action is None or action is Action.KEEP:
            self._clean_unlisted(element, kept=action is Action.KEEP, coded=coded)
        elif action is not Action.WALK:
            self._change(element, self._does.get(action, dummy), action)

    def _change(self, element: DataElement, change: _Change, what: Action) -> None:
        """Make a change and count it when it changed something."""
        before = cast("object", element.value)
        change(element)
        if element.value != before:
            self._count(what, element.keyword)

    def _clean_unlisted(self, element: DataElement, kept: bool, coded: bool) -> None:
        """What no rule of the table removes: by its VR, and never with an identity in it."""
        keyword, vr = element.keyword, element.VR
        if vr in ("DA", "DT", "TM"):
            self._change(element, self._shift, Action.SHIFT)
        elif vr == "UI" and not kept:
            self._change(element, self._replace_uids, Action.UID)
        elif not kept and _is_unknown_content(vr, keyword):
            self._change(element, dummy, Action.DUMMY)
        elif (not coded and keyword in _CODE_ATTRIBUTES) or self._tells(element):
            self._change(element, dummy if vr not in ("DS", "IS") else empty, Action.DUMMY)
        elif kept:
            self._count(Action.KEEP, keyword)

    def _tells(self, element: DataElement) -> bool:
        """Whether a value names somebody, or is a code string or a number in name only."""
        values, vr = values_of(element), element.VR
        form = _FORMS.get(vr)
        if form is not None and not all(form.match(value) for value in values):
            return True
        return any(self._identity.found_in(value, vr) for value in values)

    def _replace_uids(self, element: DataElement) -> None:
        if element.keyword not in KEPT_UIDS:
            values = [uid if is_registered(uid) else self._pseudonyms.uid(uid) for uid in values_of(element)]
            set_values(element, values)
        elif self._tells(element):
            set_values(element, [self._pseudonyms.uid(uid) for uid in values_of(element)])

    def _shift(self, element: DataElement) -> None:
        """Dates move, times of day stay; what is neither goes."""
        if element.VR != "TM":
            set_values(element, [shifted(value, self._subject.shift) for value in values_of(element)])
        elif not all(is_time(value) for value in values_of(element)) or self._tells(element):
            empty(element)

    def _describe(self, element: DataElement) -> None:
        values = [clean_descriptor(value) for value in values_of(element)]
        set_values(element, ["" if self._identity.found_in(value) else value for value in values])


def _is_unknown_content(vr: str, keyword: str) -> bool:
    """Whether it is text or bytes of which nobody said that it may stay."""
    return (vr in _BYTES and keyword not in KEPT_BYTES) or (vr in _FREE_TEXT and keyword not in KEPT_TEXT)


def _never_kept(tag: int) -> str | None:
    """Why an attribute cannot stay whatever its value: private, a repeating group of old, or in no dictionary."""
    group = tag >> 16
    if group % 2:
        return PRIVATE
    if group >> 8 in (0x50, 0x60):
        return OVERLAYS
    return None if keyword_for_tag(tag) else UNREADABLE
