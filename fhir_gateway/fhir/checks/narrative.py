"""The XHTML of a FHIR narrative: only the formatting tags and attributes of R4 (txt-1), and some text (txt-2)."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from fhir_gateway.fhir.checks.problem import Problem, Scan, resources

_NAMESPACE = "{http://www.w3.org/1999/xhtml}"


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


TAGS = _words(
    "p br div h1 h2 h3 h4 h5 h6 a span b em i strong small big tt dfn q var abbr acronym cite blockquote hr",
    "ul ol li dl dt dd pre table caption colgroup col thead tr tfoot tbody th td code samp img map area",
)
ATTRIBUTES = _words(
    "title style class id lang dir accesskey tabindex span width align valign char charoff abbr axis headers scope",
    "rowspan colspan cellpadding cellspacing border frame rules summary href name alt src height shape coords",
    "{http://www.w3.org/XML/1998/namespace}lang",
)


def narratives(scan: Scan) -> Iterator[Problem]:
    """Faults of every resource's `text.div`."""
    for path, resource in resources(scan.bundle):
        text = resource.get("text")
        if text is not None:
            division = text.get("div") if isinstance(text, dict) else None
            rule = broken_rule(division) if isinstance(division, str) else "txt-1"
            if rule:
                yield Problem(rule, f"{path}.text.div")


def broken_rule(division: str) -> str | None:
    """The invariant a narrative breaks, None when it is fine.

    >>> broken_rule('<div xmlns="http://www.w3.org/1999/xhtml"><script>1</script></div>')
    'txt-1'
    """
    if "<!" in division or "<?" in division:
        return "txt-1"
    try:
        root = ElementTree.fromstring(division)  # noqa: S314 - no DTD can be in it: declarations are refused above
    except ElementTree.ParseError:
        return "txt-1"
    if root.tag != f"{_NAMESPACE}div" or not all(_allowed(element) for element in root.iter()):
        return "txt-1"
    return None if "".join(root.itertext()).strip() or root.find(f".//{_NAMESPACE}img") is not None else "txt-2"


def _allowed(element: ElementTree.Element) -> bool:
    tag = element.tag.removeprefix(_NAMESPACE)
    links = (element.get("href", ""), element.get("src", ""))
    active = any(link.strip().lower().startswith(("javascript:", "data:", "vbscript:")) for link in links)
    return element.tag.startswith(_NAMESPACE) and tag in TAGS and set(element.keys()) <= ATTRIBUTES and not active
