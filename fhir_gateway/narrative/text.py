"""The narrative as plain text, for letters, terminals and HL7 v2."""

from __future__ import annotations

from fhir_gateway.narrative.sections import sections
from screening.domain.report import Language, StructuredReport


def plain_text(report: StructuredReport, language: Language) -> str:
    """Headings in capitals, one line per statement, a blank line between sections, final newline."""
    blocks = ("\n".join((part.heading.upper(), *part.lines)) for part in sections(report, language))
    return "\n\n".join(blocks) + "\n"
