"""What a worker does with a chunk: the use case with the reader of the run, in this process or on a cluster."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from screening.app.rescoring.reading import ExamReading
from screening.app.settings import Settings
from screening.store.runner import give_way
from screening.workflow.rescore import ChunkWork
from screening.workflow.rescore_ports import ExamRunner
from screening.workflow.rescore_values import RescoreRun

if TYPE_CHECKING:
    from screening.app.compose import Service


def chunk_work(service: Service) -> ChunkWork:
    """Chunks of this installation."""

    def read_all(run: RescoreRun) -> ExamRunner:
        return exam_runner(service.settings, run)

    return ChunkWork(service.units, service.files, read_all, service.ids, give_way)


def exam_runner(settings: Settings, run: RescoreRun) -> ExamRunner:
    """Who reads the exams of a run: a Ray cluster where an address is set, else this process.

    Raises ModelUnusable when the model here is not the version of the run, and without the extra `cluster`.
    """
    if settings.ray_address:
        from screening.app.rescoring.cluster import ClusterReading

        return ClusterReading(settings, run).read_all
    return reading(settings, run).read_all


@lru_cache(maxsize=2)
def reading(settings: Settings, run: RescoreRun) -> ExamReading:
    """The reader of a run, loaded once per process."""
    return ExamReading(settings, run)
