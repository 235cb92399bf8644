"""Reads a stored Mammography CAD report of another product (PS3.16 TID 4000), the port `CadSrSource`.

Tolerant of what does not matter (relationship types, unknown items, old code schemes), strict where a wrong guess
would move a mark or turn a failure into a normal: then the report is refused, with a reason code.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydicom.dataset import Dataset

from screening.dicom import cad_sr_reading_codes as codes
from screening.dicom.cad_sr_reading_findings import density, findings
from screening.dicom.cad_sr_reading_tree import Item, broken, read_tree
from screening.dicom.elements import items, joined, quiet, text
from screening.dicom.header import open_file
from screening.domain.cad_report import CadCompletion, CadFinding, CadReport, ImageSet, RenderingIntent
from screening.domain.errors import NotDicom, UnusableImage
from screening.domain.identifiers import SeriesInstanceUid, SopInstanceUid
from screening.domain.study import StoredObject
from screening.workflow.ports import FileLocator

MAMMOGRAPHY_CAD_SR: Final = "1.2.840.10008.5.1.4.1.1.88.50"
"""SOP Class UID of Mammography CAD SR Storage (PS3.4 B.5)."""


class DicomCadSrSource:
    """Reads reports from the content-addressed store; has no state of its own."""

    def __init__(self, files: FileLocator) -> None:
        self._files = files

    def read(self, stored: StoredObject) -> CadReport:
        """Parse one report.

        Raises UnusableImage (CAD_SR_INVALID) when it is broken, no TID 4000, or contradicts itself; NotFound when the
        bytes are not in the store.
        """
        try:
            with quiet():
                return read_report(open_file(self._files.path(stored.digest)).dataset)
        except (NotDicom, UnusableImage) as error:
            raise broken(str(error)) from error


def read_report(data: Dataset) -> CadReport:
    """What the data set says. Raises UnusableImage (CAD_SR_INVALID)."""
    root = _root(data)
    summary = root.child(codes.PROCESSING)
    if summary is None:
        raise broken("the report has no processing and findings summary")
    found = findings(summary)
    _no_contradiction(summary, found)
    performed = [item for name in (codes.DETECTIONS, codes.ANALYSES) for item in root.children(name)]
    names, versions = _algorithms(root)
    return CadReport(
        sop_instance_uid=SopInstanceUid(text(data, "SOPInstanceUID")),
        manufacturer=text(data, "Manufacturer"),
        model=text(data, "ManufacturerModelName"),
        software=joined(data, "SoftwareVersions"),
        algorithm="+".join(names),
        version="+".join(versions),
        made_at=text(data, "ContentDate") + text(data, "ContentTime"),
        completion=_completion(summary, performed),
        succeeded=_images(performed, codes.SUCCESSFUL),
        failed=_images(performed, codes.FAILED),
        findings=found,
        density=density(summary),
    )


def _root(data: Dataset) -> Item:
    if text(data, "SOPClassUID") != MAMMOGRAPHY_CAD_SR:
        raise broken("the object is no Mammography CAD SR")
    named = [text(template, "TemplateIdentifier") for template in items(data, "ContentTemplateSequence")]
    root = read_tree(data)
    if root.concept != codes.REPORT or (named and named != ["4000"]):
        raise broken("the report does not follow TID 4000")
    return root


def _no_contradiction(summary: Item, found: tuple[CadFinding, ...]) -> None:
    shown = any(finding.intent is not RenderingIntent.NEVER for finding in found)
    if shown and summary.value in codes.WITHOUT_FINDINGS:
        raise broken("the summary says that there are no findings, and there are")


def _completion(summary: Item, performed: list[Item]) -> CadCompletion:
    """What became of all algorithms together: the worst of what was attempted; an unknown code is broken."""
    if any(item.value not in codes.COMPLETIONS for item in performed) or not performed:
        raise broken("the summary of detections or analyses is missing or not coded")
    attempted = {codes.COMPLETIONS[item.value] for item in performed} - {CadCompletion.NOT_ATTEMPTED}
    if not attempted:
        return CadCompletion.NOT_ATTEMPTED
    if summary.value == codes.NONE_SUCCEEDED or attempted == {CadCompletion.FAILED}:
        return CadCompletion.FAILED
    return attempted.pop() if len(attempted) == 1 else CadCompletion.PARTIALLY_SUCCEEDED


def _images(performed: list[Item], outcomes: frozenset[str]) -> ImageSet:
    """Images and series that detections or analyses of this outcome name (TID 4015 to 4018)."""
    runs = [run for item in performed for group in item.children(*outcomes) for run in group.children()]
    named = [child for run in runs for child in _with_coordinates(run)]
    images = {found.image for child in named if (found := child.image()) is not None}
    series = {SeriesInstanceUid(text(child.data, "UID")) for child in named if child.concept == codes.SERIES_UID}
    return ImageSet(frozenset(images), frozenset(series))


def _with_coordinates(run: Item) -> Iterator[Item]:
    """What a detection names: its children, and what a region of interest among them is selected from."""
    for child in run.children():
        yield child
        if child.type == "SCOORD":
            yield from child.children()


def _algorithms(root: Item) -> tuple[list[str], list[str]]:
    """Names and versions of every algorithm in the report (TID 4019), sorted."""
    names: set[str] = set()
    versions: set[str] = set()
    waiting = [root]
    while waiting:
        item = waiting.pop()
        names.update(item.texts(codes.ALGORITHM_NAME))
        versions.update(item.texts(codes.ALGORITHM_VERSION))
        waiting += item.children()
    return sorted(names - {""}), sorted(versions - {""})
