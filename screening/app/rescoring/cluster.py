"""Reads the exams of a chunk on a Ray cluster: the extra `cluster`, and only where an address is set.

Ray keeps nothing that matters: the chunk, its exams and every result are in our own queue and tables, and an exam
whose answer was lost is read again. Nodes must see archive and store under the same paths, have this program
installed, and stand in a network of their own: Ray asks nobody who they are.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any, Final

from pydantic import SecretStr

from screening.app.settings import Settings
from screening.domain.errors import ModelUnusable, SecondReadError, StoreUnavailable
from screening.workflow.rescore_values import ExamOrder, Rescored, RescoreRun

_PER_CPU: Final = 2
"""Exams under way for each processor of the cluster, so that none waits for its next one."""
_TRIES: Final = 3
"""How often an exam is read again whose node went away."""


class ClusterReading:
    """The nodes of a cluster as one reader."""

    def __init__(self, settings: Settings, run: RescoreRun) -> None:
        """Raises StoreUnavailable when the cluster cannot be reached now: the chunk is tried again.

        Raises ModelUnusable without the extra `cluster`.
        """
        self._ray = ray = _ray()
        try:
            if not ray.is_initialized():
                ray.init(address=settings.ray_address, log_to_driver=False, logging_level=logging.ERROR)
            self._context = ray.put((_without_secrets(settings), run))
            self._room = max(1, _PER_CPU * int(ray.cluster_resources().get("CPU", 1)))
        except (ConnectionError, ray.exceptions.RayError, TimeoutError) as error:
            raise StoreUnavailable(f"the cluster cannot be used now: {type(error).__name__}") from error

    def read_all(self, orders: Iterable[ExamOrder]) -> Iterator[Rescored]:
        """Answers as they come; orders are taken while there is room. Raises what the reader of a node raises."""
        under_way, task = list[Any](), _task(self._ray)
        for order in orders:
            under_way.append(task.remote(self._context, order))
            if len(under_way) >= self._room:
                yield self._next(under_way)
        while under_way:
            yield self._next(under_way)

    def _next(self, under_way: list[Any]) -> Rescored:
        ray = self._ray
        (done, *_), rest = ray.wait(under_way, num_returns=1)
        under_way[:] = rest
        try:
            answer: Rescored = ray.get(done)
        except ray.exceptions.RayTaskError as error:
            raise _cause(error) from error
        except ray.exceptions.RayError as error:
            raise StoreUnavailable(f"the cluster lost an exam: {type(error).__name__}") from error
        return answer


def _ray() -> Any:
    """The library, imported when a cluster is asked for and not before."""
    try:
        return import_module("ray")
    except ImportError as missing:
        raise ModelUnusable("reading on a cluster needs the extra: pip install 'secondread[cluster]'") from missing


def _task(ray: Any) -> Any:
    return ray.remote(num_cpus=1, max_retries=_TRIES)(_read)


def _read(context: tuple[Settings, RescoreRun], order: ExamOrder) -> Rescored:
    """What a node does; its process keeps the reader for the next exam."""
    from screening.app.rescoring.working import reading

    return reading(*context).read(order)


def _cause(error: Any) -> Exception:
    """The error of ours that a node raised, else one that says its kind only."""
    cause = error.cause
    return cause if isinstance(cause, SecondReadError) else StoreUnavailable(f"a node failed: {type(cause).__name__}")


def _without_secrets(settings: Settings) -> Settings:
    """What a node may know: neither the database nor tokens."""
    return settings.model_copy(update={"database_url": "", "remote_reader_token": SecretStr(""), "ray_address": ""})
