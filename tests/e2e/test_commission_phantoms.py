"""A round of phantoms as `secondread phantom` writes it is what `secondread commission` takes, labels included."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models import predict
from tests.e2e.cli import run, told

pytestmark = pytest.mark.slow


def test_a_written_round_is_commissioned_on_as_it_is(tmp_path: Path) -> None:
    """One woman is no evidence, and her earlier exam is a prior and no exam of its own."""
    out, model = tmp_path / "round", predict.load().info
    written = told(tmp_path, "phantom", "--out", str(out), "--exams", "1", "--prevalence", "1", "--priors")
    assert (written["exams"], written["women with cancer"]) == (2, 1)
    arguments = ["--exams", str(out), "--labels", written["labels"], "--signed-by", "physicist"]
    result = run(tmp_path, "commission", model.name, *arguments, "--out", str(tmp_path / "out"), "--json")
    assert result.exit_code == 1, result.output
    (found,) = json.loads(result.stdout)
    assert (found["verdict"], found["exams"], found["label"]) == ("not_enough_evidence", 1, model.label)
    shown = run(tmp_path, "commission", model.name, *arguments, "--out", str(tmp_path / "out"))
    assert model.label in shown.output
    assert "2 files that are no DICOM objects" in shown.stderr, "the two tables beside the exams"
