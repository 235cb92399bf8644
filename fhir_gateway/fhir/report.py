"""The way out for a structured report: composed, validated, then bytes; what fails its own checks is never sent.

Delivery is not here. A report whose woman objected to sharing is still composed, because the person who must act has
to see it, but `ComposedReport.deliverable` is False and whoever sends must stop there.
"""

from __future__ import annotations

from dataclasses import dataclass

from fhir_gateway.fhir.bundle import canonical, transaction
from fhir_gateway.fhir.validate import require_valid
from fhir_gateway.narrative.text import plain_text
from screening.domain.report import Language, StructuredReport


@dataclass(frozen=True)
class ComposedReport:
    """A finished bundle and whether it may leave the organisation."""

    bundle: bytes
    deliverable: bool


class FhirReportWriter:
    """Port `ReportWriter` over FHIR R4 4.0.1 and the narrative catalogue."""

    def bundle(self, report: StructuredReport) -> bytes:
        """Canonical UTF-8 JSON of the transaction Bundle; the same report gives the same bytes.

        Ask `compose` when the result is to be sent: it also says whether it may be. Raises ReportInvalid.
        """
        return self.compose(report).bundle

    def compose(self, report: StructuredReport, previous: StructuredReport | None = None) -> ComposedReport:
        """The bundle with its permission to leave.

        Give `previous` with a correction, so that findings that are gone are marked entered in error at the receiver.
        Raises ReportInvalid when the report contradicts itself or the bundle breaks a rule.
        """
        content = transaction(report, previous)
        require_valid(content, report.report_id)
        return ComposedReport(canonical(content), deliverable=not report.no_sharing)

    def narrative(self, report: StructuredReport, language: Language) -> str:
        """Plain text for people, from the same data. Raises ReportInvalid when the report contradicts itself."""
        return plain_text(report, language)
