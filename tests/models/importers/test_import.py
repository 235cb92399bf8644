"""A published checkpoint loads key for key, twice to the same bytes; any other file is refused by name."""

from __future__ import annotations

import argparse
import itertools
import tomllib
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from models.errors import (
    CardInvalid,
    CheckpointMismatch,
    CheckpointNeedsCode,
    CheckpointUnreadable,
    ModelError,
    UnknownModel,
    WeightsHashMismatch,
)
from models.importers.__main__ import main
from models.importers.convert import LABEL, Imported, Options, import_checkpoint
from models.importers.loaded import load
from tests.models.importers import published

ATTO = {"backbone": "convnext_atto"}


def _state(kind: str) -> published.State:
    return {
        "gmic": published.gmic,
        "timm": published.convnext_atto,
        "mirai": published.mirai,
    }[kind]()


def _import(kind: str, path: Path, out: Path, **given: object) -> Imported:
    network = ATTO if kind == "timm" else None
    return import_checkpoint(kind, path, out, Options("tried", network=network, **given))  # type: ignore[arg-type]


@pytest.fixture(scope="module", params=["timm", "mirai", "gmic"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def checkpoint(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp(kind) / "published.pth"
    torch.save(OrderedDict(_state(kind)), path)
    return path


@pytest.fixture(scope="module")
def imported(kind: str, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Imported:
    return _import(kind, checkpoint, tmp_path_factory.mktemp("imported"), licence="obtained from its authors")


def test_every_published_tensor_is_taken_or_named_as_unused(kind: str, imported: Imported) -> None:
    taken, state = load_file(imported.weights), _state(kind)
    assert len(taken) + len(imported.unused) == len(state)
    used = sorted(float(value.double().sum()) for key, value in state.items() if key not in imported.unused)
    assert np.allclose(used, sorted(float(value.double().sum()) for value in taken.values()), atol=1e-6)
    card = tomllib.loads(imported.card.read_text())
    assert tuple(card["source"]["unused"]) == imported.unused


def test_the_card_says_what_it_is_and_what_it_is_not(imported: Imported) -> None:
    card = tomllib.loads(imported.card.read_text())
    assert card["label"] == LABEL == "imported, not commissioned here"
    assert card["phantom_trained"] is False
    assert card["licence"] == "obtained from its authors"
    assert card["commissioning"]["done"] is False
    assert len(card["source"]["sha256"]) == len(card["weights"]["sha256"]) == 64
    assert card["preprocessing"]["plan"]["rows"] >= 2048


def test_the_same_checkpoint_gives_the_same_bytes(
    kind: str, checkpoint: Path, imported: Imported, tmp_path: Path
) -> None:
    again = _import(kind, checkpoint, tmp_path, licence="obtained from its authors")
    assert again.card.read_bytes() == imported.card.read_bytes()
    assert again.weights.read_bytes() == imported.weights.read_bytes()


def test_changed_weights_or_preprocessing_do_not_load(imported: Imported, tmp_path: Path) -> None:
    card = imported.card.read_text()
    (tmp_path / imported.card.name).write_text(card.replace("rows = 2", "rows = 1"))
    with pytest.raises(CardInvalid, match="preprocessing was changed"):
        load(tmp_path)
    (tmp_path / imported.card.name).write_text(card)
    (tmp_path / imported.weights.name).write_bytes(b"other")
    with pytest.raises(WeightsHashMismatch):
        load(tmp_path)


@pytest.mark.parametrize("small", ["timm", pytest.param("mirai", marks=pytest.mark.slow)])
def test_a_file_of_tensors_gives_the_same_weights_whatever_its_order(small: str, tmp_path: Path) -> None:
    state = _state(small)
    torch.save(state, tmp_path / "published.pth")
    save_file(dict(reversed(state.items())), tmp_path / "weights.safetensors")
    one = _import(small, tmp_path / "published.pth", tmp_path / "one")
    other = _import(small, tmp_path / "weights.safetensors", tmp_path / "other")
    assert one.weights.read_bytes() == other.weights.read_bytes()
    assert load(tmp_path / "other").info == load(tmp_path / "one").info


@pytest.mark.parametrize("change", ["missing", "unexpected", "of another shape", "not finite"])
def test_a_wrong_tensor_is_refused_by_name_and_nothing_is_written(kind: str, change: str, tmp_path: Path) -> None:
    state = published.hollow(_state(kind))
    name = next(key for key in state if key.endswith("conv1.weight") or key == "head.fc.weight")
    if change == "missing":
        del state[name]
    elif change == "unexpected":
        state[name.replace("weight", "wait")] = torch.zeros(1)
    elif change == "of another shape":
        state[name] = state[name][..., :1]
    else:
        state[name] = state[name] * torch.nan
    torch.save(state, tmp_path / "wrong.pth")
    with pytest.raises(CheckpointMismatch, match=change) as refusal:
        _import(kind, tmp_path / "wrong.pth", tmp_path / "out")
    told = name.rpartition(".")[0].rpartition(".")[2]
    assert told in str(refusal.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("of", "other"), [*itertools.permutations(["gmic", "timm", "mirai"], 2)])
def test_another_networks_file_is_refused(of: str, other: str, tmp_path: Path) -> None:
    torch.save(published.hollow(_state(other)), tmp_path / "other.pth")
    with pytest.raises(CheckpointMismatch, match=r"missing.*unexpected"):
        _import(of, tmp_path / "other.pth", tmp_path / "out")


@pytest.mark.parametrize("name", ["photo.png", "weights.safetensors", "empty.pth"])
def test_a_file_that_is_no_checkpoint_is_refused(name: str, tmp_path: Path) -> None:
    content = b"" if name == "empty.pth" else b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointUnreadable, match=name.partition(".")[0]):
        _import("gmic", tmp_path / name, tmp_path / "out")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointUnreadable, match=r"no file none\.pth"):
        _import("gmic", tmp_path / "none.pth", tmp_path / "out")


class Trap:
    """Runs code when unpickled in the ordinary way."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("/nonexistent-trap"),))  # type: ignore[return-value]


def test_a_checkpoint_that_needs_code_is_refused_without_running_it(tmp_path: Path) -> None:
    torch.save({"state_dict": Trap()}, tmp_path / "trap.pth")
    with pytest.raises(CheckpointNeedsCode, match=r"save_file.*docs/importing-models") as refusal:
        _import("mirai", tmp_path / "trap.pth", tmp_path / "out")
    assert refusal.value.code == "model_checkpoint_needs_code"


def test_a_pickled_module_as_mirai_publishes_it_is_refused_with_what_to_do(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module.p")
    with pytest.raises(CheckpointNeedsCode, match=r"content\.state_dict\(\)"):
        _import("mirai", tmp_path / "module.p", tmp_path / "out")


@pytest.mark.parametrize(("table", "taken"), [(None, "state_dict_ema"), ("state_dict", "state_dict")])
def test_a_training_checkpoint_is_opened_at_the_averaged_weights_or_the_table_asked_for(
    table: str | None, taken: str, tmp_path: Path
) -> None:
    plain, averaged = published.convnext_atto(seed=4), published.convnext_atto(seed=5)
    content = {
        "epoch": 11,
        "args": argparse.Namespace(model="convnext_atto", lr=0.1),
        "state_dict": {f"module.{key}": value for key, value in plain.items()},
        "state_dict_ema": averaged,
    }
    torch.save(content, tmp_path / "fold0.pth.tar")
    done = _import("timm", tmp_path / "fold0.pth.tar", tmp_path / "out", table=table)
    expected = averaged if taken == "state_dict_ema" else plain
    assert torch.equal(load_file(done.weights)["model.head.fc.bias"], expected["head.fc.bias"])
    assert tomllib.loads(done.card.read_text())["source"]["table"] == taken


def test_a_table_that_is_not_there_is_refused_with_what_is(tmp_path: Path) -> None:
    torch.save({"epoch": 3, "weights_of_mine": {}}, tmp_path / "odd.pth")
    with pytest.raises(CheckpointUnreadable, match="weights_of_mine"):
        _import("timm", tmp_path / "odd.pth", tmp_path / "out")


def test_keys_the_user_drops_are_named_in_the_card(tmp_path: Path) -> None:
    torch.save(published.hollow(published.gmic()) | {"shared.weight": torch.zeros(3)}, tmp_path / "more.pth")
    with pytest.raises(CheckpointMismatch, match=r"1 unexpected: shared\.weight"):
        _import("gmic", tmp_path / "more.pth", tmp_path / "out")
    assert _import("gmic", tmp_path / "more.pth", tmp_path / "out", drop=("shared.",)).unused == ("shared.weight",)


def test_an_earlier_name_of_the_last_layer_of_gmic_is_known(tmp_path: Path) -> None:
    state = {
        key.replace("fusion_dnn", "fusion_network"): value for key, value in published.hollow(published.gmic()).items()
    }
    torch.save(state, tmp_path / "early.pth")
    assert "fusion_dnn.weight" in load_file(_import("gmic", tmp_path / "early.pth", tmp_path / "out").weights)


def test_a_risk_factor_of_unknown_place_is_refused(tmp_path: Path) -> None:
    state = published.hollow(published.mirai())
    state["_model.pool.shoe_size_fc.weight"] = torch.zeros(1, 512)
    torch.save(state, tmp_path / "odd.pth")
    with pytest.raises(CheckpointMismatch, match="shoe_size"):
        _import("mirai", tmp_path / "odd.pth", tmp_path / "out")


@pytest.mark.parametrize("name", ["../out", "", "a b", "x" * 65])
def test_a_name_that_is_no_file_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(CardInvalid):
        import_checkpoint("gmic", tmp_path / "published.pth", tmp_path, Options(name))


def test_an_unknown_kind_or_backbone_is_refused(tmp_path: Path) -> None:
    torch.save(published.hollow(published.convnext_atto()), tmp_path / "published.pth")
    with pytest.raises(UnknownModel, match="gmic"):
        import_checkpoint("glam", tmp_path / "published.pth", tmp_path, Options("tried"))
    options = Options("tried", network={"backbone": "convnext_none"})
    with pytest.raises(UnknownModel, match="no model called"):
        import_checkpoint("timm", tmp_path / "published.pth", tmp_path, options)


def test_the_command_writes_the_folder_or_tells_the_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save(published.hollow(published.mirai()), tmp_path / "snapshot.pth")
    asked = ["--checkpoint", str(tmp_path / "snapshot.pth"), "--name", "tried", "--out", str(tmp_path / "out")]
    assert main(["mirai", *asked, "--licence", "mine"]) == 0
    assert LABEL in capsys.readouterr().out
    assert main(["gmic", *asked]) == 2
    assert capsys.readouterr().err.startswith("model_checkpoint_mismatch: ")


def test_every_refusal_has_a_code_of_its_own() -> None:
    kinds: list[type[ModelError]] = [CheckpointUnreadable, CheckpointNeedsCode, CheckpointMismatch]
    assert len({error.code for error in kinds} | {ModelError.code}) == 4
