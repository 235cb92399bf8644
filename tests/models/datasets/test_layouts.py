"""Each layout gives the frame its tables tell, and what cannot be used is listed with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.datasets import LAYOUTS, read
from models.datasets.__main__ import main
from models.datasets.frame import Box, Frame, ImageRow, summary
from models.errors import DatasetInvalid
from tests.models.datasets import made_up


def _by_name(frame: Frame) -> dict[str, ImageRow]:
    return {row.path.stem: row for row in frame.rows if row.path}


def test_the_tests_know_every_layout() -> None:
    assert set(LAYOUTS) == set(made_up.LAYOUTS)


@pytest.mark.parametrize("suffix", [".png", ".dcm"])
def test_rsna(tmp_path: Path, suffix: str) -> None:
    frame = read("rsna", made_up.rsna(tmp_path, suffix))
    assert len(frame.rows) == 7
    assert [row.excluded for row in frame.rows[4:]] == ["implant", None, "view_not_standard"]
    first = frame.rows[0]
    assert (first.exam_id, first.laterality, first.view, first.cancer, first.density) == ("10", "L", "CC", True, "c")
    assert (first.age, first.machine, first.birads, frame.rows[2].birads) == (61.0, "49", None, 1)
    assert frame.rows[5].age is None
    counts = summary(frame)
    assert counts["total"]["exams"] == 2
    assert counts["total"]["breasts with cancer"] == 1
    assert counts["excluded"] == {"implant": 1, "view_not_standard": 1}


def test_vindr(tmp_path: Path) -> None:
    frame = read("vindr", made_up.vindr(tmp_path))
    rows = _by_name(frame)
    assert len(frame.usable) == 8
    assert rows["s1rcc"].boxes == (
        Box(3.5, 9.0, 8.0, 14.25, "mass", said="Mass, Suspicious Calcification"),
        Box(1.0, 1.0, 4.0, 4.0, None, said="Nipple Retraction"),
    )
    assert rows["s2lcc"].boxes == ()
    assert (rows["s1rcc"].birads, rows["s1lcc"].birads, rows["s1rcc"].density) == (5, 1, "c")
    assert all(row.cancer is None for row in frame.rows)
    assert {row.split for row in frame.rows} == {"train", "test"}
    assert frame.notes == (("findings_without_box", 1),)


def test_cmmd_knows_the_breast_of_the_clinical_table_only(tmp_path: Path) -> None:
    frame = read("cmmd", made_up.cmmd(tmp_path))
    outcomes = {(row.patient_id, row.laterality): row.cancer for row in frame.usable}
    assert outcomes == {
        ("D1-0001", "L"): None,
        ("D1-0001", "R"): True,
        ("D1-0002", "L"): False,
        ("D1-0002", "R"): None,
    }
    assert frame.rows[0].age == 44.0
    assert frame.rows[0].machine == "GE"


def test_cmmd_lists_women_without_images_and_images_without_women(tmp_path: Path) -> None:
    made_up.cmmd(tmp_path)
    with (tmp_path / "headers.csv").open("a") as stream:
        stream.write("CMMD/D9-9999/1/2/1-1.dcm,L,CC,GE\n")
    made_up.image(tmp_path / "CMMD" / "D9-9999" / "1" / "2" / "1-1.dcm")
    with (tmp_path / "CMMD_clinicaldata_revision.csv").open("a") as stream:
        stream.write("D1-0003,L,50,2,mass,Benign,\n")
    reasons = sorted(row.excluded for row in read("cmmd", tmp_path).rows if row.excluded)
    assert reasons == ["clinical_row_missing", "image_missing"]


def test_cbis_joins_findings_of_one_image_and_finds_exchanged_masks(tmp_path: Path) -> None:
    frame = read("cbis-ddsm", made_up.cbis(tmp_path))
    first, second = frame.rows
    assert first.boxes == (
        Box(4.0, 10.0, 9.0, 15.0, "mass", None, True, "mass"),
        Box(4.0, 20.0, 9.0, 25.0, "mass", None, False, "mass"),
    )
    assert (first.cancer, first.split, first.density, first.birads) == (True, "train", "c", 4)
    assert (second.cancer, second.split, second.density, second.laterality) == (False, "test", "b", "R")
    assert frame.notes == (("masks_not_read", 1),)
    assert frame.strays == ()


def test_inbreast(tmp_path: Path) -> None:
    frame = read("inbreast", made_up.inbreast(tmp_path))
    first, second = frame.rows
    assert first.exam_id == second.exam_id == "6c613a14b80a8591 201001"
    assert second.boxes == (Box(5.5, 7.25, 10.0, 16.0, "mass", said="Mass"),)
    assert (second.birads, second.density, second.cancer) == (4, "d", None)
    assert frame.notes == (("outlines_not_read", 1),)


def test_bcs_dbt(tmp_path: Path) -> None:
    frame = read("bcs-dbt", made_up.bcs_dbt(tmp_path))
    assert [(row.laterality, row.view, row.cancer, row.split) for row in frame.rows] == [
        ("L", "CC", True, "train"),
        ("L", "CC", True, "train"),
        ("R", "MLO", False, "train"),
        ("R", "CC", False, "test"),
    ]
    assert frame.rows[0].boxes == (Box(120.0, 400.0, 180.0, 480.0, "distortion", 31, True, "cancer"),)
    assert frame.rows[1].boxes == ()
    assert frame.notes == (("boxes_without_volume", 1),)


def test_embed(tmp_path: Path) -> None:
    frame = read("embed", made_up.embed(tmp_path))
    rows = _by_name(frame)
    assert [rows[name].cancer for name in "124"] == [True, False, None]
    assert [rows[name].birads for name in "124"] == [4, 2, 1]
    assert rows["1"].boxes == (Box(20.0, 10.0, 44.0, 30.0),)
    assert (rows["1"].density, rows["1"].age, rows["1"].machine) == ("c", 55.2, "Selenia")
    assert summary(frame)["excluded"] == {
        "clinical_row_missing": 1,
        "not_full_field_2d": 1,
        "spot_or_magnification": 1,
    }
    assert frame.notes == (("boxes_not_read", 1),)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_missing_table_is_an_error_that_names_it(layout: str, tmp_path: Path) -> None:
    write, name = made_up.LAYOUTS[layout]
    (write(tmp_path) / name).unlink()
    if layout == "cbis-ddsm":
        (tmp_path / "calc_case_description_test_set.csv").unlink()
    with pytest.raises(DatasetInvalid, match=name.partition("-v2")[0].partition("_train")[0].partition(".")[0]):
        read(layout, tmp_path)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_missing_column_is_an_error_that_names_it(layout: str, tmp_path: Path) -> None:
    write, name = made_up.LAYOUTS[layout]
    path = write(tmp_path) / name
    header, *rest = path.read_text().splitlines()
    mark = ";" if ";" in header else ","
    columns = header.split(mark)
    lost = {"rsna": "cancer", "vindr": "xmin", "cmmd": "view", "cbis-ddsm": "pathology", "inbreast": "Bi-Rads"}.get(
        layout, columns[0]
    )
    columns[columns.index(lost)] = "renamed"
    path.write_text("\n".join([mark.join(columns), *rest]))
    with pytest.raises(DatasetInvalid, match=f"lacks column {lost}"):
        read(layout, tmp_path)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_image_is_lost_in_silence(layout: str, tmp_path: Path) -> None:
    made_up.LAYOUTS[layout][0](tmp_path)
    stray = made_up.image(tmp_path / "elsewhere" / "stray-of-nobody.dcm")
    before = read(layout, tmp_path)
    assert stray in before.strays
    gone = next(row.path for row in before.rows if row.excluded is None and row.path)
    gone.unlink()
    after = read(layout, tmp_path)
    assert len(after.rows) == len(before.rows)
    assert summary(after)["excluded"]["image_missing"] == 1 + summary(before)["excluded"].get("image_missing", 0)
    assert len(after.usable) == len(before.usable) - 1


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_folder_without_images_or_no_folder_is_an_error(layout: str, tmp_path: Path) -> None:
    root = made_up.LAYOUTS[layout][0](tmp_path / "set")
    for path in [*root.rglob("*.dcm"), *root.rglob("*.png"), *root.rglob("*.dicom")]:
        path.unlink()
    with pytest.raises(DatasetInvalid, match="no image"):
        read(layout, root)
    with pytest.raises(DatasetInvalid):
        read(layout, tmp_path / "nothing")


def _append(path: Path, line: str) -> None:
    with path.open("a") as stream:
        stream.write(line)


@pytest.mark.parametrize(
    ("line", "reasons"),
    [
        ("1,10,101,L,CC,61.0,1,1,1,,0,C,49,False\n", {"duplicate_row": 1}),
        ("1,10,101,L,CC,61.0,0,1,1,,0,C,49,False\n", {"conflicting_rows": 2}),
        ("1,10,109,B,CC,61.0,0,1,1,,0,C,49,False\n", {"laterality_unknown": 1}),
        ("1,10,109,L,CC,61.0,0,1,1,,0,C,49,False\n", {"image_missing": 1}),
        ("1,10,109,L,CC,61.0,perhaps,1,1,,0,C,49,False\n", {"label_unreadable": 1}),
    ],
)
def test_a_bad_row_is_excluded_with_its_reason(line: str, reasons: dict[str, int], tmp_path: Path) -> None:
    _append(made_up.rsna(tmp_path) / "train.csv", line)
    found = summary(read("rsna", tmp_path))["excluded"]
    assert found == {"implant": 1, "view_not_standard": 1} | reasons


def test_another_womans_file_of_the_same_name_is_never_taken(tmp_path: Path) -> None:
    made_up.bcs_dbt(tmp_path)
    gone = next((tmp_path / "Breast-Cancer-Screening-DBT" / "P3").rglob("1-1.dcm"))
    gone.unlink()
    assert read("bcs-dbt", tmp_path).rows[3].excluded == "image_missing"


def test_a_row_of_another_length_is_an_error_with_its_line(tmp_path: Path) -> None:
    _append(made_up.rsna(tmp_path) / "train.csv", "1,10\n")
    with pytest.raises(DatasetInvalid, match="line 9"):
        read("rsna", tmp_path)


def test_a_workbook_instead_of_a_table_is_an_error(tmp_path: Path) -> None:
    (made_up.inbreast(tmp_path) / "INbreast.csv").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(range(128, 256)))
    with pytest.raises(DatasetInvalid, match="export it as CSV"):
        read("inbreast", tmp_path)


def test_several_label_rows_or_none_exclude_a_volume(tmp_path: Path) -> None:
    made_up.bcs_dbt(tmp_path)
    labels = tmp_path / "BCS-DBT-labels-train-v2.csv"
    text = labels.read_text().replace("P2,S2,rmlo,1,0,0,0", "P2,S2,rmlo,1,0,0,1").replace("P1,S1,lcc2,0,0,0,1\n", "")
    labels.write_text(text)
    assert summary(read("bcs-dbt", tmp_path))["excluded"] == {"label_missing": 1, "label_unreadable": 1}


def test_two_versions_of_one_table_are_an_error(tmp_path: Path) -> None:
    made_up.bcs_dbt(tmp_path)
    (tmp_path / "BCS-DBT-labels-train.csv").write_text((tmp_path / "BCS-DBT-labels-train-v2.csv").read_text())
    with pytest.raises(DatasetInvalid, match="several versions"):
        read("bcs-dbt", tmp_path)


def test_an_unknown_layout_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetInvalid, match="inbreast"):
        read("ddsm", tmp_path)


def test_the_command_prints_counts_and_writes_the_frame(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, out = made_up.rsna(tmp_path / "set"), tmp_path / "frame.csv"
    made_up.image(root / "train_images" / "10" / "999.png")
    assert main(["rsna", str(root), "--seed", "3", "--csv", str(out), "--json", str(tmp_path / "frame.json")]) == 0
    printed = capsys.readouterr().out
    assert "breasts with cancer" in printed
    assert "image_without_row" in printed
    lines = out.read_text().splitlines()
    assert len(lines) == 1 + 7 + 1
    assert lines[1].startswith("10,10,L,CC,train_images/10/101.png,1,")
    assert main(["rsna", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("dataset_invalid: table train.csv is missing")
