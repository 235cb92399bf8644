"""Weights fail closed: another byte, key or shape, or no file, never yields a model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from models import cards, registry
from models.architectures import build
from models.architectures.global_local import GlobalLocal
from models.errors import (
    CardInvalid,
    ModelError,
    UnknownModel,
    WeightsHashMismatch,
    WeightsIncompatible,
    WeightsMissing,
)
from models.ood import OodReference
from models.weights import STORE, load_into, save, sha256_of

OOD = OodReference(np.zeros(3), np.eye(3), 2.0)


@pytest.fixture(scope="module")
def network() -> GlobalLocal:
    torch.manual_seed(1)
    network: GlobalLocal = build("global_local.tiny")
    return network.eval()


@pytest.fixture
def saved(network: GlobalLocal, tmp_path: Path) -> tuple[Path, str]:
    path = tmp_path / "some.safetensors"
    return path, save(network, OOD, path)


def test_what_was_saved_is_loaded_and_saving_it_again_changes_nothing(saved: tuple[Path, str], tmp_path: Path) -> None:
    path, digest = saved
    loaded = build("global_local.tiny")
    ood = load_into(loaded, path, digest)
    assert ood.limit == OOD.limit
    assert save(loaded.eval(), ood, tmp_path / "again.safetensors") == digest


def test_one_changed_byte_is_refused(saved: tuple[Path, str]) -> None:
    path, digest = saved
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsHashMismatch):
        load_into(build("global_local.tiny"), path, digest)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing):
        load_into(build("global_local.tiny"), tmp_path / "none.safetensors", "0" * 64)


@pytest.mark.parametrize("change", ["drop", "add", "reshape", "drop ood"])
def test_keys_and_shapes_are_strict(saved: tuple[Path, str], change: str) -> None:
    path, _ = saved
    tensors = load_file(path)
    if change == "drop":
        del tensors["network.global_net.density.bias"]
    elif change == "add":
        tensors["network.extra"] = torch.zeros(1)
    elif change == "reshape":
        tensors["network.global_net.density.bias"] = torch.zeros(9)
    else:
        del tensors["ood.limit"]
    save_file(tensors, path)
    with pytest.raises(WeightsIncompatible):
        load_into(build("global_local.tiny"), path, sha256_of(path))


def test_an_unknown_model_or_architecture_is_refused() -> None:
    with pytest.raises(UnknownModel):
        registry.create_model("no-such-model")
    with pytest.raises(UnknownModel):
        registry.create_model("../cards/phantom-ffdm")
    with pytest.raises(UnknownModel):
        build("no_such.architecture")


def test_a_card_for_another_preprocessing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "identity", lambda: ("breast-crop-1", "f" * 64))
    with pytest.raises(CardInvalid, match="preprocessing"):
        registry.create_model(registry.DEFAULT)


def test_a_card_without_a_field_is_refused(tmp_path: Path) -> None:
    whole = (cards.FOLDER / f"{registry.DEFAULT}.toml").read_text()
    (tmp_path / "broken.toml").write_text(whole.replace("[weights]", "[other]"))
    with pytest.raises(CardInvalid):
        cards.read("broken", tmp_path)


def test_every_error_has_its_own_code() -> None:
    codes = [error.code for error in ModelError.__subclasses__()]
    assert len(set(codes)) == len(codes) >= 6


@pytest.mark.parametrize("name", registry.list_models())
def test_every_shipped_file_is_the_one_its_card_names_and_small_enough_to_ship(name: str) -> None:
    card = cards.read(name)
    path = STORE / card.weights_file
    assert sha256_of(path) == card.weights_sha256 == cards.reference(name).weights_sha256
    assert path.stat().st_size < 20_000_000
    assert card.label == "phantom-trained, not for clinical use"
