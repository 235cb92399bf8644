"""Checks of a CAD report that no public validator makes: template id, targets of references, evidence.

Runs on every report before it is written, and in tests on mutated ones; it never changes a data set.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydicom.dataset import Dataset

from screening.dicom import sr_codes as codes
from screening.dicom.sr_items import Position

ROOT: Position = (1,)


def walk(item: Dataset, position: Position = ROOT) -> Iterator[tuple[Position, Dataset]]:
    """Every content item with its position, depth first, the root included."""
    yield position, item
    for number, child in enumerate(item.get("ContentSequence", ()), start=1):
        yield from walk(child, (*position, number))


def concept(item: Dataset) -> str:
    """Code value of the concept name, empty when the item has none."""
    names = item.get("ConceptNameCodeSequence", ())
    return str(names[0].CodeValue) if names else ""


def problems(report: Dataset) -> tuple[str, ...]:
    """What is wrong with the report, in words; empty when nothing is."""
    items = dict(walk(report))
    return (
        *_template(report),
        *_targets(items),
        *_coordinates(items),
        *_evidence(report, items),
    )


def _template(report: Dataset) -> Iterator[str]:
    named = [(t.get("MappingResource"), t.get("TemplateIdentifier")) for t in report.get("ContentTemplateSequence", ())]
    if named != [("DCMR", "4000")]:
        yield "the root does not name template DCMR 4000"


def _target(item: Dataset) -> Position | None:
    if "ReferencedContentItemIdentifier" not in item:
        return None
    identifier = item.ReferencedContentItemIdentifier
    return (int(identifier),) if isinstance(identifier, int) else tuple(int(number) for number in identifier)


def _targets(items: dict[Position, Dataset]) -> Iterator[str]:
    for position, item in items.items():
        target = _target(item)
        if target is None:
            continue
        found = items.get(target)
        if found is None:
            yield f"item {_dots(position)} refers to {_dots(target)}, which does not exist"
        elif found.get("ValueType") != "IMAGE" or concept(items[target[:-1]]) != codes.IMAGE_LIBRARY.value:
            yield f"item {_dots(position)} refers to {_dots(target)}, which is no image of the library"


def _coordinates(items: dict[Position, Dataset]) -> Iterator[str]:
    for position, item in items.items():
        if item.get("ValueType") != "SCOORD":
            continue
        selected = [child for child in item.get("ContentSequence", ()) if child.RelationshipType == "SELECTED FROM"]
        if len(selected) != 1 or _target(selected[0]) is None:
            yield f"coordinates {_dots(position)} are not selected from exactly one library image"


def _instances(images: Sequence[Dataset]) -> set[tuple[str, str]]:
    return {(str(i.ReferencedSOPClassUID), str(i.ReferencedSOPInstanceUID)) for i in images}


def _evidence(report: Dataset, items: dict[Position, Dataset]) -> Iterator[str]:
    used = _instances([ref for item in items.values() for ref in item.get("ReferencedSOPSequence", ())])
    listed = _instances(
        [
            ref
            for study in report.get("CurrentRequestedProcedureEvidenceSequence", ())
            for series in study.ReferencedSeriesSequence
            for ref in series.ReferencedSOPSequence
        ]
    )
    if not listed:
        yield "there is no evidence sequence"
    if used - listed:
        yield f"{len(used - listed)} referenced images are not listed as evidence"
    if listed - used:
        yield f"{len(listed - used)} images of the evidence are not in the image library"


def _dots(position: Position) -> str:
    return ".".join(map(str, position))
