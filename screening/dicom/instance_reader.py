"""What a DICOM file is (port InstanceReader): header only, pixels weighed but never decoded.

Nothing is thrown away here: every defect becomes a reason code on an image or a stored object, so that somebody sees
it. Only what is no DICOM at all is refused by an exception.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydicom.dataset import Dataset

from screening.dicom import codes
from screening.dicom.attributes import acquired_at, device, frames, spacing_mm, study_header
from screening.dicom.codes import SopFamily
from screening.dicom.elements import integer, quiet, text
from screening.dicom.filing import filing_of
from screening.dicom.header import OpenedFile, open_file
from screening.dicom.header_rules import HeaderRule
from screening.dicom.orientation import check_header, patient_orientation
from screening.dicom.pixels import check_pixels
from screening.dicom.positioning import Positioning, read_positioning
from screening.dicom.stack import stack_of
from screening.dicom.typing import type_image
from screening.domain.errors import UnusableImage
from screening.domain.identifiers import (
    FileDigest,
    Participant,
    PersonId,
    SeriesInstanceUid,
    SopInstanceUid,
    StudyInstanceUid,
    is_ours,
    minted_uid,
)
from screening.domain.quality import ReasonCode
from screening.domain.study import Image, ImageKind, StoredObject, StudyHeader
from screening.workflow.ports import ReadInstance

_UID = re.compile(r"^[0-9A-Za-z][0-9A-Za-z.\-_]{0,63}$")
_DERIVED_ROOT = "2.25"


class DicomInstanceReader:
    """Reads headers; changes nothing, so threads may share it. `rules` correct what a site fills wrongly."""

    def __init__(self, rules: Sequence[HeaderRule] = ()) -> None:
        self._rules = tuple(rules)

    def read(self, path: Path, digest: FileDigest) -> ReadInstance:
        """Describe one file.

        Raises NotDicom when it is empty or no DICOM object; every other defect is a reason code on the result.
        """
        try:
            opened = open_file(path)
        except UnusableImage as error:
            return _unreadable(digest, ReasonCode(error.reason))
        with quiet():
            for rule in self._rules:
                rule.correct(opened.dataset)
            return _describe(opened, digest)


def _unreadable(digest: FileDigest, reason: ReasonCode) -> ReadInstance:
    """A DICOM file whose header cannot be parsed: kept under identifiers derived from its bytes."""
    study, series, instance = (_derived(kind, digest) for kind in ("study", "series", "instance"))
    header = StudyHeader(StudyInstanceUid(study), Participant(PersonId("", ""), sex=""), "", None)
    content = StoredObject(
        SopInstanceUid(instance), SeriesInstanceUid(series), header.study_instance_uid, "", digest, reason
    )
    return ReadInstance(header, content)


def _derived(kind: str, digest: FileDigest) -> str:
    """A UID for what states none; not under our own arc, because it names somebody else's object."""
    return minted_uid(kind, digest, root=_DERIVED_ROOT)


def _uid(ds: Dataset, keyword: str, kind: str, digest: FileDigest) -> str:
    found = text(ds, keyword)
    return found if _UID.match(found) else _derived(kind, digest)


def _describe(opened: OpenedFile, digest: FileDigest) -> ReadInstance:
    ds = opened.dataset
    header = study_header(ds, _uid(ds, "StudyInstanceUID", "study", digest))
    reason = _not_an_image(opened)
    if reason is None:
        return ReadInstance(header, _image(opened, digest, header.study_instance_uid), filing_of(opened))
    content = StoredObject(
        SopInstanceUid(_uid(ds, "SOPInstanceUID", "instance", digest)),
        SeriesInstanceUid(_uid(ds, "SeriesInstanceUID", "series", digest)),
        header.study_instance_uid,
        text(ds, "SOPClassUID"),
        digest,
        reason,
    )
    return ReadInstance(header, content, filing_of(opened))


def _not_an_image(opened: OpenedFile) -> ReasonCode | None:
    """Why this is a stored object and no image; None for an image, usable or not."""
    ds = opened.dataset
    family = codes.sop_family(text(ds, "SOPClassUID"))
    if not all(_UID.match(text(ds, key)) for key in ("SOPInstanceUID", "SOPClassUID", "StudyInstanceUID")):
        return ReasonCode.UNREADABLE
    if is_ours(text(ds, "SOPInstanceUID")) and family not in codes.MAMMOGRAPHY_FAMILIES:
        return ReasonCode.OWN_RESULT
    if family is SopFamily.DOSE_REPORT:
        return ReasonCode.DOSE_REPORT
    if family is SopFamily.NOT_IMAGE or (family is SopFamily.UNKNOWN and integer(ds, "Rows") is None):
        return ReasonCode.NOT_AN_IMAGE
    return None


def _image(opened: OpenedFile, digest: FileDigest, study_instance_uid: StudyInstanceUid) -> Image:
    ds = opened.dataset
    position, typed = read_positioning(ds), type_image(ds, opened.private_groups)
    pixel_warnings, pixel_defect = _weigh(opened)
    first = next(_defects(ds, position, typed.exclusion, pixel_defect), None)
    row_mm, column_mm = spacing_mm(ds)
    warnings = (*opened.warnings, *typed.warnings, *position.warnings, *pixel_warnings)
    return Image(
        sop_instance_uid=SopInstanceUid(text(ds, "SOPInstanceUID")),
        series_instance_uid=SeriesInstanceUid(_uid(ds, "SeriesInstanceUID", "series", digest)),
        study_instance_uid=study_instance_uid,
        sop_class_uid=text(ds, "SOPClassUID"),
        digest=digest,
        kind=typed.kind,
        laterality=position.laterality,
        view=position.view,
        modifiers=position.modifiers,
        rows=max(integer(ds, "Rows") or 0, 0),
        columns=max(integer(ds, "Columns") or 0, 0),
        frames=frames(ds),
        bits_stored=max(integer(ds, "BitsStored") or 0, 0),
        row_spacing_mm=row_mm,
        column_spacing_mm=column_mm,
        device=device(ds),
        acquired_at=acquired_at(ds),
        implant_present=position.implant_present,
        partial_view=position.partial_view,
        exclusion=first[0] if first else None,
        detail=first[1] if first else "",
        warnings=warnings,
        slice_mm=stack_of(ds).slice_mm if typed.kind is ImageKind.DBT else None,
    )


def _weigh(opened: OpenedFile) -> tuple[tuple[ReasonCode, ...], tuple[ReasonCode, str] | None]:
    """Warnings about the pixel data, and its defect if it has one."""
    try:
        return check_pixels(opened), None
    except UnusableImage as error:
        reason = ReasonCode(error.reason)
        return (), (reason, "" if str(error) == reason.value else str(error))


def _defects(
    ds: Dataset, position: Positioning, kind: ReasonCode | None, pixels: tuple[ReasonCode, str] | None
) -> Iterator[tuple[ReasonCode, str]]:
    """Everything that forbids scoring, in the order in which it helps somebody to act: kind, pixels, positioning."""
    if pixels is not None and kind is ReasonCode.WRONG_SOP_CLASS and frames(ds) != 1:
        yield pixels  # a single image that claims many frames is no volume in a wrong class
    if kind is not None:
        yield kind, ""
    if pixels is not None:
        yield pixels
    if position.defect is not None:
        yield position.defect, position.detail
    if position.laterality is None:
        yield ReasonCode.LATERALITY_UNKNOWN, ""
    if position.view is None:
        yield ReasonCode.VIEW_UNKNOWN, ""
    turned = check_header(patient_orientation(ds), position.laterality, position.view)
    if turned is not None:
        yield turned, ""
