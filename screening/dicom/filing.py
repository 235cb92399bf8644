"""How an instance files itself in a catalogue: numbers, modality, request and transfer syntax, verbatim or left out."""

from __future__ import annotations

from pydicom.dataset import Dataset

from screening.dicom.attributes import parse_date
from screening.dicom.elements import integer, items, text
from screening.dicom.header import OpenedFile
from screening.workflow.ports import Filing

_MOST = (1 << 31) - 1
"""A number that no database column holds counts as absent."""


def filing_of(opened: OpenedFile) -> Filing:
    """What a catalogue keeps of an opened file."""
    ds = opened.dataset
    request = next(iter(items(ds, "RequestAttributesSequence")), Dataset())
    return Filing(
        transfer_syntax_uid=opened.transfer_syntax,
        modality=text(ds, "Modality"),
        series_number=_number(ds, "SeriesNumber"),
        instance_number=_number(ds, "InstanceNumber"),
        bits_allocated=_number(ds, "BitsAllocated"),
        rows=_number(ds, "Rows"),
        columns=_number(ds, "Columns"),
        frames=_number(ds, "NumberOfFrames"),
        performed_on=parse_date(text(ds, "PerformedProcedureStepStartDate")),
        performed_time=text(ds, "PerformedProcedureStepStartTime"),
        scheduled_step_id=text(request, "ScheduledProcedureStepID"),
        requested_procedure_id=text(request, "RequestedProcedureID"),
    )


def _number(ds: Dataset, keyword: str) -> int | None:
    found = integer(ds, keyword)
    return found if found is not None and abs(found) <= _MOST else None
