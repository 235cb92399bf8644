"""The whole of training for one model: planes, global net, windows, local net, readings, view head, exam network."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch

from models.architectures import build
from models.architectures.dbt_slab import DbtSlab
from models.ood import fit
from models.train import (
    reading,
    samples,
    stage_fusion,
    stage_global,
    stage_local,
    stage_slabs,
    stage_view,
    store,
    volumes,
    windows,
)
from models.train.networks import saved
from models.train.plan import FUSION_SEEDS, TRAIN_SEEDS, VALIDATION_SEEDS
from models.train.planes import joined, subset
from models.weights import sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from models.architectures.exam_fusion import ExamFusion
    from models.architectures.global_local import GlobalLocal
    from models.ood import OodReference
    from models.train.plan import TrainPlan
    from models.train.planes import Planes
    from models.train.progress import Progress
    from models.train.reading import Readings
    from models.train.samples import Draw
    from models.train.stage_local import Windows

    Reader = GlobalLocal | DbtSlab
    Columns = dict[str, NDArray[np.generic]]

SCREENING_OFFSET = 500_000
"""Screening women of a split begin this far behind its rich ones."""
SHARES = {"planes": 0.28, "global": 0.34, "windows": 0.08, "local": 0.14, "readings": 0.16}
"""How a limit of minutes is divided among the stages that take any."""


@dataclass
class Trained:
    """What training leaves: both networks in eval mode, the training distribution, and what was really run."""

    network: Reader
    fusion: ExamFusion
    ood: OodReference
    ran: dict[str, float] = field(default_factory=dict)
    judged: dict[str, float] = field(default_factory=dict)


def train(plan: TrainPlan, work: Path, progress: Progress) -> Trained:
    """Train one model from its plan; everything already in `work` is used and not made again."""
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    network = build(plan.architecture).to(memory_format=torch.channels_last)
    fusion = build(plan.fusion)
    run = Run(plan, work, progress)
    rich, screening, validation = run.planes()
    run.global_net(network, joined([rich, screening]), screening, validation)
    run.local_net(network)
    ood = run.heads(network, fusion)
    return Trained(network.eval(), fusion.eval(), ood, run.ran, run.judged)


class Run:
    """One run of a plan in a work folder."""

    def __init__(self, plan: TrainPlan, work: Path, progress: Progress) -> None:
        self.plan, self.work, self.progress = plan, work, progress
        self.ran: dict[str, float] = {}
        self.judged: dict[str, float] = {}
        self._side_windows: dict[str, list[Columns]] = {}
        side = f"-fold{plan.fold}of{plan.folds}" if plan.folds else ""
        self._tag = f"{plan.family}-{plan.teaching_sha256()[:8]}-{store.fingerprint()[:8]}{side}"
        work.mkdir(parents=True, exist_ok=True)

    def planes(self) -> tuple[Planes, Planes, Planes]:
        """Return the planes of rich, screening and validation women."""
        plan = self.plan
        counts = {"rich": plan.rich_breasts, "screening": plan.screening_breasts, "validation": plan.validation_breasts}
        began = time.monotonic()
        found = [self._drawn(split, count, sum(counts.values())) for split, count in counts.items()]
        self._note("planes", began, sum(map(len, found)))
        return found[0], found[1], found[2]

    def global_net(self, network: Reader, everything: Planes, screening: Planes, validation: Planes) -> None:
        """Train the global net, then fit what speaks for whole images."""
        plan, net, began = self.plan, network.global_net, time.monotonic()
        checkpoint = self.work / f"{self._tag}-global.pt"
        epochs = stage_global.train_on_crops(
            plan, net, everything, validation, checkpoint, self.progress, self._minutes("global")
        )
        rng = np.random.Generator(np.random.PCG64([plan.seed, 7]))
        stage_global.settle(plan, net, everything, rng)
        stage_global.fit_pooling(plan, net, screening, self.progress)
        self.progress.row("settled", epochs, **stage_global.figures(net, validation))
        self._note("global", began, epochs)

    def local_net(self, network: Reader) -> None:
        """Train the local net: in 2D on windows the global net chose, else on those cut with the slabs."""
        plan, began = self.plan, time.monotonic()
        if self._side_windows:
            sides = self._side_windows
            data = stage_local.from_columns(sides["rich"] + sides["screening"]).kept(plan.teaches)
            return self._train_local(network, data, stage_local.from_columns(sides["validation"]))
        weights = saved(network, self.work / f"{self._tag}-after-global.pt")
        rich = self._windows("rich", TRAIN_SEEDS, plan.rich_breasts // 2, weights, 0.5)
        screened = self._windows("screening", TRAIN_SEEDS + SCREENING_OFFSET, plan.screening_breasts, weights, 0.5)
        data = stage_local.from_columns(rich + screened).kept(plan.teaches)
        first = VALIDATION_SEEDS + SCREENING_OFFSET
        judged = stage_local.from_columns(self._windows("screening", first, plan.validation_breasts, weights, 0.0))
        self._note("windows", began, len(data.labels))
        return self._train_local(network, data, judged)

    def heads(self, network: Reader, fusion: ExamFusion) -> OodReference:
        """Train the view head and the exam network on readings; return the training distribution."""
        plan, began = self.plan, time.monotonic()
        weights = saved(network, self.work / f"{self._tag}-after-local.pt")
        data = self._readings(FUSION_SEEDS, plan.fusion_exams, weights, 1.0)
        judged = self._readings(VALIDATION_SEEDS, plan.validation_exams, weights, 0.0)
        self._note("readings", began, len(data))
        teaches = plan.teaches(data.women)
        data, judged = (data.take(teaches), data.take(~teaches)) if plan.folds else (data, judged)
        split = max(1, int(plan.head_share * len(data)))
        first, second = data.take(np.arange(split)), data.take(np.arange(split, len(data)))
        if isinstance(network, DbtSlab):
            first, second, judged = self._train_slabs(network, first, second, judged)
        self._train_heads(network, fusion, first, second, judged)
        taught = np.concatenate([_descriptors(first), _descriptors(second)])
        return fit(taught, _descriptors(judged))

    def _train_slabs(
        self, network: DbtSlab, first: Readings, second: Readings, judged: Readings
    ) -> tuple[Readings, Readings, Readings]:
        """Train how slabs are weighed, and say again what the readings hold of whole volumes."""
        began, path = time.monotonic(), self.work / f"{self._tag}-slabs.pt"
        epochs = stage_slabs.train_slab_head(self.plan, network.slab_head, first, judged, path, self.progress)
        self._note("slabs", began, epochs)
        told = [stage_slabs.reread(network.slab_head, part) for part in (first, second, judged)]
        return told[0], told[1], told[2]

    def _train_local(self, network: Reader, data: Windows, judged: Windows) -> None:
        began = time.monotonic()
        checkpoint = self.work / f"{self._tag}-local.pt"
        epochs = stage_local.train_on_windows(
            self.plan, network.local_net, data, judged, checkpoint, self.progress, self._minutes("local")
        )
        self._note("local", began, epochs)

    def _train_heads(
        self, network: Reader, fusion: ExamFusion, first: Readings, second: Readings, judged: Readings
    ) -> None:
        plan, progress, began = self.plan, self.progress, time.monotonic()
        paths = [self.work / f"{self._tag}-{part}.pt" for part in ("view", "fusion")]
        epochs = stage_view.train_view_head(plan, network.view_head, first, judged, paths[0], progress)
        self._note("view", began, epochs)
        began = time.monotonic()
        epochs = stage_fusion.train_fusion(plan, fusion, network.view_head, second, judged, paths[1], progress)
        self.judged = stage_fusion.figures(fusion, stage_fusion.Exams(network.view_head, judged))
        self._note("fusion", began, epochs)

    def _drawn(self, split: str, count: int, all_breasts: int) -> Planes:
        """Planes of one split; validation women are drawn like screened ones."""
        draw: Draw = "rich" if split == "rich" else "screening"
        first = VALIDATION_SEEDS if split == "validation" else TRAIN_SEEDS
        first += SCREENING_OFFSET * (draw == "screening")
        make = partial(self._plane_maker(), draw=draw, malignant_share=self.plan.malignant_share)
        seconds = 60 * self._minutes("planes") * count / all_breasts
        chunks = self._generated(split, make, range(first, first + count), seconds)
        if "windows" in chunks[0]:
            self._side_windows[split] = [stage_local.side_columns(chunk) for chunk in chunks]
        planes = samples.from_columns(chunks)
        return planes if split == "validation" else subset(planes, self.plan.teaches(planes.women))

    def _plane_maker(self) -> Callable[..., Columns]:
        return samples.plane_columns if self.plan.family == "ffdm" else volumes.slab_columns

    def _windows(self, draw: Draw, first: int, count: int, weights: Path, part: float) -> list[Columns]:
        plan = self.plan
        make = partial(
            windows.window_columns,
            draw=draw,
            malignant_share=plan.malignant_share,
            architecture=plan.architecture,
            weights=weights,
            most=plan.windows_per_view,
        )
        kind = f"windows-{draw}-{sha256_of(weights)[:8]}"
        return self._generated(kind, make, range(first, first + count), 60 * part * self._minutes("windows"))

    def _readings(self, first: int, count: int, weights: Path, part: float) -> Readings:
        plan = self.plan
        make = partial(
            reading.reading_columns,
            malignant_share=plan.fusion_malignant_share,
            architecture=plan.architecture,
            weights=weights,
            family=plan.family,
            priors=plan.priors,
        )
        kind = f"readings-{sha256_of(weights)[:8]}{'-priors' * plan.priors}"
        seconds = 60 * part * self._minutes("readings")
        return reading.from_columns(self._generated(kind, make, range(first, first + count), seconds))

    def _generated(self, kind: str, make: partial[Columns], women: range, seconds: float) -> list[Columns]:
        plan = self.plan
        name = f"{kind}-{plan.family}-{plan.malignant_share:g}-{plan.fusion_malignant_share:g}-{plan.windows_per_view}"
        return store.generated(name, make, women, self.work, plan.workers, self.progress, seconds)

    def _minutes(self, stage: str) -> float:
        return SHARES[stage] * self.plan.minutes

    def _note(self, stage: str, began: float, amount: float) -> None:
        """Keep what a stage really ran, and its minutes, those of interrupted runs included."""
        path = self.work / f"{self._tag}-minutes.json"
        minutes: dict[str, float] = json.loads(path.read_text()) if path.is_file() else {}
        minutes[stage] = minutes.get(stage, 0.0) + (time.monotonic() - began) / 60
        path.write_text(json.dumps(minutes))
        self.ran[stage] = amount
        self.ran[f"{stage}_minutes"] = round(minutes[stage], 2)


def _descriptors(data: Readings) -> NDArray[np.float64]:
    return data.descriptors[:, 0].reshape(-1, data.descriptors.shape[-1])
