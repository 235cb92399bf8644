"""Writes the marks of an AI read as Grayscale Softcopy Presentation States (PS3.3 A.33.1), for viewers that draw them.

One state per image, because a state has one modality transformation and one polarity for all its images, and because
viewers offer states by image. Every image that was read gets one, marked or not, and so does every other image fit to
be shown: its note says that it was not read. The image is shown as it asks to be (`gsps_display`), never flipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import highdicom.pr as hd
import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import GrayscaleSoftcopyPresentationStateStorage

from screening.dicom.cad_outcome import CadOutcome, cad_outcome
from screening.dicom.codes import MAMMOGRAPHY_FAMILIES, sop_family
from screening.dicom.elements import quiet
from screening.dicom.header import open_file
from screening.dicom.patient_study import put_patient_and_study
from screening.dicom.results.gsps_display import image_reference, put_display
from screening.dicom.results.gsps_layout import label_box
from screening.dicom.results.gsps_words import mark_label, note
from screening.dicom.results.shell import (
    GSPS,
    Maker,
    put_creation,
    put_no_side,
    put_series,
    seal,
    tracking,
)
from screening.domain.ai_read import Region
from screening.domain.geometry import Box
from screening.domain.study import Image, Laterality, Study
from screening.workflow.ports import FileLocator

MARKS: Final = "AI_MARKS"
NOTES: Final = "AI_NOTES"
_PIXEL = hd.AnnotationUnitsValues.PIXEL
_DISPLAY = hd.AnnotationUnitsValues.DISPLAY

Numbered = tuple[int, Region]
"""A mark with its place in the read, from 1."""


def presentation_states(study: Study, maker: Maker, files: FileLocator) -> Iterator[Dataset]:
    """The states as data sets with their file meta information, in the order of the images of the outcome.

    Raises ReportInvalid like `cad_outcome`, NotFound when the bytes of an image are not in the store, and
    UnusableImage or NotDicom when its header cannot be read.
    """
    outcome = cad_outcome(study, maker.read)
    shown = [image for image in outcome.images if _can_be_shown(image)]
    for number, image in enumerate(shown, start=1):
        with quiet():
            yield _state(study, maker, outcome, image, number, open_file(files.path(image.digest)).dataset)


def _can_be_shown(image: Image) -> bool:
    family = sop_family(image.sop_class_uid)
    return image.exclusion is None and family in MAMMOGRAPHY_FAMILIES and bool(image.rows and image.columns)


def _state(study: Study, maker: Maker, outcome: CadOutcome, image: Image, number: int, source: Dataset) -> Dataset:
    state = Dataset()
    put_patient_and_study(state, replace(study.header, study_instance_uid=image.study_instance_uid))
    put_series(state, GSPS, maker)
    put_no_side(state)
    _put_identity(state, maker, number)
    state.ReferencedSeriesSequence = DicomSequence([_referenced_series(image)])
    marks = [
        (place, region)
        for place, region in enumerate(outcome.regions, start=1)
        if region.location.sop_instance_uid == image.sop_instance_uid
    ]
    state.GraphicAnnotationSequence = DicomSequence(
        [*_marks(study, maker, image, marks), _note(image, note(maker.read, outcome, image.sop_instance_uid))]
    )
    state.GraphicLayerSequence = DicomSequence(_layers(bool(marks)))
    put_display(state, source, image)
    state.SOPClassUID = GrayscaleSoftcopyPresentationStateStorage
    seal(state, GSPS, maker)
    return state


def _put_identity(state: Dataset, maker: Maker, number: int) -> None:
    """Presentation State Identification module (PS3.3 C.11.10)."""
    put_creation(state, maker)
    state.InstanceNumber = number
    state.PresentationCreationDate = state.InstanceCreationDate
    state.PresentationCreationTime = state.InstanceCreationTime
    state.ContentLabel = MARKS
    state.ContentDescription = f"Marks of {maker.product or 'no AI model'}"[:64]
    state.ContentCreatorName = ""


def _referenced_series(image: Image) -> Dataset:
    item = Dataset()
    item.SeriesInstanceUID = image.series_instance_uid
    item.ReferencedImageSequence = DicomSequence([image_reference(image)])
    return item


def _layers(marked: bool) -> list[Dataset]:
    """Only layers that are drawn on (PS3.3 C.10.7), the note above the marks."""
    marks = [hd.GraphicLayer(MARKS, order=1, description="Marks of the AI read")] if marked else []
    return [*marks, hd.GraphicLayer(NOTES, order=len(marks) + 1, description="What the AI read says of the image")]


def _marks(study: Study, maker: Maker, image: Image, marks: Sequence[Numbered]) -> Iterator[Dataset]:
    """One annotation per frame that has marks, or one for a single-frame image."""
    by_frame: dict[int | None, list[Numbered]] = {}
    for number, region in marks:
        by_frame.setdefault(region.location.frame, []).append((number, region))
    for frame, here in by_frame.items():
        item = _annotation(image, MARKS, () if frame is None else (frame,))
        item.GraphicObjectSequence = DicomSequence([_outline(study, maker, mark) for mark in here])
        item.TextObjectSequence = DicomSequence(_labels(maker, image, here))
        yield item


def _annotation(image: Image, layer: str, frames: Sequence[int] = ()) -> Dataset:
    """An empty item of the Graphic Annotation Sequence (PS3.3 C.10.5)."""
    item = Dataset()
    item.ReferencedImageSequence = DicomSequence([image_reference(image, frames)])
    item.GraphicLayer = layer
    return item


def _outline(study: Study, maker: Maker, mark: Numbered) -> Dataset:
    """The box as a closed polyline, (0, 0) at the top-left corner of the top-left stored pixel."""
    number, region = mark
    x0, y0, x1, y1 = _box_of(region)
    corners = np.asarray([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)], dtype=np.float64)
    identifier, uid = tracking(study.study_instance_uid, maker.read, number)
    return hd.GraphicObject(hd.GraphicTypeValues.POLYLINE, corners, _PIXEL, tracking_id=identifier, tracking_uid=uid)


def _labels(maker: Maker, image: Image, marks: Sequence[Numbered]) -> list[Dataset]:
    taken = [_box_of(region) for _, region in marks]
    labels: list[Dataset] = []
    for number, region in marks:
        text = mark_label(maker.read, number, region)
        place = label_box(text, _box_of(region), (image.rows, image.columns), taken)
        taken.append(place)
        labels.append(hd.TextObject(text, _PIXEL, bounding_box=place, text_justification="LEFT"))
    return labels


def _note(image: Image, text: str) -> Dataset:
    """The note at the bottom of whatever part of the image is shown, on the side where a breast is usually not."""
    side = "RIGHT" if image.laterality is Laterality.LEFT else "LEFT"
    item = _annotation(image, NOTES)
    place = (0.02, 0.93, 0.98, 0.99)
    item.TextObjectSequence = DicomSequence([hd.TextObject(text, _DISPLAY, place, text_justification=side)])
    return item


def _box_of(region: Region) -> Box:
    at = region.location
    return at.x0, at.y0, at.x1, at.y1
