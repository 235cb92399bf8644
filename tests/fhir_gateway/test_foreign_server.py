"""A FHIR server written by others takes the bundles in: once, twice, and after a correction."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from fhir_gateway.fhir.checks.problem import mapping, walk
from fhir_gateway.fhir.elements import JsonObject
from fhir_gateway.fhir.report import FhirReportWriter
from screening.domain.report import StructuredReport
from tests.fhir_gateway.examples import AMENDED, RECALL, REPORTS, WITHDRAWN
from tests.fhir_gateway.npm_tools import NPM

pytestmark = pytest.mark.slow
Sent = tuple[StructuredReport, StructuredReport | None]


@dataclass(frozen=True)
class Held:
    """What the server answered per bundle, and what it holds in the end."""

    answers: list[list[str]]
    resources: list[JsonObject]

    def status(self, kind: str) -> list[object]:
        """Status of every resource of a type."""
        return [found.get("status") for found in self.resources if found["resourceType"] == kind]


def send(node: str, folder: Path, *sent: Sent) -> Held:
    """Send reports, with the version each corrects, as transactions to a fresh server."""
    files = []
    for number, (report, previous) in enumerate(sent):
        files.append(folder / f"{number}.json")
        files[-1].write_bytes(FhirReportWriter().compose(report, previous).bundle)
    done = subprocess.run([node, NPM / "server.mjs", *files], capture_output=True, text=True, check=True, timeout=120)
    answer = json.loads(done.stdout)
    return Held(answer["answers"], answer["resources"])


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_every_kind_of_report_is_taken_in(node: str, tmp_path: Path, report: StructuredReport) -> None:
    held = send(node, tmp_path, (report, None))
    assert {status[:3] for status in held.answers[0]} == {"201"}
    links = [mapping(n.value).get("reference") for r in held.resources for n in walk(r, "", "")]
    assert not [link for link in links if link is not None and str(link).startswith("urn:")]


def test_sending_again_adds_nothing(node: str, tmp_path: Path) -> None:
    once, twice = send(node, tmp_path, (RECALL, None)), send(node, tmp_path, (RECALL, None), (RECALL, None))
    assert {status[:3] for status in twice.answers[1]} == {"200"}
    assert len(twice.resources) == len(once.resources)


def test_correction_leaves_no_recall_and_no_lesion_standing(node: str, tmp_path: Path) -> None:
    held = send(node, tmp_path, (RECALL, None), (AMENDED, RECALL))
    assert held.status("DiagnosticReport") == ["amended"]
    assert held.status("ServiceRequest") == ["revoked"]
    assert sorted(map(str, held.status("Observation"))) == ["amended"] * 4 + ["entered-in-error"] * 2
    assert len(held.status("Provenance")) == 2
    assert len(held.status("Patient")) == 1


def test_withdrawal_leaves_nothing_valid(node: str, tmp_path: Path) -> None:
    held = send(node, tmp_path, (RECALL, None), (WITHDRAWN, RECALL))
    statuses = [held.status(kind) for kind in ("DiagnosticReport", "Observation", "ServiceRequest")]
    assert {status for found in statuses for status in found} == {"entered-in-error"}
