"""What a correction takes back: observations of the version before that the new version no longer makes."""

from __future__ import annotations

from dataclasses import replace

from fhir_gateway.fhir import ai
from fhir_gateway.fhir.frame import Entry, Frame
from fhir_gateway.fhir.observations import findings
from screening.domain.errors import ReportInvalid
from screening.domain.report import ReportStatus, StructuredReport


def before(frame: Frame, previous: StructuredReport) -> Frame:
    """The earlier version under the addresses of this one, with everything in it entered in error.

    Its AI reader is the one this version names, if any, so that both speak of a single Device. Raises ReportInvalid
    when `previous` is no earlier version of the same report.
    """
    if previous.report_id != frame.report.report_id or previous.version >= frame.report.version:
        raise ReportInvalid(f"report {frame.report.report_id} is corrected by no later version of itself")
    reader = frame.report.ai if frame.report.ai.identity is not None else previous.ai
    status = ReportStatus.ENTERED_IN_ERROR
    return Frame(replace(previous, version=frame.report.version, status=status, ai=reader))


def retracted(results: tuple[Entry, ...], earlier: Frame) -> tuple[Entry, ...]:
    """Observations of the earlier version that `results` lacks, entered in error under their old identifiers."""
    kept = {entry.url for entry in results}
    score = ai.result(earlier)
    made = (*findings(earlier), *((score,) if score is not None else ()))
    return tuple(entry for entry in made if entry.url not in kept)
