"""The image library of a CAD report (TID 4020) and where each image stands in it.

One entry per image, and one more per frame that carries a mark, because coordinates on a multi-frame image select an
entry that names its frame. Pixel spacing is written for tomosynthesis only: for projection images the concept means
the spacing at the detector, and the domain knows it at the breast.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pydicom.dataset import Dataset

from screening.dicom import sr_codes as codes
from screening.dicom.sr_items import Position, Relation, code, date_item, image, num, sop_reference, time_item
from screening.domain.ai_read import Region
from screening.domain.identifiers import SopInstanceUid
from screening.domain.opinion import ImageLocation
from screening.domain.study import Image, ImageKind, StudyHeader

LIBRARY: Position = (1, 2)
"""The library is the second child of the root, after Language."""

_TM = re.compile(r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?")
_CONTEXT = Relation.HAS_ACQ_CONTEXT


class CadLibrary:
    """Images in order, with the position that by-reference relationships use."""

    def __init__(self, images: Sequence[Image], regions: Iterable[Region]) -> None:
        entries: dict[tuple[SopInstanceUid, int | None], Image] = {(i.sop_instance_uid, None): i for i in images}
        for region in regions:
            if region.location.frame is not None:
                uid = region.location.sop_instance_uid
                entries[uid, region.location.frame] = entries[uid, None]
        self._entries = entries
        self._positions = {key: (*LIBRARY, number) for number, key in enumerate(entries, start=1)}

    def position(self, uid: SopInstanceUid, frame: int | None = None) -> Position:
        """Position of the image, or of the frame of it. Raises KeyError when it is not in the library."""
        return self._positions[uid, frame]

    def of(self, location: ImageLocation) -> Position:
        """Position of the entry a mark is selected from."""
        return self.position(location.sop_instance_uid, location.frame)

    def items(self, header: StudyHeader) -> Iterator[Dataset]:
        """The IMAGE items, in order."""
        for (uid, frame), stored in self._entries.items():
            reference = sop_reference(stored.sop_class_uid, uid, frame)
            yield image(Relation.CONTAINS, reference, _context(stored, header))


def _context(stored: Image, header: StudyHeader) -> Iterator[Dataset]:
    if stored.laterality is not None:
        yield code(_CONTEXT, codes.IMAGE_LATERALITY, codes.SIDES[stored.laterality])
    yield from view_items(stored)
    yield from study_moment(header)
    yield from _geometry(stored)
    yield from matrix_items(stored)


def view_items(stored: Image) -> Iterator[Dataset]:
    """Image View with its modifiers (TID 4020, TID 1603); nothing for a view that has no code."""
    if stored.view in codes.VIEWS:
        modifiers = [codes.MODIFIERS[m] for m in sorted(stored.modifiers) if m in codes.MODIFIERS]
        children = [code(Relation.HAS_CONCEPT_MOD, codes.IMAGE_VIEW_MODIFIER, value) for value in modifiers]
        yield code(_CONTEXT, codes.IMAGE_VIEW, codes.VIEWS[stored.view], children)


def study_moment(header: StudyHeader) -> Iterator[Dataset]:
    """Study Date and Study Time (TID 4020, TID 1602), as far as they are known and well formed."""
    if header.study_date is not None:
        yield date_item(_CONTEXT, codes.STUDY_DATE, header.study_date)
    if _TM.fullmatch(header.study_time):
        yield time_item(_CONTEXT, codes.STUDY_TIME, header.study_time)


def matrix_items(stored: Image) -> Iterator[Dataset]:
    """Rows and columns of the stored image (TID 4020, TID 1602)."""
    if stored.rows and stored.columns:
        yield num(_CONTEXT, codes.PIXEL_ROWS, stored.rows, codes.PIXELS)
        yield num(_CONTEXT, codes.PIXEL_COLUMNS, stored.columns, codes.PIXELS)


def _geometry(stored: Image) -> Iterator[Dataset]:
    if stored.kind is ImageKind.DBT and stored.row_spacing_mm and stored.column_spacing_mm:
        yield num(_CONTEXT, codes.HORIZONTAL_SPACING, 1000 * stored.column_spacing_mm, codes.MICROMETER)
        yield num(_CONTEXT, codes.VERTICAL_SPACING, 1000 * stored.row_spacing_mm, codes.MICROMETER)
    if stored.kind is ImageKind.DBT and stored.slice_mm:
        yield num(_CONTEXT, codes.SLICE_SPACING, stored.slice_mm, codes.MILLIMETER)
