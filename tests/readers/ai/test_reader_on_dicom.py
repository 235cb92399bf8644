"""The reader on real files: the same exam gives the same read, whatever the order, the batch or the process."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from models.phantom.spec import ExamSpec, LesionSpec
from models.predict import assemble
from readers.ai.calibration import Calibrations
from readers.ai.loading import native_reader
from readers.ai.reader import NeuralReader
from screening.domain.ai_read import AiRead, AiStatus
from screening.domain.study import Slot, Study
from screening.workflow.ports import PixelSource
from tests.models.known import random_model
from tests.readers.ai.known_model import DBT_INFO, KnownModel
from tests.readers.ai.phantom_files import opened, write_mammograms, write_volumes

CANCER = LesionSpec("spiculated_mass", malignant=True, laterality="L", size_mm=14.0, conspicuity=2.0)
SPEC = ExamSpec(lesions=(CANCER,), density="b")
SMALL = ExamSpec(lesions=(CANCER,), density="b", rows=320, cols=256, pixel_mm=0.6)

Exams = tuple[list[Study], PixelSource]


@pytest.fixture(scope="module")
def mammograms(tmp_path_factory: pytest.TempPathFactory) -> Exams:
    folder = tmp_path_factory.mktemp("ffdm")
    prior = replace(SPEC, prior_years=2.0)
    return opened(write_mammograms(folder, 1, SPEC) + write_mammograms(folder, 1, prior, years_ago=2))


@pytest.fixture(scope="module")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> Exams:
    return opened(write_volumes(tmp_path_factory.mktemp("dbt"), 1, SMALL))


@pytest.fixture(scope="module")
def reader() -> NeuralReader:
    return native_reader("", Calibrations([]))


def of(exams: Exams, accession: str) -> Study:
    return next(study for study in exams[0] if study.header.accession_number == accession)


def timeless(read: AiRead) -> AiRead:
    return replace(read, timing=None)


@pytest.fixture(scope="module")
def expected(mammograms: Exams, reader: NeuralReader) -> AiRead:
    return timeless(reader.read(of(mammograms, "A10"), mammograms[1], "unit-a"))


def test_two_runs_are_equal_to_the_last_bit(mammograms: Exams, reader: NeuralReader, expected: AiRead) -> None:
    read = reader.read(of(mammograms, "A10"), mammograms[1], "unit-a")
    assert timeless(read) == expected
    assert read.raw_score is not None
    assert read.timing is not None
    assert min(read.timing.decode_s, read.timing.preprocess_s, read.timing.network_s) > 0


@pytest.mark.parametrize("order", [(3, 2, 1, 0), pytest.param((2, 0, 3, 1), marks=pytest.mark.slow)])
def test_the_order_of_images_changes_nothing(
    mammograms: Exams, reader: NeuralReader, expected: AiRead, order: tuple[int, ...]
) -> None:
    study = of(mammograms, "A10")
    shuffled = replace(study, images=tuple(study.images[index] for index in order))
    assert timeless(reader.read(shuffled, mammograms[1], "unit-a")) == expected


@pytest.mark.slow
def test_the_order_of_a_batch_changes_nothing(mammograms: Exams, reader: NeuralReader, expected: AiRead) -> None:
    before, now = (timeless(reader.read(of(mammograms, number), mammograms[1], "unit-a")) for number in ("A12", "A10"))
    assert now == expected
    assert before.raw_score != now.raw_score


def test_the_prior_of_real_files_is_decoded_and_compared_with(mammograms: Exams, reader: NeuralReader) -> None:
    study, prior = of(mammograms, "A10"), of(mammograms, "A12")
    read = reader.read(study, mammograms[1], "unit-a", prior)
    assert read.prior_digests == tuple(sorted(image.digest for image in prior.images))
    assert [item for item in read.warnings if item.reason.value.startswith("prior")] == []
    assert read.regions
    assert all(item.change is not None for item in read.explanation)
    assert [item.location for item in read.explanation] == [region.location for region in read.regions]


def test_volumes_with_a_window_per_frame_are_read_frame_by_frame(volumes: Exams) -> None:
    model = KnownModel(info=DBT_INFO)
    reader = NeuralReader(KnownModel(), Calibrations([]), volumes=model)
    (study,) = volumes[0]
    read = reader.read(study, volumes[1], "unit-a")
    assert read.status is AiStatus.UNCALIBRATED
    assert {fill.slot for fill in read.slots if fill.sop_instance_uid} == set(Slot)
    assert len(model.frames) == sum(image.frames for image in study.images)
    for region in read.regions:
        image = study.image(region.location.sop_instance_uid)
        assert region.location.frame is not None
        assert 1 <= region.location.frame <= image.frames
        assert 0 <= region.location.x0 < region.location.x1 <= image.columns


RESTARTED = """
import sys
from pathlib import Path
from readers.ai.calibration import Calibrations
from readers.ai.loading import native_reader
from tests.readers.ai.phantom_files import opened
studies, pixels = opened([Path(name) for name in sys.argv[1:]])
print(repr(native_reader("", Calibrations([])).read(studies[0], pixels, "unit-a").raw_score))
"""


@pytest.mark.slow
def test_a_restart_changes_nothing(tmp_path: Path, reader: NeuralReader) -> None:
    paths = write_mammograms(tmp_path, 3, SPEC)
    (study,), pixels = opened(paths)
    here = reader.read(study, pixels, "unit-a").raw_score
    command = [sys.executable, "-c", RESTARTED, *map(str, reversed(paths))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == repr(here)


@pytest.mark.slow
def test_an_exam_of_volumes_never_holds_a_volume(tmp_path: Path) -> None:
    """Frames of 1.6 MB as shown; an exam of them would be two orders of magnitude more than what is ever held."""
    spec = replace(SMALL, rows=720, cols=560, pixel_mm=0.27)
    (study,), pixels = opened(write_volumes(tmp_path, 4, spec))
    reader = NeuralReader(KnownModel(), Calibrations([]), volumes=KnownModel(info=DBT_INFO))
    reader.read(study, pixels, "unit-a")
    tracemalloc.start()
    read = reader.read(study, pixels, "unit-a")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    one_frame = spec.rows * spec.cols * 4
    total = sum(image.frames for image in study.images) * one_frame
    assert read.raw_score is not None
    assert peak < 20 * one_frame < total / 4


@pytest.mark.slow
def test_the_volume_network_reads_files_through_the_reader_alike_twice(
    volumes: Exams, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The network of volumes with random weights: what it says means nothing, how it is said must hold."""
    store = tmp_path_factory.mktemp("store")
    network = assemble(random_model(store, "dbt", export=False), store, "torch", threads=1)
    reader = NeuralReader(KnownModel(), Calibrations([]), volumes=network)
    (study,) = volumes[0]
    first, second = (timeless(reader.read(study, volumes[1], "unit-a")) for _ in range(2))
    assert first == second
    assert first.raw_score is not None
    assert {fill.slot for fill in first.slots if fill.sop_instance_uid} == set(Slot)
    for region in first.regions:
        assert region.location.frame is not None
        assert 1 <= region.location.frame <= study.image(region.location.sop_instance_uid).frames
