"""Content items of reports and annotations of presentation states (PS3.15 E.3.3 and E.3.4), cleaned by what they mean.

No item is ever taken out of a report: content items refer to each other by position (PS3.3 C.17.3.2.5).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pydicom.dataset import Dataset

from screening.dicom.deidentify.values import REMOVED
from screening.dicom.elements import code, items, path, text
from screening.workflow.pseudonyms import Pseudonyms
from screening.workflow.research_export import Subject

_TEXT_OF_DEVICES: Final = frozenset(
    {
        ("111001", "DCM"),  # Algorithm Name
        ("111003", "DCM"),  # Algorithm Version
        ("121013", "DCM"),  # Device Observer Name
        ("121014", "DCM"),  # Device Observer Manufacturer
        ("121015", "DCM"),  # Device Observer Model Name
        ("121016", "DCM"),  # Device Observer Serial Number
    }
)
"""Concepts whose text tells of a product, kept as Retain Device Identity has it; the identity is looked for in them."""

_TRACKING_IDENTIFIER: Final = ("112039", "DCM")
_SUBJECT_BIRTH_DATE: Final = ("121031", "DCM")
_SUBJECT_AGE: Final = ("121033", "DCM")
_NO_DATE: Final = "19000101"

_Count = Callable[[str, str], None]


def clean_item(item: Dataset, subject: Subject, pseudonyms: Pseudonyms, count: _Count) -> None:
    """Clean the text, birth date and age of a content item, and the text of annotations; others are left alone.

    Comes after the general cleaning: a placeholder date that was shifted would give the shift away.
    """
    name = _concept(item)
    _clean_text(item, name, subject, pseudonyms, count)
    if name == _SUBJECT_BIRTH_DATE and "Date" in item:
        item.Date = _NO_DATE
        count("replaced", "Date")
    if name == _SUBJECT_AGE and "MeasuredValueSequence" in item:
        item.MeasuredValueSequence = []
        count("emptied", "MeasuredValueSequence")
    if "GraphicAnnotationSequence" in item:
        _clean_annotations(item, count)


def _concept(item: Dataset) -> tuple[str, str] | None:
    concept = path(item, "ConceptNameCodeSequence")
    return code(concept) if concept is not None else None


def _clean_annotations(dataset: Dataset, count: _Count) -> None:
    """Take out the text, and annotations that had nothing else: each has text or a graphic (PS3.3 C.10.5)."""
    annotations = items(dataset, "GraphicAnnotationSequence")
    for annotation in annotations:
        if "TextObjectSequence" in annotation:
            del annotation.TextObjectSequence
            count("removed", "TextObjectSequence")
    left = [annotation for annotation in annotations if "GraphicObjectSequence" in annotation]
    if left:
        dataset.GraphicAnnotationSequence = left
    else:
        del dataset.GraphicAnnotationSequence


def _clean_text(
    item: Dataset, name: tuple[str, str] | None, subject: Subject, pseudonyms: Pseudonyms, count: _Count
) -> None:
    """Text of a product stays, a tracking identifier becomes another one, everything else goes."""
    if "TextValue" not in item or name in _TEXT_OF_DEVICES:
        return
    if name == _TRACKING_IDENTIFIER:
        item.TextValue = pseudonyms.name("finding", f"{subject.pseudonym}\x1f{text(item, 'TextValue')}")
    else:
        item.TextValue = REMOVED
    count("replaced", "TextValue")
