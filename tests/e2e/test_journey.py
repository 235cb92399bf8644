"""The main job from the command line, on both databases: DICOM in, reads, arbitration, release, report, audit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.cli import run, told

ANNE = ("--reader", "anne", "--registration", "BIG1", "--final")
BEN = ("--reader", "ben", "--registration", "BIG2", "--final")


def test_from_dicom_to_audit(tmp_path: Path, exams: Path, url: str) -> None:
    taken_in = told(tmp_path, "ingest", str(exams), url=url)
    assert {file["registered"] for file in taken_in["files"]} == {"new"}
    first, second, third = taken_in["cases"]
    states = {case["case"]: case["state"] for case in told(tmp_path, "worklist", url=url)}
    assert set(states.values()) == {"awaiting_first_read"}

    told(tmp_path, "read", first, *ANNE, url=url)
    told(tmp_path, "read", first, *BEN, url=url)
    told(tmp_path, "read", second, *ANNE, "--opinion", "recall", "--left", "4", url=url)
    told(tmp_path, "read", second, *BEN, "--opinion", "recall", "--left", "5", url=url)
    told(tmp_path, "read", third, *ANNE, "--opinion", "recall", "--right", "0", url=url)
    told(tmp_path, "read", third, *BEN, url=url)

    states = {case["case"]: case["state"] for case in told(tmp_path, "worklist", url=url)}
    assert states[second] == "concluded"
    assert states[third] == "awaiting_arbitration"
    arbiter = ("--author", "carla:BIG3", "--reason", "cyst", "--final")
    told(tmp_path, "arbitrate", third, *arbiter, url=url)
    if states[first] == "awaiting_arbitration":  # the AI alone flagged this woman
        told(tmp_path, "arbitrate", first, *arbiter, url=url)

    outcomes = told(tmp_path, "release", "--all", url=url)["released"]
    assert outcomes[second]["kind"] == "recall_for_assessment"
    assert outcomes[second]["breasts"][0]["category"] == 5
    assert outcomes[third]["kind"] == "routine_recall"
    assert outcomes[third]["arbitrated"] is True

    bundle = json.loads(run(tmp_path, "report", second, url=url).stdout)
    assert bundle["resourceType"] == "Bundle"
    dutch = run(tmp_path, "report", second, "--language", "nl", url=url).stdout
    assert "BI-RADS 5" in dutch

    told(tmp_path, "assess", second, "--on", "2026-02-01", "--cancer", "--invasive", "--size-mm", "9", url=url)
    small = ("--minimum-cell", "0")
    kpis = {row["kpi"]: row for row in told(tmp_path, "audit", *small, url=url)["kpis"] if row["split"] == "all"}
    assert (kpis["recall_rate"]["numerator"], kpis["recall_rate"]["denominator"]) == (1, 3)
    assert told(tmp_path, "ledger", "verify", url=url)["sequence"] > 0


def test_ingesting_again_changes_nothing(tmp_path: Path, exams: Path) -> None:
    first = told(tmp_path, "ingest", str(exams))
    before = told(tmp_path, "ledger", "verify")
    again = told(tmp_path, "ingest", str(exams))
    assert {file["registered"] for file in again["files"]} == {"known"}
    assert again["cases"] == first["cases"]
    assert told(tmp_path, "ledger", "verify") == before


def test_an_objection_before_the_ai_read_means_no_inference(tmp_path: Path, exams: Path) -> None:
    taken_in = told(tmp_path, "ingest", str(exams), "--no-wait")
    case = taken_in["cases"][0]
    told(tmp_path, "object", case, "no_ai")
    told(tmp_path, "work")
    manager = told(tmp_path, "show", case, "--reader", "max", "--registration", "BIG9", "--role", "quality")
    assert manager["ai_status"] in (None, "objected")
    told(tmp_path, "read", case, *ANNE)
    assert told(tmp_path, "worklist", "--state", "awaiting_second_read")[0]["case"] == case


@pytest.mark.parametrize("form", ["text", "html", "csv"])
def test_the_audit_has_every_form(tmp_path: Path, exams: Path, form: str) -> None:
    told(tmp_path, "ingest", str(exams), "--no-wait")
    page = tmp_path / "audit"
    assert run(tmp_path, "audit", "--format", form, "--out", str(page)).exit_code == 0
    assert "phantom-trained" in page.read_text(encoding="utf-8")
