"""`python -m models.train`: the whole run from seeds to shipped files.

Writes the weights, the card and the reference scores into the package (or `--out`); keeps caches and checkpoints in
`--work`, from which an interrupted run goes on.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.architectures import build
from models.cards import FOLDER
from models.engines.torch_engine import TorchEngine
from models.ood import OodReference, fit
from models.registry import DEFAULT
from models.train.cache import fingerprint, samples
from models.train.heldout import descriptors, score_exams
from models.train.loop import train
from models.train.plan import HELD_OUT_SEEDS, SMOKE, TRAIN_SEEDS, VALIDATION_SEEDS, TrainPlan
from models.train.publish import Published, write_card, write_reference
from models.weights import STORE, load_into, save

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.architectures.saliency_fpn import SaliencyFpn
    from models.train.heldout import HeldOutView

OOD_TRAINING_BREASTS = 300
"""How many training breasts describe the training distribution."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run training; return the process's exit code."""
    options = _options(arguments)
    plan = SMOKE if options.smoke else TrainPlan()
    if options.workers:
        plan = replace(plan, workers=options.workers, threads=options.workers)
    run(plan, options.name, options.work, options.cards, options.store, _reporter())
    return 0


def run(
    plan: TrainPlan, name: str, work: Path, cards: Path, store: Path, report: Callable[[str], None]
) -> tuple[Published, list[HeldOutView]]:
    """Train, publish and judge one model; return what was published and the held-out views it was judged on."""
    data = samples(TRAIN_SEEDS, plan.breasts, plan.malignant_share, work, plan.workers, report)
    validation = samples(VALIDATION_SEEDS, plan.validation_breasts, plan.malignant_share, work, plan.workers, report)
    network = train(plan, data, validation, work / f"{name}-{fingerprint()[:12]}.checkpoint.pt", report)
    file = f"{name}-{plan.architecture}.safetensors"
    published = Published(name, file, _publish_weights(plan, network, store / file, report), fingerprint())
    engine = _reloaded(plan, store / file, published.weights_sha256)
    views: list[HeldOutView] = []
    for offset, vendor in enumerate(("style-a", "style-b")):
        first = HELD_OUT_SEEDS + offset * plan.held_out_exams_per_vendor
        seeds = range(first, first + plan.held_out_exams_per_vendor)
        views += score_exams(engine, seeds, vendor, plan.held_out_malignant_share, plan.workers, report)
    write_card(cards / f"{name}.toml", published, plan, views)
    write_reference(cards / f"{name}.reference.json", published, views)
    report(f"published {name} {published.weights_sha256[:12]}")
    return published, views


def _publish_weights(plan: TrainPlan, network: SaliencyFpn, path: Path, report: Callable[[str], None]) -> str:
    """Save, reload what rounding left, measure the training distribution with it, save again; return the SHA-256."""
    blank = OodReference(np.zeros(1), np.zeros((1, 1)), 1.0)
    engine = _reloaded(plan, path, save(network, blank, path))
    report("measuring the training distribution")
    count = min(OOD_TRAINING_BREASTS, plan.breasts)
    inside = descriptors(engine, range(TRAIN_SEEDS, TRAIN_SEEDS + count), plan.malignant_share)
    seeds = range(VALIDATION_SEEDS, VALIDATION_SEEDS + plan.validation_breasts)
    return save(network, fit(inside, descriptors(engine, seeds, plan.malignant_share)), path)


def _reloaded(plan: TrainPlan, path: Path, sha256: str) -> TorchEngine:
    """Return an engine on the file as it will ship."""
    network = build(plan.architecture)
    ood = load_into(network, path, sha256)
    return TorchEngine(network.eval(), ood)


def _reporter() -> Callable[[str], None]:
    """Return a function that keeps one progress line on a terminal and writes lines elsewhere."""
    started, terminal = time.perf_counter(), sys.stderr.isatty()

    def report(text: str) -> None:
        line = f"[{time.perf_counter() - started:6.0f} s] {text}"
        sys.stderr.write(f"\r{line:<100}" if terminal else line + "\n")
        sys.stderr.flush()

    return report


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m models.train", description=__doc__)
    parser.add_argument("--name", default=DEFAULT, help="name of the card and weights to write")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "secondread-train")
    parser.add_argument("--cards", type=Path, default=FOLDER, help="folder for card and reference scores")
    parser.add_argument("--store", type=Path, default=STORE, help="folder for the weights")
    parser.add_argument("--workers", type=int, default=0, help="processes and threads to use")
    parser.add_argument("--smoke", action="store_true", help="run the whole chain on a handful of phantoms")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
