"""Which engine runs a model: the best there is, with the reason why not a better one; a wrong file stops everything."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

from models import predict
from models.cards import ModelCard
from models.engines.choice import ORDER, obstacle
from models.errors import EngineUnavailable, UnknownModel, WeightsHashMismatch
from models.predict import assemble
from tests.models.known import random_model


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def plain(store: Path) -> ModelCard:
    """A model without exported graphs."""
    return random_model(store, "ffdm", export=False)


def test_without_exported_graphs_torch_runs_and_says_why(plain: ModelCard, store: Path) -> None:
    info = assemble(plain, store).info
    assert (info.engine, info.precision) == ("torch", "f32")
    assert info.engine_note == (
        "openvino: the model ships no exported graphs; onnxruntime: the model ships no exported graphs"
    )
    assert info.runtime.startswith("torch 2")
    assert assemble(plain, store, "torch").info.engine_note == ""


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_an_engine_that_was_asked_for_is_not_replaced(
    plain: ModelCard, store: Path, engine: predict.EngineName
) -> None:
    with pytest.raises(EngineUnavailable, match=engine):
        assemble(plain, store, engine)


def test_a_graph_that_is_not_there_passes_the_engine_over(plain: ModelCard, store: Path) -> None:
    card = replace(plain, graphs={"global": "0" * 64})
    assert "exported graph global is not installed" in assemble(card, store).info.engine_note


def test_a_graph_with_another_hash_stops_the_model(plain: ModelCard, store: Path) -> None:
    (store / "random-ffdm.global.onnx").write_bytes(b"something else")
    with pytest.raises(WeightsHashMismatch):
        assemble(replace(plain, graphs={"global": "0" * 64}), store)
    (store / "random-ffdm.global.onnx").unlink()


def test_onnxruntime_has_no_bf16(plain: ModelCard, store: Path) -> None:
    assert obstacle("onnxruntime", "bf16", plain, store) == "no bf16 arithmetic"


def test_an_engine_that_nobody_knows_is_refused(plain: ModelCard, store: Path) -> None:
    assert obstacle("abacus", "f32", plain, store) == "unknown engine"
    assert set(ORDER) == {"openvino", "onnxruntime", "torch"}


def test_a_package_that_is_not_installed_passes_the_engine_over(
    plain: ModelCard, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "openvino" else find(name))
    assert assemble(plain, store).info.engine_note.startswith("openvino: not installed")


def test_a_model_is_loaded_once_per_process_and_engine() -> None:
    assert predict.load() is predict.load("phantom-ffdm", "auto", "f32")
    with pytest.raises(UnknownModel):
        predict.load("no-such-model")
