"""The models of the native reader: the one that was asked for, and the shipped one for volumes beside it."""

from __future__ import annotations

from models import predict, registry
from models.errors import ModelError, UnknownModel
from readers.ai.calibration import Calibrations
from readers.ai.reader import NeuralReader
from screening.domain.errors import ModelNotFound, ModelUnusable

VOLUMES = "phantom-dbt"
"""The shipped model that reads tomosynthesis, where one was trained."""


def native_reader(
    model: str,
    calibrations: Calibrations,
    engine: predict.EngineName = "auto",
    precision: predict.Precision = "f32",
) -> NeuralReader:
    """The reader around the model of this name, "" for the shipped one, and around the shipped one for volumes.

    Raises ModelNotFound or ModelUnusable: a model is loaded exactly as its card says or not at all. Without a model
    for volumes, volumes are refused.
    """
    try:
        chosen = predict.load(model or registry.DEFAULT, engine, precision)
        volumes = _volumes(engine, precision) if chosen.info.family == "ffdm" else None
    except UnknownModel as error:
        raise ModelNotFound(str(error)) from error
    except ModelError as error:
        raise ModelUnusable(f"{error.code}: {error}") from error
    return NeuralReader(chosen, calibrations, volumes=volumes)


def _volumes(engine: predict.EngineName, precision: predict.Precision) -> predict.LoadedModel | None:
    try:
        return predict.load(VOLUMES, engine, precision)
    except UnknownModel:
        return None
