"""The command that makes the shipped files, run small: resumable, the same twice, and readable by the front door."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models import cards
from models.predict import assemble
from models.train import loop
from models.train.__main__ import run
from models.train.loop import Shuffled, Stage, optimise
from models.train.plan import FFDM, smoke
from models.train.progress import Progress

PLAN = replace(
    smoke(FFDM), rich_breasts=1, screening_breasts=1, validation_breasts=1, fusion_exams=2, validation_exams=1,
    held_out_exams=1, priors=False, held_out_pixel_mm=0.2,
)  # fmt: skip


@pytest.mark.slow
def test_training_twice_gives_the_same_files_and_a_model_that_reads(tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    published = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        found, report = run(PLAN, "try", folder, (folder, folder, folder), Progress(folder / "log.csv", quiet=True))
        published.append((found.weights_sha256, report.marks))
        assert "global" in (folder / "log.csv").read_text(encoding="utf-8")
    torch.set_num_threads(threads)
    assert published[0] == published[1]
    card = cards.read("try", tmp_path / "one")
    assert set(card.graphs) == {"global", "local", "view", "fusion"}
    content = tomllib.loads((tmp_path / "one" / "try.toml").read_text(encoding="utf-8"))
    assert content["training"]["ran"]["global"] == 1
    assert content["held_out"]["first_woman"] == 2_000_000
    assert "not for clinical use" in (tmp_path / "one" / "try.md").read_text(encoding="utf-8")
    model = assemble(card, tmp_path / "one", "torch", threads=1)
    assert 0.0 <= model.predict_view(np.full((600, 400), 0.4, np.float32), 0.3).malignancy <= 1.0


class Line(torch.nn.Module):
    """The smallest network that can be trained."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return one number per row."""
        answer: torch.Tensor = self.layer(x)
        return answer


def trained(checkpoint: Path, stop_after: int | None, epochs: int = 3) -> torch.Tensor:
    """Train the line, dying after some epochs where asked; return its weights."""
    torch.manual_seed(4)
    network = Line()

    def losses(epoch: int, rng: np.random.Generator):  # type: ignore[no-untyped-def]
        if epoch == stop_after:
            raise KeyboardInterrupt
        for _ in range(60):
            x = torch.from_numpy(rng.standard_normal((16, 3), dtype=np.float32))
            yield (network(x) - x.sum(1, keepdim=True)).square().mean(), 16

    stage = Stage("line", epochs, 60, 0.1, 0.0, seed=1)
    optimise(stage, network, losses, checkpoint, Progress(quiet=True))
    return network.layer.weight.detach()


def test_a_killed_run_goes_on_and_ends_where_an_unbroken_one_does(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole.pt", None)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "broken.pt", 2)
    assert torch.equal(trained(tmp_path / "broken.pt", None), whole)
    assert float((whole - 1.0).abs().max()) < 0.5


def test_an_epoch_meets_every_item_once_in_an_order_of_its_own() -> None:
    seen: list[list[int]] = []

    def loss(index: np.ndarray, rng: np.random.Generator) -> torch.Tensor:
        seen.append([*index.tolist(), int(rng.integers(9))])
        return torch.zeros(())

    batches = Shuffled(9, 4, loss)
    for epoch in (0, 1):
        assert [count for _, count in batches.losses(epoch, np.random.default_rng(epoch))] == [4, 4]
    first, second = ([i for batch in part for i in batch[:-1]] for part in (seen[:2], seen[2:]))
    assert len(set(first)) == len(set(second)) == 8
    assert first != second
    assert [count for _, count in Shuffled(3, 4, loss).losses(0, np.random.default_rng(1))] == [3]


def test_a_limit_of_minutes_lowers_the_epochs_but_never_to_none() -> None:
    network = Line()

    def losses(epoch: int, rng: np.random.Generator):  # type: ignore[no-untyped-def]
        del epoch, rng
        while True:
            yield network(torch.ones(4, 3)).mean(), 4

    before = network.layer.weight.detach().clone()
    assert loop._affordable(Stage("line", 50, 10**9, 0.1, 0.0, 1, minutes=0.1), network, losses) == 1
    assert loop._affordable(Stage("line", 50, 1, 0.1, 0.0, 1, minutes=5.0), network, losses) == 50
    assert torch.equal(network.layer.weight, before)
