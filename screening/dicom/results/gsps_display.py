"""How a presentation state shows its image: as the image itself asks to be shown (PS3.4 N.2).

Once a viewer applies a state it takes modality, VOI and polarity from the state and none of them from the image, so
each is copied. A VOI that the pixel path of ours cannot use is left out, which means the full range in both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from screening.dicom.elements import number, numbers, text, value
from screening.dicom.sr_items import decimal, sop_reference
from screening.dicom.voi import functional_group, is_inverted, lut_of, window_of
from screening.domain.study import Image


def put_display(state: Dataset, source: Dataset, image: Image) -> None:
    """Displayed Area, Modality LUT, Softcopy VOI LUT and Softcopy Presentation LUT modules from the header `source`."""
    state.DisplayedAreaSelectionSequence = DicomSequence([_whole_area(image)])
    _put_modality(state, functional_group(source, "PixelValueTransformationSequence", 0))
    voi = list(_voi_items(source, image))
    if voi:
        state.SoftcopyVOILUTSequence = DicomSequence(voi)
    state.PresentationLUTShape = "INVERSE" if is_inverted(source) else "IDENTITY"


def _whole_area(image: Image) -> Dataset:
    """The whole image, fitted to the window (PS3.3 C.10.4); its corners are pixels counted from 1."""
    area = Dataset()
    area.DisplayedAreaTopLeftHandCorner = [1, 1]
    area.DisplayedAreaBottomRightHandCorner = [image.columns, image.rows]
    area.PresentationSizeMode = "SCALE TO FIT"
    if image.row_spacing_mm and image.column_spacing_mm:
        area.PresentationPixelSpacing = [f"{image.row_spacing_mm:.8g}", f"{image.column_spacing_mm:.8g}"]
    else:
        area.PresentationPixelAspectRatio = [1, 1]
    return area


def _put_modality(state: Dataset, source: Dataset) -> None:
    """Rescale (PS3.3 C.11.1); a slope that is missing or zero counts as none."""
    slope, intercept = number(source, "RescaleSlope"), number(source, "RescaleIntercept")
    if slope:
        state.RescaleIntercept = decimal(intercept or 0.0)
        state.RescaleSlope = decimal(slope)
        state.RescaleType = text(source, "RescaleType") or "US"


def _voi_items(source: Dataset, image: Image) -> Iterator[Dataset]:
    """One item for all frames, or one for every group of frames that are to be shown alike (PS3.3 C.11.8)."""
    groups: dict[str, tuple[Dataset, list[int]]] = {}
    for frame in range(image.frames):
        found = _voi_of(source, frame, image.bits_stored)
        if found is not None:
            groups.setdefault(found.to_json(), (found, []))[1].append(frame + 1)
    for found, frames in groups.values():
        if len(frames) < image.frames:
            found.ReferencedImageSequence = DicomSequence([image_reference(image, frames)])
        yield found


def image_reference(image: Image, frames: Sequence[int] = ()) -> Dataset:
    """A reference to the image, or to some of its frames, counted from 1."""
    reference = sop_reference(image.sop_class_uid, image.sop_instance_uid)
    if frames:
        reference.ReferencedFrameNumber = list(frames)
    return reference


def _voi_of(source: Dataset, frame: int, bits_stored: int) -> Dataset | None:
    """The VOI LUT Sequence, else window 1, of a frame counted from 0; None when it cannot be used."""
    group = functional_group(source, "FrameVOILUTSequence", frame)
    table, window = lut_of(group, bits_stored), window_of(group)
    if table is not None:
        return _with_table(table)
    return _with_window(*window) if window is not None else None


def _with_window(center: float, width: float, function: str) -> Dataset:
    item = Dataset()
    item.WindowCenter, item.WindowWidth = decimal(center), decimal(width)
    if function:
        item.VOILUTFunction = function
    return item


def _with_table(table: Dataset) -> Dataset:
    """The table under VRs of its own: in the image they may hang on Pixel Representation, which a state has not."""
    count, first, bits = (int(part) for part in numbers(table, "LUTDescriptor"))
    copy = Dataset()
    if first < 0:
        signed = count - 65_536 if count > 32_767 else count
        copy.add(DataElement("LUTDescriptor", "SS", [signed, first, bits]))
    else:
        copy.add(DataElement("LUTDescriptor", "US", [count, first, bits]))
    explanation = text(table, "LUTExplanation")
    if explanation:
        copy.LUTExplanation = explanation
    data = value(table, "LUTData")
    if isinstance(data, bytes):
        copy.add(DataElement("LUTData", "OW", data))
    else:
        copy.add(DataElement("LUTData", "US", [int(entry) for entry in numbers(table, "LUTData")]))
    item = Dataset()
    item.VOILUTSequence = DicomSequence([copy])
    return item
