"""Presentation pixels of a stored image (port PixelSource): decode, check, VOI, orientation, or a coded refusal."""

from __future__ import annotations

from screening.dicom.content import examine
from screening.dicom.elements import quiet
from screening.dicom.header import OpenedFile, open_file
from screening.dicom.orientation import apply_flip, check_header, derive_flip, patient_orientation
from screening.dicom.pixels import check_pixels, frame_format, read_frame
from screening.dicom.voi import voi_table
from screening.dicom.volume import DicomVolume, open_volume
from screening.domain.errors import NotDicom, UnusableImage
from screening.domain.quality import ReasonCode
from screening.domain.study import Image, ImageKind, Laterality, View
from screening.workflow.ports import FileLocator, PresentationImage


class DicomPixelSource:
    """Loads images from the content-addressed store; keeps nothing between calls, so threads may share it."""

    def __init__(self, files: FileLocator) -> None:
        self._files = files

    def load(self, image: Image) -> PresentationImage:
        """Decode one single-frame image.

        Raises UnusableImage with its reason code: the image's own exclusion, TOMOSYNTHESIS for a multi-frame object,
        what is missing to orient or measure it, and whatever decoding and the pixels themselves forbid. Raises
        NotFound when the bytes are not in the store.
        """
        laterality, view, row_mm, column_mm = _required(image)
        if image.frames != 1:
            raise UnusableImage(ReasonCode.TOMOSYNTHESIS, f"{image.frames} frames")
        return _present(self._open(image), laterality, view, (row_mm, column_mm))

    def open_volume(self, image: Image) -> DicomVolume:
        """Open a Breast Tomosynthesis volume and check its middle frames; frames are decoded one by one when asked for.

        Raises UnusableImage like `load`, with WRONG_SOP_CLASS for anything that is no volume. Raises NotFound when the
        bytes are not in the store.
        """
        laterality, view, row_mm, column_mm = _required(image)
        if image.kind is not ImageKind.DBT:
            raise UnusableImage(ReasonCode.WRONG_SOP_CLASS, "not a tomosynthesis volume")
        return open_volume(self._open(image), laterality, view, (row_mm, column_mm))

    def _open(self, image: Image) -> OpenedFile:
        try:
            return open_file(self._files.path(image.digest))
        except NotDicom as error:
            raise UnusableImage(ReasonCode.UNREADABLE) from error


def _required(image: Image) -> tuple[Laterality, View, float, float]:
    """Side, view and spacing, without which pixels cannot be shown as a reader should see them."""
    if image.exclusion is not None:
        raise UnusableImage(image.exclusion, image.detail)
    if image.laterality is None:
        raise UnusableImage(ReasonCode.LATERALITY_UNKNOWN)
    if image.view is None:
        raise UnusableImage(ReasonCode.VIEW_UNKNOWN)
    if image.row_spacing_mm is None or image.column_spacing_mm is None:
        raise UnusableImage(ReasonCode.SPACING_MISSING)
    return image.laterality, image.view, image.row_spacing_mm, image.column_spacing_mm


def _present(
    opened: OpenedFile, laterality: Laterality, view: View, spacing_mm: tuple[float, float]
) -> PresentationImage:
    with quiet():
        form = frame_format(opened)
        table = voi_table(opened.dataset, form.bits_stored, form.signed, frame=0)
        orientation = patient_orientation(opened.dataset)
        check_pixels(opened)
    refusal = check_header(orientation, laterality, view)
    if refusal is not None:
        raise UnusableImage(refusal)
    shown = table.apply(read_frame(opened))
    content = examine(shown)
    flip = derive_flip(orientation, laterality, view, (form.rows, form.columns), content.chest_wall)
    return PresentationImage(apply_flip(shown, flip), *spacing_mm, flip, table.warnings)
