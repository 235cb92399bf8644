"""A round of phantoms as `secondread phantom` writes it is what `secondread commission` takes, labels included."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models import predict
from screening.domain.errors import InvalidInput
from tests.e2e.cli import run, told
from tests.readers.external.service import Behaviour, serving

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


def test_another_product_is_commissioned_by_the_name_of_its_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "round"
    written = told(tmp_path, "phantom", "--out", str(out), "--exams", "1", "--prevalence", "1")
    arguments = ["--exams", str(out), "--labels", written["labels"], "--signed-by", "physicist"]
    with serving(Behaviour()) as url:
        monkeypatch.setenv("SECONDREAD_READERS", "http")
        monkeypatch.setenv("SECONDREAD_REMOTE_READER_URL", url)
        chosen = ("commission", "--reader", "http", *arguments, "--out", str(tmp_path / "out"))
        result = run(tmp_path, *chosen, "--json")
        refused = run(tmp_path, *chosen, "--local-images")
    assert result.exit_code == 1, result.output
    (found,) = json.loads(result.stdout)
    assert (found["verdict"], found["exams"], found["refused"]) == ("not_enough_evidence", 1, 0)
    (record,) = (tmp_path / "out").glob("*.commissioning.json")
    assert json.loads(record.read_text(encoding="utf-8"))["model"]["product"] == "Other Product@4.2"
    assert isinstance(refused.exception, InvalidInput)
    assert run(tmp_path, "commission", "--verify", str(record)).exit_code == 0
