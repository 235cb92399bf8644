"""The table of truth: one row per exam or breast, or no commissioning at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.app.commissioning_labels import ExamNames, Truth, read_labels, truths
from screening.domain.errors import LabelsInvalid
from screening.domain.identifiers import StudyInstanceUid

BOTH_WELL = {"L": False, "R": False}


def exam(uid: str, accession: str = "", folder: Sequence[str] = ()) -> ExamNames:
    names = {
        "study_instance_uid": frozenset([uid]),
        "accession_number": frozenset([accession] if accession else []),
        "folder": frozenset(folder),
    }
    return ExamNames(StudyInstanceUid(uid), names)


def table(folder: Path, text: str) -> Path:
    path = folder / "truth.csv"
    path.write_text(text, encoding="utf-8")
    return path


EXAMS = (exam("1.2.1", "A1", ["a"]), exam("1.2.2", "A2", ["b"]))


@pytest.mark.parametrize(
    "text",
    [
        "study_instance_uid,cancer\n1.2.1,1\n1.2.2,0\n",
        "accession_number,laterality,cancer\nA1,,1\nA2,,0\n",
        "\ufefffolder,cancer\r\nb,0\r\na,1\r\n",
    ],
)
def test_each_key_names_the_exams_in_any_order(tmp_path: Path, text: str) -> None:
    found = truths(read_labels(table(tmp_path, text)), EXAMS)
    assert found == {"1.2.1": Truth(True, None), "1.2.2": Truth(False, BOTH_WELL)}


def test_a_breast_without_a_row_beside_one_that_has_one_is_well(tmp_path: Path) -> None:
    text = "folder,laterality,cancer\na,R,1\nb,L,0\nb,R,0\n"
    found = truths(read_labels(table(tmp_path, text)), EXAMS)
    assert found["1.2.1"] == Truth(True, {"L": False, "R": True})  # type: ignore[index]
    assert found["1.2.2"] == Truth(False, BOTH_WELL)  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "columns"),
        ("folder,cancer\n", "no row"),
        ("folder\na\n", "columns"),
        ("folder,accession_number,cancer\na,A1,0\n", "columns"),
        ("folder,cancer,name\na,0,x\n", "columns"),
        ("folder,cancer,cancer\na,0,1\n", "columns"),
        ("folder,cancer\na,yes\nb,0\n", "row 2: cancer is 0 or 1"),
        ("folder,cancer\na,\nb,0\n", "row 2: cancer is 0 or 1"),
        ("folder,cancer\na,0\n,0\n", "row 3 lacks a value"),
        ("folder,cancer\na,0,1\nb,0\n", "row 2 lacks a value or has one too many"),
        ("folder,cancer\na\nb,0\n", "row 2 lacks a value"),
        ("folder,laterality,cancer\na,left,0\nb,,0\n", "row 2: laterality"),
        ("folder,cancer\na,0\na,0\nb,0\n", "row 3 says something"),
        ("folder,laterality,cancer\na,L,0\na,,1\nb,,0\n", "row 3 says something"),
        ("folder,laterality,cancer\na,L,0\na,L,1\nb,,0\n", "row 3 says something"),
        ("folder,cancer\na,0\n", "1 exams have no row"),
        ("folder,cancer\na,0\nb,0\nc,0\n", "1 rows name an exam"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(tmp_path: Path, text: str, word: str) -> None:
    with pytest.raises(LabelsInvalid, match=word) as refused:
        truths(read_labels(table(tmp_path, text)), EXAMS)
    assert refused.value.code == "labels_invalid"


def test_a_name_of_two_exams_is_refused(tmp_path: Path) -> None:
    labels = read_labels(table(tmp_path, "folder,cancer\na,0\n"))
    with pytest.raises(LabelsInvalid, match="does not tell exams apart"):
        truths(labels, (exam("1.2.1", folder=["a"]), exam("1.2.2", folder=["a"])))
    with pytest.raises(LabelsInvalid, match="cannot be read"):
        read_labels(tmp_path / "absent.csv")


def test_only_an_earlier_exam_of_a_woman_may_lack_a_row(tmp_path: Path) -> None:
    labels = read_labels(table(tmp_path, "folder,cancer\na,1\nb,0\n"))
    prior = exam("1.2.0", folder=["a-prior"])
    assert set(truths(labels, (*EXAMS, replace(prior, earlier=True)))) == {"1.2.1", "1.2.2"}
    with pytest.raises(LabelsInvalid, match="1 exams have no row"):
        truths(labels, (*EXAMS, prior))


@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_every_exam_gets_its_own_truth(tmp_path_factory: pytest.TempPathFactory, sick: list[bool]) -> None:
    rows = [f"1.2.{number},{int(cancer)}" for number, cancer in enumerate(sick)]
    text = "study_instance_uid,cancer\n" + "\n".join(reversed(rows)) + "\n"
    found = truths(
        read_labels(table(tmp_path_factory.mktemp("labels"), text)), [exam(f"1.2.{n}") for n in range(len(sick))]
    )
    assert [found[StudyInstanceUid(f"1.2.{n}")].cancer for n in range(len(sick))] == sick
