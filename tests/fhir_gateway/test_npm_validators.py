"""Validators written by others find nothing wrong, and do find planted faults."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings

from fhir_gateway.fhir.checks.bindings import REQUIRED
from fhir_gateway.fhir.outcome import ISSUES
from fhir_gateway.fhir.report import FhirReportWriter
from fhir_gateway.systems import HL7_BASE
from screening.domain.report import StructuredReport
from tests.fhir_gateway.examples import AMENDED, RECALL, REPORTS
from tests.fhir_gateway.npm_tools import NPM
from tests.fhir_gateway.strategies import reports
from tests.fhir_gateway.test_validate import FAULTS, Bundle

pytestmark = pytest.mark.slow
SCRIPT = NPM / "validate.mjs"
SEEN_BY_OTHERS = (
    "status",
    "intent",
    "gender",
    "unknown member",
    "missing code",
    "obs-6",
    "prr-1",
    "per-1",
    "org-1",
    "qty-3",
)


def validate(node: str, *files: Path) -> dict[str, list[str]]:
    """Messages of the foreign validators by file name."""
    done = subprocess.run([node, SCRIPT, *files], capture_output=True, text=True, check=True, timeout=240)
    answer: dict[str, list[str]] = json.loads(done.stdout)
    return {Path(file).name: messages for file, messages in answer.items()}


def test_every_kind_of_report_is_free_of_errors(node: str, tmp_path: Path) -> None:
    writer = FhirReportWriter()
    bundles = {name: writer.bundle(report) for name, report in REPORTS.items()}
    bundles["amended-from-recall"] = writer.compose(AMENDED, previous=RECALL).bundle
    for name, data in bundles.items():
        (tmp_path / name).write_bytes(data)
    assert validate(node, *(tmp_path / name for name in bundles)) == {name: [] for name in bundles}


def test_any_report_is_free_of_errors(node: str, tmp_path: Path) -> None:
    files: list[Path] = []

    @settings(max_examples=60, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
    @given(reports())
    def compose(report: StructuredReport) -> None:
        files.append(tmp_path / f"{len(files)}.json")
        files[-1].write_bytes(FhirReportWriter().bundle(report))

    compose()
    assert {name: messages for name, messages in validate(node, *files).items() if messages} == {}


def test_foreign_validators_are_awake(node: str, tmp_path: Path) -> None:
    files = []
    for name in SEEN_BY_OTHERS:
        bundle = Bundle()
        FAULTS[name][1](bundle)
        file = tmp_path / name
        file.write_text(json.dumps(bundle.tree), encoding="utf-8")
        files.append(file)
    silent = [name for name, messages in validate(node, *files).items() if not messages]
    assert silent == []


def displays(node: str, wanted: list[tuple[str, str]]) -> list[str | None]:
    """What HL7's own definitions call these codes, None for a code they do not have."""
    question = json.dumps([{"system": system, "code": code} for system, code in wanted])
    done = subprocess.run([node, SCRIPT, "--codes"], input=question, capture_output=True, text=True, check=True)
    answer: list[str | None] = json.loads(done.stdout)
    return answer


def test_hl7_codes_have_the_displays_hl7_gives_them(node: str) -> None:
    wanted = sorted(HL7_BASE, key=str)
    assert displays(node, [(code.system, code.code) for code in wanted]) == [code.display for code in wanted]


def test_issue_codes_exist(node: str) -> None:
    wanted = [("http://hl7.org/fhir/issue-type", issue.code) for issue in ISSUES.values()]
    assert None not in displays(node, wanted)


def test_own_binding_table_holds_only_codes_of_hl7(node: str) -> None:
    systems = {
        "DiagnosticReport.status": "diagnostic-report-status",
        "Observation.status": "observation-status",
        "ImagingStudy.status": "imagingstudy-status",
        "ServiceRequest.status": "request-status",
        "ServiceRequest.intent": "request-intent",
        "ServiceRequest.priority": "request-priority",
        "Bundle.type": "bundle-type",
        "Patient.gender": "administrative-gender",
        "Device.status": "device-status",
        "Device.deviceName.type": "device-nametype",
        "Provenance.entity.role": "provenance-entity-role",
    }
    for path, system in systems.items():
        wanted = [(f"http://hl7.org/fhir/{system}", code) for code in sorted(REQUIRED[path])]
        assert None not in displays(node, wanted), path
