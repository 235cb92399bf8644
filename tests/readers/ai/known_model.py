"""A model whose answers are known, over the real preparation of views and the real fusion rule of exams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.pipeline_exam import agreement
from models.predict import ModelInfo
from models.predictions import BreastPrediction, ExamPrediction, FrameSource, ViewPrediction
from models.preprocess import PreparedView, ViewTransform, prepare
from models.regions import Region
from readers.ai.calibration import Calibration, Standing, Stratum
from readers.ai.calibration_maps import LogitMap
from readers.ai.views import ViewKey

INFO = ModelInfo(
    "net", "1", "w" * 64, "crop@1", "p" * 64, "torch", "f32", "torch 2", ("MG",), ("CC", "MLO"), True, "phantom-trained"
)
DBT_INFO = replace(INFO, name="net-dbt", weights_sha256="d" * 64, family="dbt")

CALIBRATION = Calibration(
    id="cal-1",
    product="net@1",
    weights_sha256="w" * 64,
    preprocessing_sha256="p" * 64,
    stratum=Stratum("Maker", "Model", "1.0"),
    mapping=LogitMap(1.2, -3.0),
    prevalence=0.004,
    exam_deciles=tuple(n / 10 for n in range(1, 10)),
    flag_from=10,
    population="reference normals",
    standing=Standing.ACCEPTED,
)
DBT_CALIBRATION = replace(CALIBRATION, id="cal-dbt", product="net-dbt@1", weights_sha256="d" * 64)


@dataclass
class KnownEngine:
    """Answers the same for every view, with one mark at the prepared centre; keeps what it saw."""

    malignancy: float = 0.35
    ood: float = 0.2
    failing: Mapping[int, Exception] = field(default_factory=dict)
    seen: list[NDArray[np.float32]] = field(default_factory=list)

    def answer(self, prepared: PreparedView, **of: Any) -> ViewPrediction:
        """The known answer, or the failure planned for this call, counted from 1."""
        self.seen.append(prepared.array)
        if len(self.seen) in self.failing:
            raise self.failing[len(self.seen)]
        mark = Region(prepared.transform.box_to_source((100.0, 200.0, 130.0, 240.0)), 0.9, "mass", attention=0.7)
        whole = prepared.transform
        return ViewPrediction(
            malignancy=self.malignancy,
            saliency=np.full((40, 28), 0.2, np.float32),
            saliency_transform=ViewTransform(whole.offset_x, whole.offset_y, whole.scale / 16),
            lesion_types={"mass": 1.0, "calcification": 0.0, "distortion": 0.0, "asymmetry": 0.0},
            densities={"a": 0.1, "b": 0.6, "c": 0.2, "d": 0.1},
            regions=(replace(mark, global_score=0.8, local_score=0.95, **of),),
            ood_score=self.ood,
            breast_fraction=0.4,
            notes=prepared.notes,
        )


@dataclass
class KnownModel:
    """A loaded model around the known engine; a volume is answered by its middle frame, after seeing every one."""

    engine: KnownEngine = field(default_factory=KnownEngine)
    info: ModelInfo = INFO
    frames: list[int] = field(default_factory=list)
    exams: list[tuple[set[ViewKey], set[ViewKey]]] = field(default_factory=list)

    def prepare(self, pixels01: NDArray[np.float32], pixel_mm: float) -> PreparedView:
        """As the models do."""
        return prepare(pixels01, pixel_mm)

    def predict(self, prepared: PreparedView) -> ViewPrediction:
        """The known answer."""
        return self.engine.answer(prepared)

    def predict_volume(self, frames: FrameSource) -> ViewPrediction:
        """The known answer, marked in the brightest frame."""
        means = []
        for index in range(frames.count):
            self.frames.append(index)
            means.append(float(frames.frame(index).mean()))
        brightest = int(np.argmax(means))
        return self.engine.answer(prepare(frames.frame(brightest), frames.pixel_mm), frame=brightest)

    def predict_exam(
        self, views: Mapping[ViewKey, ViewPrediction], priors: Mapping[ViewKey, ViewPrediction] | None = None
    ) -> ExamPrediction:
        """Mean per breast, maximum per exam, and the difference from the prior."""
        before = priors or {}
        self.exams.append((set(views), set(before)))
        breasts: dict[Any, BreastPrediction] = {}
        for side in {key[0] for key in views}:
            now = [view.malignancy for key, view in views.items() if key[0] == side]
            then = [view.malignancy for key, view in before.items() if key[0] == side]
            mean = sum(now) / len(now)
            change = mean - sum(then) / len(then) if then else None
            breasts[side] = BreastPrediction(mean, agreement(views, side), change)
        highest = max(breast.malignancy for breast in breasts.values())
        return ExamPrediction(highest, breasts, prior_used=bool(before))
