"""The research export from end to end: the folder that people get, its bytes, and what running it again does."""

from __future__ import annotations

import csv
import hashlib
import json
import stat
from pathlib import Path

import polars as pl
import pydicom
import pytest
from pydicom.uid import UID
from typer.testing import CliRunner, Result

from screening.app import research
from screening.app.cli import app
from screening.app.compose import open_service
from screening.app.research_secret import NAME, research_secret
from screening.app.settings import Settings
from screening.domain.errors import Conflict, Forbidden, InvalidInput
from screening.domain.events import Objection, ObjectionRecorded
from screening.domain.results import ResultKind
from screening.domain.study import Slot
from screening.workflow.amend_case import amend_case
from screening.workflow.pseudonyms import Pseudonyms
from tests.dicom import builders
from tests.dicom.deidentify.cases import found_in, identifying, opened
from tests.dicom_out.exams import mammograms, mark

runner = CliRunner()


def secondread(data: Path, *words: str) -> Result:
    return runner.invoke(app, ["--data-dir", str(data), *words], catch_exceptions=False)


def export(data: Path, out: Path, *options: str) -> Result:
    done = secondread(data, "export-research", str(out), *options)
    assert done.exit_code == 0, done.output
    return done


@pytest.fixture
def exams(tmp_path: Path) -> Path:
    """A folder with an exam and its results, a second woman's image with a marker, and a private attribute."""
    folder = tmp_path / "in"
    made = mammograms(folder, mark(Slot.RCC))
    results = made.write(folder / "results", ResultKind.CAD_SR, ResultKind.GSPS, ResultKind.SECONDARY_CAPTURE)
    for number, result in enumerate(results):
        from_elsewhere(result.path, f"1.2.840.4712.{number}")
    pixels = builders.breast()
    pixels[10:24, 200:240] = 4000
    other = builders.mammogram(pixels, StudyInstanceUID="1.2.840.4711.1", SOPInstanceUID="1.2.840.4711.2")
    other.private_block(0x0029, "SITE", create=True).add_new(1, "LO", "Vermeulen^Anneke")
    builders.write(other, folder / "other.dcm")
    return folder


def from_elsewhere(path: Path, uid: str) -> None:
    """Give an object a UID of somebody else: our own results are known when they come back, and not kept."""
    dataset = pydicom.dcmread(path)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID(uid)
    dataset.save_as(path)


@pytest.fixture
def data(tmp_path: Path, exams: Path) -> Path:
    """A store with these exams."""
    folder = tmp_path / "data"
    assert secondread(folder, "ingest", "--no-wait", str(exams)).exit_code == 0
    return folder


