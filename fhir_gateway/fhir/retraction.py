"""What a correction takes back: observations of the version before that the new version no longer makes."""

from __future__ import annotations

from dataclasses import replace

from fhir_gateway.fhir.frame import Entry, Frame
from fhir_gateway.fhir.observations import findings
from screening.domain.errors import ReportInvalid
from screening.domain.report import ReportStatus, StructuredReport


def retracted(frame: Frame, results: tuple[Entry, ...], previous: StructuredReport | None) -> tuple[Entry, ...]:
    """Observations of `previous` that are absent now, as entered-in-error, under their old identifiers.

    Raises ReportInvalid when `previous` is no earlier version of the same report.
    """
    if previous is None:
        return ()
    if previous.report_id != frame.report.report_id or previous.version >= frame.report.version:
        raise ReportInvalid(f"report {frame.report.report_id} is corrected by no later version of itself")
    # old content under the addresses and the status of the new bundle
    withdrawn = replace(previous, version=frame.report.version, status=ReportStatus.ENTERED_IN_ERROR)
    kept = {entry.url for entry in results}
    return tuple(entry for entry in findings(Frame(withdrawn)) if entry.url not in kept)
