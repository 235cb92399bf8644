"""Provenance: which roles read, under which policy, with which AI reader, and what a correction replaces.

R4 Provenance has no identifier, so a tag makes its creation conditional; sending the same version again adds nothing.
"""

from __future__ import annotations

from urllib.parse import quote

from fhir_gateway.content import plain
from fhir_gateway.fhir.elements import Json, JsonObject, coding, compact, concept, identifier, instant, reference
from fhir_gateway.fhir.frame import Entry, Frame, token
from fhir_gateway.systems import ASSEMBLER, AUTHOR, CREATE, NULLIFY, POLICY, REPORT_VERSION, REVISE
from screening.domain.ai_read import AiStatus
from screening.domain.report import ReportStatus

_ACTIVITY = {
    ReportStatus.FINAL: CREATE,
    ReportStatus.AMENDED: REVISE,
    ReportStatus.ENTERED_IN_ERROR: NULLIFY,
}


def version_name(report_id: str, version: int) -> str:
    """Name of one version of a report.

    >>> version_name("rep-1", 2)
    'rep-1.v2'
    """
    return f"{plain(report_id)}.v{version}"


def provenance(frame: Frame, targets: tuple[Entry, ...], roles: tuple[Entry, ...]) -> Entry:
    """R4 Provenance over everything the report owns."""
    name = version_name(frame.report.report_id, frame.report.version)
    resource = compact(
        {
            "resourceType": "Provenance",
            "meta": {"tag": [{"system": REPORT_VERSION, "code": name}]},
            "target": [entry.link for entry in targets],
            "occurredPeriod": _period(frame),
            "recorded": frame.issued,
            "policy": [f"{POLICY}#{quote(policy, safe='')}"] if (policy := plain(frame.report.policy)) else None,
            "activity": {"coding": [coding(_ACTIVITY[frame.report.status])]},
            "agent": _agents(frame, roles),
            "entity": _entities(frame),
        }
    )
    query = f"_tag={quote(f'{REPORT_VERSION}|{token(name)}', safe='')}"
    return Entry(frame.url("provenance"), resource, {"method": "POST", "url": "Provenance", "ifNoneExist": query})


def _period(frame: Frame) -> JsonObject | None:
    times = [reader.at for reader in frame.report.readers]
    if not times:
        return None
    stamps = [instant(at) for at in times]
    first, last = times.index(min(times)), times.index(max(times))
    return {"start": stamps[first], "end": stamps[last]}


def _agents(frame: Frame, roles: tuple[Entry, ...]) -> list[Json]:
    author = concept(AUTHOR)
    readers = [entry.link for entry in roles] or [frame.organisation]
    agents: list[Json] = [{"type": author, "who": who, "onBehalfOf": frame.organisation} for who in readers]
    if frame.report.ai.identity is not None and frame.report.ai.status is AiStatus.OK:
        agents.append({"type": concept(ASSEMBLER), "who": reference(frame.url("ai"), "Device")})
    return agents


def _entities(frame: Frame) -> list[Json]:
    entities: list[Json] = [{"role": "source", "what": frame.study}]
    if frame.report.supersedes is not None:
        before = identifier(REPORT_VERSION, version_name(frame.report.report_id, frame.report.supersedes))
        entities.append({"role": "revision", "what": {"type": "DiagnosticReport", "identifier": before}})
    return entities