def files(folder: Path) -> dict[str, str]:
    """Every file with the digest of its bytes."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_no_byte_of_the_export_tells_who_it_is_about(tmp_path: Path, exams: Path, data: Path) -> None:
    out = tmp_path / "out"
    export(data, out)
    identity = {value for path in exams.rglob("*.dcm") for value in identifying(opened(path))}
    identity |= {(data / NAME).read_text().strip(), "Bäcker", "Vermeulen", "Anneke", "Unit Noord", "2026-03-02"}
    assert len(identity) > 15
    leaks = {path.name: leak for path in out.rglob("*") if path.is_file() and (leak := found_in(path, identity))}
    assert not leaks
    assert not [name for name in files(out) if any(value in name for value in identity)]


def test_the_report_says_what_was_done(tmp_path: Path, data: Path) -> None:
    out = tmp_path / "out"
    printed = json.loads(export(data, out, "--json").stdout)
    report = json.loads((out / "report.json").read_text())
    assert printed == report
    assert report["objects"] == {"exported": 9, "masked": 1, "left_out": 1}
    assert [item["reason"] for item in report["masked"]] == ["signs in the air beside the breast"]
    assert report["left_out"][0]["reason"].startswith("secondary capture")
    assert report["changes"]["removed"]["private attributes"] == 2
    assert report["changes"]["replaced"]["PatientID"] == 10
    assert report["secret_fingerprint"] == Pseudonyms(research_secret(data)).fingerprint
    words = (out / "report.md").read_text()
    assert "Retain Longitudinal Temporal Information Modified Dates Option" in words
    assert "| removed | private attributes | 2 |" in words


def test_tables_tell_which_object_belongs_to_which_case_and_woman(tmp_path: Path, data: Path) -> None:
    out = tmp_path / "out"
    export(data, out)
    cases = pl.read_parquet(out / "cases.parquet")
    with (out / "objects.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 11
    assert {row["cases"] for row in rows} == set(cases["case"])
    for row in rows:
        if row["path"]:
            found = pydicom.dcmread(out / row["path"], stop_before_pixels=True)
            assert (found.PatientID, found.SOPInstanceUID) == (row["woman"], row["sop_instance_uid"])
            assert found.StudyInstanceUID == row["study_instance_uid"]
        else:
            assert row["treatment"] == "left_out"
    assert pl.read_csv(out / "cases.csv").height == cases.height == 2


def test_the_same_run_twice_is_the_same_in_one_folder_and_in_two(tmp_path: Path, data: Path) -> None:
    export(data, tmp_path / "one")
    first = files(tmp_path / "one")
    export(data, tmp_path / "one")
    export(data, tmp_path / "two")
    assert files(tmp_path / "one") == first == files(tmp_path / "two")


def test_an_interrupted_export_goes_on_and_ends_as_if_it_had_not_been(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(data, tmp_path / "whole")
    left = 4

    def power_cut(path: Path, text: str) -> None:
        nonlocal left
        left -= path.parent.parent.name == "records"
        if left < 0:
            raise KeyboardInterrupt
        write(path, text)

    write = research._write_text
    with monkeypatch.context() as patch:
        patch.setattr(research, "_write_text", power_cut)
        assert secondread(data, "export-research", str(tmp_path / "cut")).exit_code != 0
    begun = files(tmp_path / "cut")
    assert "report.json" not in begun
    assert all(name.endswith((".dcm", ".json")) for name in begun)
    untouched = sorted((tmp_path / "cut" / "records").rglob("*.json"))[0]
    before = untouched.stat().st_mtime_ns
    export(data, tmp_path / "cut")
    assert files(tmp_path / "cut") == files(tmp_path / "whole")
    assert untouched.stat().st_mtime_ns == before, "what was done is not done again"


def test_a_woman_who_objects_after_an_export_is_gone_from_the_next(tmp_path: Path, data: Path) -> None:
    out = tmp_path / "out"
    export(data, out)
    before = files(out)
    with open_service(Settings(data_dir=data)) as service, service.units() as uow:
        case = next(case for case in uow.cases.list() if case.study == "1.2.840.4711.1")
        amend_case(uow, service.clock, case.case, ObjectionRecorded(Objection.NO_RESEARCH), "desk")
    export(data, out)
    report = json.loads((out / "report.json").read_text())
    assert report["left_out_whole"]["women_objected"] == 1
    assert report["women"] == 1
    gone = set(before) - set(files(out))
    assert len([name for name in gone if name.endswith(".dcm")]) == 1
    assert len(list((out / "dicom").iterdir())) == len(list((out / "records").iterdir())) == 1


def test_the_secret_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    secret = research_secret(tmp_path)
    assert len(secret) == 32
    assert research_secret(tmp_path) == secret
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    (tmp_path / NAME).chmod(0o640)
    with pytest.raises(Forbidden):
        research_secret(tmp_path)


@pytest.mark.parametrize("damage", ["", "abcd", "not hexadecimal"])
def test_a_damaged_secret_is_never_replaced_by_another(tmp_path: Path, damage: str) -> None:
    research_secret(tmp_path)
    (tmp_path / NAME).write_text(damage)
    with pytest.raises(InvalidInput):
        research_secret(tmp_path)
    assert (tmp_path / NAME).read_text() == damage


def test_an_export_is_written_into_no_folder_of_another_kind(tmp_path: Path, data: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(InvalidInput):
        secondread(data, "export-research", str(tmp_path / "full"))
    with pytest.raises(InvalidInput):
        secondread(data, "export-research", str(data / "out"))
    export(data, tmp_path / "out")
    (data / NAME).unlink()
    with pytest.raises(Conflict):
        secondread(data, "export-research", str(tmp_path / "out"))
    assert (tmp_path / "full" / "thesis.txt").read_text() == "mine"


def test_an_object_whose_file_is_gone_is_told_and_stops_nothing(tmp_path: Path, data: Path) -> None:
    gone = max((data / "files" / "sha256").glob("??/??/*"), key=lambda path: path.stat().st_size)
    gone.unlink()
    export(data, tmp_path / "out")
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert "its file is no longer kept" in {item["reason"] for item in report["left_out"]}
    assert sum(report["objects"].values()) == 11
