"""Whole outputs compared with files that people have read.

After a deliberate change run `python -m tests.fhir_gateway.test_golden` and read the difference before committing.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fhir_gateway.fhir.report import FhirReportWriter
from screening.domain.report import Language, StructuredReport
from tests.fhir_gateway.examples import REPORTS

GOLDEN = Path(__file__).parent / "golden"


def rendered(report: StructuredReport) -> dict[str, str]:
    """Every golden text of a report by the end of its file name."""
    writer = FhirReportWriter()
    texts = {f"{language.value}.txt": writer.narrative(report, language) for language in Language}
    bundle = json.loads(writer.bundle(report))
    return {**texts, "json": json.dumps(bundle, indent=1, ensure_ascii=False, sort_keys=True) + "\n"}


@pytest.mark.parametrize(("name", "report"), REPORTS.items(), ids=REPORTS)
def test_output_is_as_read_and_agreed(name: str, report: StructuredReport) -> None:
    for end, text in rendered(report).items():
        assert text == (GOLDEN / f"{name}.{end}").read_text(encoding="utf-8"), end


def test_no_golden_file_is_left_over() -> None:
    expected = {f"{name}.{end}" for name, report in REPORTS.items() for end in rendered(report)}
    assert {path.name for path in GOLDEN.iterdir()} == expected


def write() -> None:
    """Write all golden files."""
    GOLDEN.mkdir(exist_ok=True)
    for name, report in REPORTS.items():
        for end, text in rendered(report).items():
            (GOLDEN / f"{name}.{end}").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
