"""`secondread rescore` with a plug-in for a network: from files to tables, again, resumed, compared, and stopped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from screening.app.cli import app
from screening.app.rescoring import working
from screening.app.rescoring.leading import run_in
from screening.app.settings import settings
from screening.store.engine import open_engine
from screening.store.uow import SqlUnits
from tests.app.rescoring.archive import add_exam, archive
from tests.app.rescoring.scripted_plugin import installed
from tests.dicom.network.stations import running_orthanc
from tests.e2e.cli import start
from tests.e2e.test_kill import kill_when


@pytest.fixture
def plugged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The scripted plug-in is installed and the only reader."""
    environment = installed(tmp_path / "site")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    working.reading.cache_clear()
    settings.cache_clear()
    yield environment
    settings.cache_clear()


def rescored(tmp_path: Path, env: dict[str, str], *arguments: str) -> Result:
    """One command over the store of the test."""
    settings.cache_clear()
    return CliRunner().invoke(app, ["--data-dir", str(tmp_path / "data"), "rescore", *arguments], env=env)


def told(tmp_path: Path, env: dict[str, str], *arguments: str) -> dict[str, Any]:
    """Its report."""
    result = rescored(tmp_path, env, *arguments, "--json")
    assert result.exit_code == 0, result.output
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def rows(out: Path) -> pl.DataFrame:
    """Its results."""
    return pl.concat([pl.read_parquet(part) for part in sorted((out / "rows").iterdir())])


def test_an_archive_is_rescored_into_a_table_and_a_report(tmp_path: Path, plugged: dict[str, str]) -> None:
    out = tmp_path / "out"
    source = archive(tmp_path / "archive", 5)
    report = told(tmp_path, plugged, str(source), "-o", str(out), "--chunk", "2", "--site", "unit-a")
    assert (report["product"], report["notice"]) == ("scripted@1", "phantom-trained")
    assert report["coverage"]["done"] == report["coverage"]["planned"] == 5
    table = rows(out)
    assert sorted(path.name for path in (out / "rows").iterdir()) == [f"chunk-00000{n}.parquet" for n in (1, 2, 3)]
    assert table["exam_key"].n_unique() == 5
    assert table["new_raw_score"].n_unique() == 5
    assert set(table["stratum"]) == {"Maker|Model|1.0\\2.1|unit-a"}
    assert (set(table["engine"]), set(table["new_status"])) == ({"numpy"}, {"uncalibrated"})
    assert "phantom-trained" in (out / "report.md").read_text(encoding="utf-8")
    assert not any(word in (out / "report.json").read_text() + str(table.rows()) for word in ("P-1", "Vermeulen"))


def test_the_same_command_again_does_only_what_is_new(tmp_path: Path, plugged: dict[str, str]) -> None:
    out, source = tmp_path / "out", archive(tmp_path / "archive", 3)
    told(tmp_path, plugged, str(source), "-o", str(out), "--chunk", "2")
    before = {path.name: path.stat().st_mtime_ns for path in (out / "rows").iterdir()}
    first = rows(out)
    add_exam(source, 9)
    assert told(tmp_path, plugged, str(source), "-o", str(out), "--chunk", "2")["coverage"]["done"] == 4
    after = {path.name: path.stat().st_mtime_ns for path in (out / "rows").iterdir()}
    assert (before.items() <= after.items(), len(after) - len(before)) == (True, 1)
    assert set(first["exam_key"]) < set(rows(out)["exam_key"])


def test_a_run_goes_on_without_its_archive_being_named(tmp_path: Path, plugged: dict[str, str]) -> None:
    out, source = tmp_path / "out", archive(tmp_path / "archive", 3)
    waiting = told(tmp_path, plugged, str(source), "-o", str(out), "--no-wait")
    assert not list((out / "rows").iterdir())
    report = told(tmp_path, plugged, "--resume", "-o", str(out))
    assert (report["run"], report["coverage"]["done"]) == (waiting["run"], 3)


def test_lost_tables_are_written_again_without_reading(tmp_path: Path, plugged: dict[str, str]) -> None:
    out, source = tmp_path / "out", archive(tmp_path / "archive", 3)
    told(tmp_path, plugged, str(source), "-o", str(out))
    first = rows(out)
    for path in [*(out / "rows").iterdir(), *source.rglob("*.dcm")]:
        path.unlink()
    told(tmp_path, plugged, "--resume", "-o", str(out))
    assert rows(out).equals(first)


def test_another_version_is_another_run_and_is_compared_with_the_first(tmp_path: Path, plugged: dict[str, str]) -> None:
    source = archive(tmp_path / "archive", 3)
    told(tmp_path, plugged, str(source), "-o", str(tmp_path / "one"), "--model", "1")
    taken = rescored(tmp_path, plugged, str(source), "-o", str(tmp_path / "one"), "--model", "2")
    assert "another run" in str(taken.exception)
    report = told(
        tmp_path, plugged, str(source), "-o", str(tmp_path / "two"), "--model", "2", "--against", str(tmp_path / "one")
    )
    assert (report["product"], report["old_products"]) == ("scripted@2", ["scripted@1"])
    one, two = rows(tmp_path / "one"), rows(tmp_path / "two")
    joined = one.join(two, on="exam_key")
    assert joined.height == 3
    assert joined["new_raw_score"].to_list() == joined["old_raw_score_right"].to_list()


