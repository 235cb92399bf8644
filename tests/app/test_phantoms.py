"""`secondread phantom` writes conformant exams with their truth, the same bytes for the same seed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from typer.testing import CliRunner

from models.phantom.faults import FAULTS
from screening.app.cli import app
from screening.app.commissioning import exam_names
from screening.app.commissioning_labels import Truth, read_labels, truths
from screening.app.phantoms import Kind, Order, Style, wanted
from screening.app.phantoms_truth import Mask, run_lengths
from screening.app.scoring import FilesInPlace, describe
from screening.dicom.header import open_file
from screening.dicom.instance_reader import DicomInstanceReader
from screening.dicom.pixels import read_frame
from screening.domain.errors import InvalidInput
from screening.domain.identifiers import FileDigest, StudyInstanceUid
from screening.domain.study import Image, ImageKind
from tests.dicom_out.tools import iod_errors


def run(*arguments: str) -> None:
    """The command in this process; a failure shows its own message."""
    result = CliRunner().invoke(app, ["phantom", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output


def truth_of(out: Path) -> list[dict[str, Any]]:
    exams: list[dict[str, Any]] = json.loads((out / "truth.json").read_text(encoding="utf-8"))["exams"]
    return exams


def unpacked(mask: Mask) -> NDArray[np.bool_]:
    """The mask inside its box."""
    x0, y0, x1, y1 = mask["box"]
    inside = np.arange(len(mask["runs"])) % 2 == 1
    return np.repeat(inside, mask["runs"]).reshape(y1 - y0, x1 - x0)


def labelled(out: Path) -> dict[StudyInstanceUid, Truth]:
    """What `secondread commission --exams OUT --labels OUT/labels.csv` knows before it scores."""
    place = FilesInPlace()
    studies, _, _ = describe(sorted(out.rglob("*.dcm")), place, DicomInstanceReader())
    return truths(read_labels(out / "labels.csv"), exam_names(studies, place, out))


@pytest.fixture(scope="module")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One woman with cancer: mammograms, raw images and volumes."""
    out = tmp_path_factory.mktemp("phantom") / "round"
    options = "--exams 1 --seed 5 --prevalence 1 --kind both --raw --per-frame-voi --markers --syntax rle"
    run("--out", str(out), *options.split())
    return out


@pytest.mark.slow
def test_every_file_is_what_the_truth_says_it_is(exam: Path) -> None:
    kinds = {"ffdm": ImageKind.FFDM, "raw": ImageKind.FFDM_PROCESSING, "dbt": ImageKind.DBT}
    told = [(e["folder"], e["density"], i) for e in truth_of(exam) for i in e["images"]]
    assert len(told) == 12
    assert {f"{folder}/{i['file']}" for folder, _, i in told} == {str(p.relative_to(exam)) for p in exam.rglob("*.dcm")}
    for folder, _, image in told:
        path = exam / folder / image["file"]
        found = DicomInstanceReader().read(path, FileDigest(hashlib.sha256(path.read_bytes()).hexdigest())).content
        assert isinstance(found, Image)
        assert (found.kind, found.exclusion) == (kinds[image["kind"]], None)
        assert (found.laterality, found.view) == (image["laterality"], image["view"])
        assert (found.rows, found.columns, found.frames) == (image["rows"], image["columns"], image["frames"])
        assert found.sop_instance_uid == image["sop_instance_uid"]
        assert found.row_spacing_mm == pytest.approx(image["pixel_mm"])
        assert 0 < image["gland_fraction"] < 1


@pytest.mark.slow
def test_every_file_is_conformant(exam: Path) -> None:
    for path in sorted(exam.rglob("*.dcm")):
        assert iod_errors(path) == [], path.name


@pytest.mark.slow
def test_lesions_lie_in_the_breast_and_in_their_frames(exam: Path) -> None:
    seen = 0
    for told in truth_of(exam):
        for image in told["images"]:
            opened = open_file(exam / told["folder"] / image["file"])
            for lesion in image["lesions"]:
                x0, y0, x1, y1 = lesion["mask"]["box"]
                mask = unpacked(lesion["mask"])
                frame = lesion["frame"] if image["kind"] == "dbt" else 1
                assert 1 <= lesion.get("first_frame", 1) <= frame <= lesion.get("last_frame", 1) <= image["frames"]
                stored = read_frame(opened, frame - 1)[y0:y1, x0:x1]
                assert mask.any()
                frames = [unpacked(part) for part in lesion.get("frame_masks", ())]
                assert len(frames) == lesion.get("last_frame", 0) - lesion.get("first_frame", 1) + 1
                assert max((part.sum() for part in frames), default=mask.sum()) == mask.sum()
                assert (stored[mask] > 0).mean() > 0.9
                seen += 1
    assert seen >= 3


