"""Content items of a structured report as pydicom data sets (PS3.3 C.17.3), one function per value type.

Knows nothing of any template: which items a report has, and in which order, is the caller's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from screening.dicom.sr_codes import Code

ZERO_WIDTH_SPACE = "\u200b"

Position = tuple[int, ...]
"""Referenced Content Item Identifier: 1-based child numbers from the root, which is the first 1 (PS3.3 C.17.3.2.5)."""


class Relation(StrEnum):
    """Relationship Type (0040,A010)."""

    CONTAINS = "CONTAINS"
    HAS_PROPERTIES = "HAS PROPERTIES"
    HAS_CONCEPT_MOD = "HAS CONCEPT MOD"
    HAS_ACQ_CONTEXT = "HAS ACQ CONTEXT"
    INFERRED_FROM = "INFERRED FROM"
    SELECTED_FROM = "SELECTED FROM"


def code_item(code: Code) -> Dataset:
    """Code sequence item (PS3.3 8.8)."""
    item = Dataset()
    item.CodeValue = code.value
    item.CodingSchemeDesignator = code.scheme
    item.CodeMeaning = code.meaning.replace(ZERO_WIDTH_SPACE, "")
    return item


def with_children(item: Dataset, children: Iterable[Dataset]) -> Dataset:
    """The item with its Content Sequence; without children there is no such sequence."""
    listed = list(children)
    if listed:
        item.ContentSequence = DicomSequence(listed)
    return item


def _item(relation: Relation | None, value_type: str, concept: Code | None, children: Iterable[Dataset]) -> Dataset:
    item = Dataset()
    if relation is not None:
        item.RelationshipType = relation.value
    item.ValueType = value_type
    if concept is not None:
        item.ConceptNameCodeSequence = DicomSequence([code_item(concept)])
    return with_children(item, children)


def container(relation: Relation | None, concept: Code, children: Iterable[Dataset]) -> Dataset:
    """CONTAINER whose items stand apart; `relation` is None for the root."""
    item = _item(relation, "CONTAINER", concept, children)
    item.ContinuityOfContent = "SEPARATE"
    return item


def code(relation: Relation, concept: Code, value: Code, children: Iterable[Dataset] = ()) -> Dataset:
    """CODE."""
    item = _item(relation, "CODE", concept, children)
    item.ConceptCodeSequence = DicomSequence([code_item(value)])
    return item


def text(relation: Relation, concept: Code, value: str) -> Dataset:
    """TEXT; the value is UT and may have any length."""
    item = _item(relation, "TEXT", concept, ())
    item.TextValue = value
    return item


def date_item(relation: Relation, concept: Code, value: date) -> Dataset:
    """DATE."""
    item = _item(relation, "DATE", concept, ())
    item.Date = value.strftime("%Y%m%d")
    return item


def time_item(relation: Relation, concept: Code, value: str) -> Dataset:
    """TIME; `value` is a TM string."""
    item = _item(relation, "TIME", concept, ())
    item.Time = value
    return item


def decimal(value: float) -> str:
    """A DS of at most 16 characters with four decimals, no trailing zeros.

    >>> decimal(62.5), decimal(100.0), decimal(0.00004)
    ('62.5', '100', '0')
    """
    return f"{value:.4f}".rstrip("0").rstrip(".")


def num(relation: Relation, concept: Code, value: float, unit: Code) -> Dataset:
    """NUM with four decimals."""
    item = _item(relation, "NUM", concept, ())
    measured = Dataset()
    measured.NumericValue = decimal(value)
    measured.MeasurementUnitsCodeSequence = DicomSequence([code_item(unit)])
    item.MeasuredValueSequence = DicomSequence([measured])
    return item


def sop_reference(sop_class_uid: str, sop_instance_uid: str, frame: int | None = None) -> Dataset:
    """Item of a Referenced SOP Sequence; `frame` is 1-based (PS3.3 C.17.3.2.3)."""
    item = Dataset()
    item.ReferencedSOPClassUID = sop_class_uid
    item.ReferencedSOPInstanceUID = sop_instance_uid
    if frame is not None:
        item.ReferencedFrameNumber = frame
    return item


def image(relation: Relation, reference: Dataset, children: Iterable[Dataset] = ()) -> Dataset:
    """IMAGE, by value."""
    item = _item(relation, "IMAGE", None, children)
    item.ReferencedSOPSequence = DicomSequence([reference])
    return item


def by_reference(relation: Relation, target: Position) -> Dataset:
    """A by-reference relationship to the item at `target` (PS3.3 C.17.3.2.5)."""
    item = Dataset()
    item.RelationshipType = relation.value
    item.ReferencedContentItemIdentifier = list(target)
    return item


def scoord(
    relation: Relation, concept: Code, graphic: str, points: Sequence[tuple[float, float]], target: Position
) -> Dataset:
    """SCOORD of `graphic` type on the image at `target`.

    Points are (column, row), with (0, 0) at the top-left corner of the top-left pixel (PS3.3 C.18.6.1.2).
    """
    item = _item(relation, "SCOORD", concept, [by_reference(Relation.SELECTED_FROM, target)])
    item.GraphicType = graphic
    item.GraphicData = [float(value) for point in points for value in point]
    return item