def test_a_version_that_is_not_here_is_not_found(tmp_path: Path, plugged: dict[str, str]) -> None:
    source = archive(tmp_path / "archive", 1)
    result = rescored(tmp_path, plugged, str(source), "-o", str(tmp_path / "out"), "--model", "1", "--version", "7")
    assert "version 1 only" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_files_that_are_gone_are_a_refusal_and_never_a_stop(tmp_path: Path, plugged: dict[str, str]) -> None:
    out, source = tmp_path / "out", archive(tmp_path / "archive", 3)
    told(tmp_path, plugged, str(source), "-o", str(out), "--no-wait")
    (source / "exam-0002" / "image.dcm").unlink()
    report = told(tmp_path, plugged, "--resume", "-o", str(out))
    assert report["coverage"]["done"] == 3
    assert ["unreadable", 0, 1] in report["refusals"]


def test_exams_in_zip_archives_are_read_where_they_lie(tmp_path: Path, plugged: dict[str, str]) -> None:
    folder = archive(tmp_path / "folder", 3)
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", folder)
    told(tmp_path, plugged, str(folder), "-o", str(tmp_path / "one"))
    told(tmp_path, plugged, packed, "-o", str(tmp_path / "two"))
    one, two = (rows(tmp_path / name).sort("exam_key") for name in ("one", "two"))
    assert one["new_raw_score"].to_list() == two["new_raw_score"].to_list()


@pytest.mark.parametrize("arguments", [(), ("--resume", "somewhere")])
def test_a_run_is_named_by_its_archive_or_by_its_folder(
    tmp_path: Path, plugged: dict[str, str], arguments: tuple[str, ...]
) -> None:
    result = rescored(tmp_path, plugged, *arguments, "-o", str(tmp_path / "out"))
    assert "--resume" in str(result.exception)


def test_a_folder_without_a_run_cannot_be_resumed(tmp_path: Path, plugged: dict[str, str]) -> None:
    assert "no rescoring run" in str(rescored(tmp_path, plugged, "--resume", "-o", str(tmp_path)).exception)


@pytest.mark.slow
def test_a_dicomweb_archive_gives_what_its_files_give(tmp_path: Path, plugged: dict[str, str]) -> None:
    folder = archive(tmp_path / "folder", 3)
    told(tmp_path, plugged, str(folder), "-o", str(tmp_path / "one"))
    with running_orthanc(tmp_path / "orthanc", {}) as orthanc:
        for file in folder.rglob("*.dcm"):
            assert orthanc.web.post("/instances", content=file.read_bytes()).is_success
        report = told(tmp_path, plugged, f"{orthanc.web.base_url}/dicom-web", "-o", str(tmp_path / "two"))
    assert report["coverage"]["done"] == 3
    one, two = (rows(tmp_path / name).sort("exam_key") for name in ("one", "two"))
    assert one["exam_key"].to_list() == two["exam_key"].to_list()
    assert one["new_raw_score"].to_list() == two["new_raw_score"].to_list()


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://user:secret@archive/dicom-web", "neither password nor query"),
        ("https://archive/dicom-web?token=secret", "neither password nor query"),
        ("http://archive:80dicom-web", "host and port"),
        ("http:///dicom-web", "host and port"),
    ],
)
def test_an_address_that_cannot_be_kept_is_refused(
    tmp_path: Path, plugged: dict[str, str], address: str, why: str
) -> None:
    result = rescored(tmp_path, plugged, address, "-o", str(tmp_path / "out"))
    assert why in str(result.exception)
    assert "secret" not in str(result.exception)


@pytest.mark.slow
def test_workers_of_the_service_share_a_run_and_one_may_be_killed(
    tmp_path: Path, plugged: dict[str, str], url: str
) -> None:
    exams, out = 24, tmp_path / "out"
    env = plugged | {"SECONDREAD_DATABASE_URL": url}
    source = archive(tmp_path / "archive", exams)
    told(tmp_path, env, str(source), "-o", str(out), "--chunk", "3", "--no-wait")
    workers = [start(tmp_path / "data", "worker", env=env) for _ in range(2)]
    try:
        engine = open_engine(url)
        units = SqlUnits(engine)

        def begun() -> bool:
            with units() as uow:
                return uow.rescoring.progress(run_in(out)).finished > 2

        assert kill_when(workers[0], begun)
        report = told(tmp_path, env, "--resume", "-o", str(out))
        units.close()
        engine.dispose()
    finally:
        for worker in workers:
            worker.terminate()
            worker.communicate(timeout=60)
    assert (report["coverage"]["done"], report["coverage"]["waiting"]) == (exams, 0)
    assert rows(out)["exam_key"].n_unique() == rows(out).height == exams