@pytest.mark.slow
def test_headers_say_synthetic_and_the_raw_image_is_a_detector_signal(exam: Path) -> None:
    folder = exam / "exam-00001"
    raw, shown = (pydicom.dcmread(folder / name) for name in ("LMLO-raw.dcm", "LMLO.dcm"))
    for dataset in (raw, shown):
        assert "SYNTHETIC" in dataset.ImageComments
        assert str(dataset.PatientName).startswith("SYNTHETIC^")
    assert (raw.BitsStored, raw.PixelIntensityRelationship, raw.PhotometricInterpretation) == (14, "LIN", "MONOCHROME1")
    air = read_frame(open_file(folder / "LMLO.dcm")) == 0
    counts = read_frame(open_file(folder / "LMLO-raw.dcm"))
    assert counts[air].mean() > 2 * counts[~air].mean()


@pytest.mark.slow
def test_labels_are_a_table_of_truth_for_commissioning(exam: Path) -> None:
    found = labelled(exam)
    (told,) = truth_of(exam)
    assert found == {told["study_instance_uid"]: Truth(True, {"L": told["cancer_left"], "R": told["cancer_right"]})}


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, workers in (("a", "1"), ("b", "2")):
        run("--out", str(tmp_path / name), "--exams", "1", "--priors", "--workers", workers)
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file())
    assert len(files) == 10
    prior = pydicom.dcmread(tmp_path / "a" / "exam-00001-prior" / "LCC.dcm", stop_before_pixels=True)
    current = pydicom.dcmread(tmp_path / "a" / "exam-00001" / "LCC.dcm", stop_before_pixels=True)
    assert prior.PatientID == current.PatientID
    assert prior.StudyDate < current.StudyDate
    assert list(labelled(tmp_path / "a")) == [current.StudyInstanceUID], "a prior needs no truth"
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_folder_with_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InvalidInput):
        run("--out", str(tmp_path))
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("wrong", [["--faults", "flood"], ["--syntax", "jpeg"]])
def test_what_is_not_there_is_named(wrong: list[str], tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="there are"):
        run("--out", str(tmp_path / "out"), *wrong)
    assert not (tmp_path / "out").exists()


def test_a_round_has_the_prevalence_it_was_asked_for() -> None:
    def cancers(prevalence: float) -> int:
        exams = wanted(Order(exams=600, seed=3, prevalence=prevalence))
        return sum(any(lesion.malignant for lesion in exam.spec.lesions) for exam in exams)

    assert cancers(0.0) == 0
    assert cancers(1.0) == 600
    assert 110 <= cancers(0.25) <= 190
    assert cancers(0.008) <= 15


def test_faults_implants_priors_and_styles_go_to_whom_they_were_promised() -> None:
    order = Order(exams=40, faults=FAULTS, implants=True, priors=True, style=Style.C, kind=Kind.BOTH)
    exams = list(wanted(order))
    assert len(exams) == 80
    assert {exam.spec.vendor for exam in exams} == {"style-c"}
    assert {name for exam in exams for name in exam.spec.faults} == set(FAULTS)
    assert not any(exam.spec.faults for exam in exams if exam.is_prior or exam.number % 2)
    assert {exam.spec.implants for exam in exams if exam.number % 5 == 0} == {"in_place", "displaced"}
    assert {exam.spec.implants for exam in exams if exam.number % 5} == {None}
    assert len({exam.folder for exam in exams}) == 80


@given(arrays.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_run_lengths_give_the_mask_back(mask: NDArray[np.bool_]) -> None:
    found = run_lengths(mask)
    x0, y0, x1, y1 = found["box"]
    again = np.zeros_like(mask)
    if found["runs"]:
        again[y0:y1, x0:x1] = unpacked(found)
    np.testing.assert_array_equal(again, mask)
