"""The narrative as HTML: a whole page for `presentedForm`, and the `div` of a FHIR narrative.

Only tags of the FHIR narrative allow-list (R4 Narrative, txt-1) are used; every text is escaped.
"""

from __future__ import annotations

from html import escape

from fhir_gateway.narrative.sections import Section, sections
from screening.domain.report import Language, StructuredReport

XHTML = "http://www.w3.org/1999/xhtml"


def page(report: StructuredReport, language: Language) -> str:
    """A complete HTML page that needs nothing from elsewhere."""
    parts = sections(report, language)
    title = escape(parts[0].heading)
    return (
        f'<!DOCTYPE html>\n<html lang="{language.value}"><head><meta charset="utf-8"/><title>{title}</title></head>'
        f"<body>{_blocks(parts)}</body></html>\n"
    )


def division(report: StructuredReport, language: Language) -> str:
    """XHTML `div` for `DomainResource.text`."""
    inner = _blocks(sections(report, language))
    return f'<div xmlns="{XHTML}" lang="{language.value}" xml:lang="{language.value}">{inner}</div>'


def _blocks(parts: tuple[Section, ...]) -> str:
    return "".join(f"<h2>{escape(part.heading)}</h2><ul>{_items(part.lines)}</ul>" for part in parts)


def _items(lines: tuple[str, ...]) -> str:
    return "".join(f"<li>{escape(line.strip())}</li>" for line in lines)
