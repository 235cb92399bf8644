"""Every engine gives what eager torch gives, within a stated tolerance, and the same bits whenever it is asked.

The outputs of all graphs differ by at most 1e-4 in f32, and in bf16 by 0.15 or 2 % of an output's largest value, on
random weights and on the shipped models.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models import cards, registry
from models.cards import ModelCard
from models.engines.choice import open_engine
from models.engines.open_vino import OpenVinoEngine
from models.errors import EngineUnavailable
from models.labels import SLOTS
from models.predict import EngineName, LoadedModel, Precision, assemble
from models.preprocess import SETTINGS
from models.registry import torch_graphs
from models.weights import STORE
from tests.models.known import breast_picture, random_model

ROOT = Path(__file__).parents[3]
TOLERANCE = {"f32": (1e-4, 0.0), "bf16": (0.15, 0.02)}
"""Absolute, and as a share of the largest value of that output."""
OTHERS: tuple[tuple[EngineName, Precision], ...] = (
    ("onnxruntime", "f32"),
    ("openvino", "f32"),
    ("openvino", "bf16"),
    ("torch", "bf16"),
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def ffdm(store: Path) -> ModelCard:
    return random_model(store, "ffdm", export=True)


@pytest.fixture(scope="module")
def dbt(store: Path) -> ModelCard:
    return random_model(store, "dbt", export=True)


def inputs(card: ModelCard, store: Path) -> Iterator[tuple[str, list[NDArray[np.float32]]]]:
    """Random inputs of every graph; of a graph that takes any number, also fewer."""
    rng = np.random.default_rng(4)
    for name, graph in torch_graphs(card, store).items():
        for count in (None, 1, 3) if graph.batch else (None,):
            shapes = [(count, *shape[1:]) if count else shape for shape in graph.inputs]
            arrays = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
            masks = [index for index, shape in enumerate(shapes) if name in ("view", "fusion") and len(shape) == 2]
            for index in masks[:1] if name == "view" else masks:
                arrays[index] = (np.arange(arrays[index].size) % 3 < 2).astype(np.float32)[None]
            yield name, arrays


def agree(card: ModelCard, store: Path, engine: EngineName, precision: Precision) -> None:
    """Compare every graph with eager torch, and the engine with itself."""
    reference, _ = open_engine("torch", "f32", card, store, 1)
    other, note = open_engine(engine, precision, card, store, 1)
    assert (other.name, other.precision, note) == (engine, precision, "")
    absolute, relative = TOLERANCE[precision]
    for name, arrays in inputs(card, store):
        expected, found, again = reference.run(name, *arrays), other.run(name, *arrays), other.run(name, *arrays)
        for one, two, three in zip(expected, found, again, strict=True):
            assert two.shape == one.shape
            assert two.dtype == np.float32
            assert np.abs(one - two).max() <= max(absolute, relative * np.abs(one).max()), name
            assert np.array_equal(two, three), name


@pytest.mark.parametrize(("engine", "precision"), OTHERS)
@pytest.mark.parametrize("family", ["ffdm", "dbt"])
def test_every_graph_of_a_random_model_agrees(
    request: pytest.FixtureRequest, store: Path, family: str, engine: EngineName, precision: Precision
) -> None:
    agree(request.getfixturevalue(family), store, engine, precision)


@pytest.mark.parametrize(("engine", "precision"), OTHERS)
@pytest.mark.parametrize("name", [name for name in registry.list_models() if cards.read(name).graphs])
def test_every_graph_of_a_shipped_model_agrees(name: str, engine: EngineName, precision: Precision) -> None:
    agree(cards.read(name), STORE, engine, precision)


def exam_of(model: LoadedModel) -> tuple[float, float, tuple[float, ...]]:
    """A view and an exam through the front door."""
    pictures = [breast_picture(at=(150 + 40 * index, 420), radius=18) for index in range(4)]
    views = [model.predict_view(picture, 0.2) for picture in pictures]
    exam = model.predict_exam(dict(zip(SLOTS, views, strict=True)))
    return exam.malignancy, views[0].malignancy, tuple(region.score for region in views[0].regions)


def test_whole_exams_agree_between_engines_and_auto_takes_the_best(ffdm: ModelCard, store: Path) -> None:
    expected = exam_of(assemble(ffdm, store, "torch", threads=1))
    engines: tuple[EngineName, ...] = ("onnxruntime", "auto")
    for engine in engines:
        model = assemble(ffdm, store, engine, threads=1)
        found = exam_of(model)
        assert found[:2] == pytest.approx(expected[:2], abs=1e-4)
        assert found[2] == pytest.approx(expected[2], abs=1e-3)
        assert found == exam_of(model)
    assert (model.info.engine, model.info.engine_note) == ("openvino", "")


def test_a_volume_is_read_alike_by_two_engines(dbt: ModelCard, store: Path) -> None:
    class Frames:
        count, pixel_mm, slice_mm = 9, 0.3, 1.0

        def frame(self, index: int) -> NDArray[np.float32]:
            return breast_picture(560, 440, at=(180, 260)) * np.float32(0.9 + 0.01 * index)

    answers = [assemble(dbt, store, engine, threads=1).predict_volume(Frames()) for engine in ("torch", "openvino")]
    assert answers[1].malignancy == pytest.approx(answers[0].malignancy, abs=1e-4)
    assert [r.frame for r in answers[0].regions[:3]] == [r.frame for r in answers[1].regions[:3]]
    assert answers[1].saliency == pytest.approx(answers[0].saliency, abs=1e-4)


def test_an_exported_model_scores_without_torch(ffdm: ModelCard, store: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from models.cards import ModelCard
from models.predict import assemble
from tests.models.known_picture import breast_picture
model = assemble({ffdm!r}, Path({str(store)!r}), "openvino")
print(model.predict_view(breast_picture(at=(150, 420)), 0.2).malignancy > 0, "torch" in sys.modules)
"""
    assert run(code, {}) == "True False"


def run(code: str, environment: dict[str, str]) -> str:
    """Run code in a fresh interpreter; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_openvino_opens_no_connection_and_leaves_nothing_in_the_home_folder(
    ffdm: ModelCard, store: Path, tmp_path: Path
) -> None:
    code = f"""
import multiprocessing.process, pathlib, socket, sys
opened = []
def refuse(*arguments, **names):
    opened.append(arguments)
    raise OSError("no network here")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
multiprocessing.process.BaseProcess.start = refuse
from models.engines.open_vino import OpenVinoEngine, quiet_openvino
openvino = quiet_openvino()
import openvino.tools.ovc
OpenVinoEngine({{"view": pathlib.Path({str(store / "random-ffdm.view.onnx")!r}).read_bytes()}})
print(sys.modules["openvino_telemetry"], opened, [m for m in sys.modules if m.startswith("openvino_telemetry.")])
"""
    assert run(code, {"HOME": str(tmp_path)}) == "None [] []"
    assert list(tmp_path.iterdir()) == []


def test_an_arithmetic_that_the_processor_lacks_is_refused_not_replaced(ffdm: ModelCard, store: Path) -> None:
    file = {"view": (store / "random-ffdm.view.onnx").read_bytes()}
    with pytest.raises(EngineUnavailable, match="not in f16"):
        OpenVinoEngine(file, "f16", 1)
    assert OpenVinoEngine(file, "f32", 1).precision == "f32"


def test_the_input_size_of_the_exported_global_graph_is_the_preprocessing_s(ffdm: ModelCard, store: Path) -> None:
    graph = torch_graphs(ffdm, store)["global"]
    assert graph.inputs == ((1, 1, SETTINGS.rows, SETTINGS.cols),)
