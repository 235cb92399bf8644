"""A structured report as a tree that can be walked without trusting it: limits, references, codes (PS3.3 C.17.3).

Tolerant of relationship types and of items it does not know; a tree that is too large, or a reference that leads
nowhere, is broken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset

from screening.dicom.cad_sr_reading_codes import SNOMED
from screening.dicom.elements import code, items, number, numbers, text
from screening.domain.errors import UnusableImage
from screening.domain.identifiers import SopInstanceUid
from screening.domain.quality import ReasonCode

MAX_ITEMS: Final = 100_000
"""A report of 500 marks on 8 volumes has some 10,000 content items."""

MAX_DEPTH: Final = 32
Position = tuple[int, ...]


def broken(why: str) -> UnusableImage:
    """The one error of reading a report; `why` names a condition, never a value."""
    return UnusableImage(ReasonCode.CAD_SR_INVALID, why)


@dataclass(frozen=True)
class Reference:
    """An image a report refers to, and the frame (1-based) of it."""

    image: SopInstanceUid
    frame: int | None


class Item:
    """One content item; children and references are found when asked for."""

    def __init__(self, data: Dataset, position: Position, tree: dict[Position, Item]) -> None:
        self.data = data
        self.position = position
        self._tree = tree

    @property
    def concept(self) -> str:
        """Code value of the concept name, empty when there is none or its scheme is not one we know."""
        return _known(items(self.data, "ConceptNameCodeSequence"))

    @property
    def value(self) -> str:
        """Code value of a CODE item, empty like `concept`."""
        return _known(items(self.data, "ConceptCodeSequence"))

    @property
    def type(self) -> str:
        """Value Type, empty for a by-reference item."""
        return text(self.data, "ValueType")

    def children(self, *concepts: str) -> Iterator[Item]:
        """Direct children, of these concepts or all of them."""
        at = 1
        while (child := self._tree.get((*self.position, at))) is not None:
            if not concepts or child.concept in concepts:
                yield child
            at += 1

    def child(self, concept: str) -> Item | None:
        """The first child of a concept."""
        return next(self.children(concept), None)

    def texts(self, concept: str) -> tuple[str, ...]:
        """Values of the TEXT children of a concept."""
        return tuple(text(child.data, "TextValue") for child in self.children(concept) if child.type == "TEXT")

    def fraction(self, concept: str) -> float | None:
        """A NUM child in percent as a fraction 0..1, None when absent; broken in another unit or range."""
        found = next((child for child in self.children(concept) if child.type == "NUM"), None)
        if found is None:
            return None
        measured = items(found.data, "MeasuredValueSequence")
        if not measured:
            return None
        unit = items(measured[0], "MeasurementUnitsCodeSequence")
        percent = number(measured[0], "NumericValue")
        if percent is None or not unit or code(unit[0])[0] != "%" or not 0 <= percent <= 100:
            raise broken("a certainty or probability is no percentage")
        return percent / 100

    def image(self) -> Reference | None:
        """The image this item is, or refers to in the library; None when it names none."""
        item = self._target() or self
        found = items(item.data, "ReferencedSOPSequence")
        uid = text(found[0], "ReferencedSOPInstanceUID") if found else ""
        if not uid:
            return None
        frames = numbers(found[0], "ReferencedFrameNumber")
        return Reference(SopInstanceUid(uid), int(frames[len(frames) // 2]) if frames else None)

    def _target(self) -> Item | None:
        """The item a by-reference relationship leads to; broken when there is none."""
        target = tuple(int(part) for part in numbers(self.data, "ReferencedContentItemIdentifier"))
        if not target:
            return None
        if target not in self._tree:
            raise broken("a reference leads to no content item")
        return self._tree[target]


def read_tree(root: Dataset) -> Item:
    """The root of the tree below a data set. Raises UnusableImage when it is too large or too deep."""
    tree: dict[Position, Item] = {}
    waiting: list[tuple[Position, Dataset]] = [((1,), root)]
    while waiting:
        position, data = waiting.pop()
        tree[position] = Item(data, position, tree)
        waiting += [((*position, at), child) for at, child in enumerate(items(data, "ContentSequence"), start=1)]
        if len(tree) + len(waiting) > MAX_ITEMS or len(position) > MAX_DEPTH:
            raise broken("the content tree is too large")
    return tree[1,]


def _known(found: tuple[Dataset, ...]) -> str:
    if not found:
        return ""
    value, scheme = code(found[0])
    return value if scheme == "DCM" or scheme in SNOMED else ""
