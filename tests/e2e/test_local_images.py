"""The shipped model on mammograms of women: outside what phantoms taught it, inside by a reference of local images.

There are very few: three real exams (8 views), and simulated mammograms of another physics pipeline, one view each, of
which 31 serve as further local exams.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Picture

from models import predict
from models.registry import DEFAULT, card_of
from models.weights import STORE, load_ood
from readers.ai import calibration_ood
from readers.ai.commissioning.evidence import ExamEvidence
from screening.app import compose
from screening.app.commissioning import exam_names, gather
from screening.app.commissioning_candidates import of_model
from screening.app.commissioning_labels import read_labels, truths
from screening.app.commissioning_scores import LocalScorer
from screening.app.scoring import FilesInPlace, describe
from tests.e2e.cli import run

pytestmark = [pytest.mark.slow, pytest.mark.real_data]

LABELS = "folder,laterality,cancer\nnyu-1,R,1\nnyu-1,L,0\nnyu-2,L,0\nnyu-2,R,0\nnyu-density,,0\n"
MSYNTH_MM = 0.1
MSYNTH_ROWS = 1000
"""Rows of a simulated picture that hold the breast, its chest wall above; the rest is another detector half."""


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The truth of the three real exams as published."""
    path = tmp_path_factory.mktemp("truth") / "truth.csv"
    path.write_text(LABELS, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def real(shared_data: Path, table: Path, tmp_path_factory: pytest.TempPathFactory) -> list[ExamEvidence]:
    """The three real exams, as commissioning sees them."""
    place = FilesInPlace()
    studies, _, _ = describe(sorted((shared_data / "exams").rglob("*.dcm")), place, compose.instance_reader())
    truth = truths(read_labels(table), exam_names(studies, place, shared_data / "exams"))
    scorer = LocalScorer(
        of_model(predict.load()), compose.pixel_source(place), "", "test", tmp_path_factory.mktemp("local")
    )
    return gather(scorer, studies, truth, lambda: None)


@pytest.fixture(scope="module")
def simulated(shared_data: Path) -> list[NDArray[np.float64]]:
    """Descriptors of every second simulated mammogram, each float64 (1, F)."""
    return [described(turned(path)) for path in sorted((shared_data / "msynth").glob("*.jpg"))[::2]]


def turned(path: Path) -> NDArray[np.float32]:
    """A simulated picture with its chest wall left."""
    with Picture.open(path) as picture:
        values = np.asarray(picture.convert("L"), np.float32)[:MSYNTH_ROWS] / 255
    return np.ascontiguousarray(np.rot90(values))


def described(pixels: NDArray[np.float32], pixel_mm: float = MSYNTH_MM) -> NDArray[np.float64]:
    """The descriptor of one picture, float64 (1, F)."""
    model = predict.load()
    return model.predict(model.prepare(pixels, pixel_mm)).descriptor[None]


def test_the_phantom_trained_model_finds_every_real_exam_unlike(real: list[ExamEvidence]) -> None:
    assert [exam.unlike for exam in real] == [True] * 3
    assert sum(len(exam.descriptors) for exam in real) == 8


def test_calibrated_with_them_it_finds_them_usual(
    real: list[ExamEvidence], simulated: list[NDArray[np.float64]]
) -> None:
    assert len(simulated) == 31
    reference = calibration_ood.fit([*(exam.descriptors for exam in real), *simulated])
    assert max(reference.score(view) for exam in real for view in exam.descriptors) <= 1.0


def test_left_out_they_are_nearer_than_to_the_phantoms(
    real: list[ExamEvidence], simulated: list[NDArray[np.float64]]
) -> None:
    own = load_ood(STORE / card_of(DEFAULT).weights_file, card_of(DEFAULT).weights_sha256)
    for number, exam in enumerate(real):
        others = [other.descriptors for index, other in enumerate(real) if index != number]
        reference = calibration_ood.fit([*others, *simulated])
        assert all(reference.score(view) < own.score(view) for view in exam.descriptors)


def test_three_exams_alone_are_no_reference(real: list[ExamEvidence]) -> None:
    with pytest.raises(ValueError, match="needs 20 exams"):
        calibration_ood.fit([exam.descriptors for exam in real])


def test_commissioning_on_three_exams_is_not_enough_evidence_and_makes_no_reader(
    shared_data: Path, table: Path, tmp_path: Path
) -> None:
    exams, out = str(shared_data / "exams"), tmp_path / "out"
    arguments = ["--exams", exams, "--labels", str(table), "--signed-by", "medical physicist", "--out", str(out)]
    result = run(tmp_path, "commission", predict.load().info.name, *arguments, "--local-images", "--json")
    assert result.exit_code == 1
    (told,) = json.loads(result.stdout)
    assert (told["verdict"], told["exams"], told["unlike"]) == ("not_enough_evidence", 3, 3)
    record = next(Path(path) for path in told["files"] if path.endswith(".commissioning.json"))
    verified = run(tmp_path, "commission", "--verify", str(record))
    assert (verified.exit_code, "not_enough_evidence" in verified.stdout) == (0, True)
    record.write_text(record.read_text(encoding="utf-8").replace("not_enough_evidence", "pass"), encoding="utf-8")
    refused = run(tmp_path, "commission", "--verify", str(record))
    assert type(refused.exception).__name__ == "CommissioningUntrusted"
