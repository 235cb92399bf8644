"""Works jobs off: durable, at least once, one job of a study at a time; handlers are idempotent (ADR 4).

One runner per process. A job that fails for a passing reason is tried again with growing waits; any other failure parks
it with a reason code, where a person finds it. Error texts are neither stored nor logged: they may name a woman.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from typing import Final

from dbos import DBOS, DBOSPortableJSONSerializer, PortableWorkflowError
from dbos import error as engine_error
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from screening.domain.errors import Conflict, StoreUnavailable
from screening.store.job_retries import OnFailure, Retries, on_failure, reason_code
from screening.store.jobs import (
    APPLICATION,
    APPLICATION_VERSION,
    BULK_QUEUE,
    QUEUE,
    WORKFLOW,
    ParkedJob,
    bulk_jobs,
    live_job_due,
    open_client,
    open_view,
    parked_jobs,
    retry_parked,
    unfinished_jobs,
)
from screening.store.liveness import LivenessLock, take_over, try_lock

Handler = Callable[..., None]

Around = Callable[[str, Sequence[str]], AbstractContextManager[None]]
"""Made for each try of a job, by name and ids, and held around it: for logs and measures. It never raises."""

_LOG: Final = logging.getLogger(__name__)
_LISTEN_S: Final = 0.05
_JOIN_S: Final = 10.0


@dataclass(frozen=True)
class JobCounts:
    """What a run came to: jobs done, jobs parked, and jobs still unfinished when it ended."""

    done: int
    parked: int
    unfinished: int


class JobRunner:
    """Runs `handlers[name](*ids)` for every job in the queue, `concurrency` studies at a time.

    `bulk` are handlers of bulk jobs, worked off one at a time; without any, bulk jobs are left to other workers. They
    ask `give_way` between the pieces of their work. The database must be migrated. `poll_s` is how often it looks for
    jobs, `take_over_s` how often for dead workers.
    """

    def __init__(
        self,
        engine: Engine,
        handlers: Mapping[str, Handler],
        *,
        concurrency: int = 2,
        bulk: Mapping[str, Handler] | None = None,
        retries: Retries | None = None,
        poll_s: float = 0.1,
        take_over_s: float = 5.0,
        around: Around = lambda _name, _ids: nullcontext(),
    ) -> None:
        self._engine = engine
        self._bulk = bool(bulk)
        self._handlers = {**handlers, **(bulk or {})}
        self._concurrency = concurrency
        self._retries = retries or Retries()
        self._poll_s = poll_s
        self._take_over_s = take_over_s
        self._around = around
        self._worker = f"worker-{uuid.uuid4().hex[:16]}"
        self._client = open_client(engine)
        self._view = open_view(engine)
        self._changed = threading.Condition()
        self._done = self._parked = self._running = 0
        self._stopping = threading.Event()
        self._lock: LivenessLock | None = None
        self._abandoned: LivenessLock | None = None
        self._stop_once = threading.Lock()
        self._keeper: threading.Thread | None = None

    @property
    def running(self) -> int:
        """How many jobs run in this process now."""
        return self._running

    @property
    def alive(self) -> bool:
        """Whether jobs are being worked off: started, not stopped, and the liveness lock is held."""
        return self._lock is not None and not self._stopping.is_set()

    def start(self) -> None:
        """Start working. Raises Conflict when another runner works in this process."""
        _Active.claim(self)
        with ExitStack() as undo:
            undo.callback(_Active.release, self)
            undo.callback(self.stop, 0)
            self._stopping.clear()
            self._lock = try_lock(self._engine, self._worker)
            self._launch()
            undo.pop_all()

    def _launch(self) -> None:
        _quiet()
        DBOS(
            config={
                "name": APPLICATION,
                "system_database_engine": self._engine,
                "serializer": DBOSPortableJSONSerializer(),
                "application_version": APPLICATION_VERSION,
                "executor_id": self._worker,
                "run_migrations": False,
                "notification_listener_polling_interval_sec": 0.2,
                "log_level": "CRITICAL",
            }
        )
        DBOS.listen_queues([QUEUE, BULK_QUEUE] if self._bulk else [QUEUE])
        self._client.register_queue(
            QUEUE,
            worker_concurrency=self._concurrency,
            partition_concurrency=1,
            polling_interval_sec=self._poll_s,
        )
        self._client.register_queue(BULK_QUEUE, worker_concurrency=1, polling_interval_sec=self._poll_s)
        DBOS.launch()
        take_over(self._client, self._engine)
        self._keeper = threading.Thread(target=self._keep, name="secondread-takeover", daemon=True)
        self._keeper.start()

    def run_until_idle(self, timeout_s: float) -> JobCounts:
        """Start, work until nothing is left or the time is up, and stop."""
        self.start()
        deadline = time.monotonic() + timeout_s
        try:
            while unfinished_jobs(self._view, most=1) and time.monotonic() < deadline:
                with self._changed:
                    self._changed.wait(_LISTEN_S)
        finally:
            self.stop(max(0.0, deadline - time.monotonic()))
        return JobCounts(self._done, self._parked, unfinished_jobs(self._view))

    def stop(self, timeout_s: float = 30.0) -> None:
        """Take no new jobs, wait for those running, and let go of everything; stopping twice is harmless.

        What still runs after `timeout_s` keeps its liveness lock until it ends: no other worker does it meanwhile.
        """
        with self._stop_once:
            lock, self._lock = self._lock, None
            if lock is None:
                return
            self._stopping.set()
            DBOS.destroy(workflow_completion_timeout_sec=int(timeout_s) if self._running else 0)
            if self._keeper is not None and self._keeper is not threading.current_thread():
                self._keeper.join(_JOIN_S)
            with self._changed:
                if self._running:
                    self._abandoned = lock
                else:
                    lock.release()
            _Active.release(self)

    def give_way(self) -> bool:
        """For a bulk job between two pieces: wait until no live job waits anywhere or runs in this process.

        False when this worker is to stop: the job then ends, and sees to it that its rest is done later. A database
        that cannot be asked is waited for like live work.
        """
        while not self._stopping.is_set():
            try:
                if not live_job_due(self._view, self._worker):
                    return True
            except SQLAlchemyError as error:
                _LOG.warning("looking for live jobs failed: %s", type(error).__name__)
            self._stopping.wait(self._poll_s)
        return False

    def bulk_jobs(self, prefix: str) -> Sequence[tuple[str, bool]]:
        """Keys of the bulk jobs that start with this and are not done, and whether each is parked.

        Raises StoreUnavailable.
        """
        try:
            return bulk_jobs(self._view, prefix)
        except SQLAlchemyError as error:
            raise StoreUnavailable(f"the database cannot be used now: {type(error).__name__}") from error

    def parked_jobs(self) -> Sequence[ParkedJob]:
        """Jobs that wait for a person."""
        return parked_jobs(self._view)

    def retry_parked(self, key: str) -> None:
        """Put a parked job back. Raises NotFound."""
        retry_parked(self._client, key)

    def work(self, name: str, ids: Sequence[str]) -> None:
        """Run one job with its retries; raises the parking error that the job engine keeps.

        Errors of the engine itself pass through: it knows what they mean, e.g. that another worker has the job.
        """
        self._count(running=1)
        try:
            DBOS.run_step(
                {
                    "name": name,
                    "retries_allowed": True,
                    "max_attempts": self._retries.attempts,
                    "interval_seconds": self._retries.first_wait_s,
                    "should_retry": _worth_retrying,
                },
                self._attempt,
                name,
                tuple(ids),
            )
        except (_JobFailed, engine_error.DBOSMaxStepRetriesExceeded, PortableWorkflowError) as error:
            self._count(parked=1)
            raise _parking(_code(error)) from None
        else:
            self._count(done=1)
        finally:
            self._count(running=-1)

    def _attempt(self, name: str, ids: Sequence[str]) -> None:
        with self._around(name, ids):
            self._try(name, ids)

    def _try(self, name: str, ids: Sequence[str]) -> None:
        try:
            self._handlers[name](*ids)
        except Exception as error:  # noqa: BLE001  # the engine stores error texts, so it must never see this one
            decision, code = on_failure(error), reason_code(error)
            _LOG.warning("job %s failed: %s (%s) at %s", name, code, type(error).__name__, _where(error))
            raise _JobFailed(code, retry=decision is OnFailure.RETRY) from None

    def _keep(self) -> None:
        """Take over from the dead, and stop when this worker may be taken for dead itself."""
        while not self._stopping.wait(self._take_over_s):
            if self._lock is not None and not self._lock.still_held():
                _LOG.error("the liveness lock is lost; this worker stops")
                self.stop(0)
                return
            try:
                take_over(self._client, self._engine)
            except SQLAlchemyError as error:
                _LOG.warning("taking over jobs failed: %s", type(error).__name__)

    def _count(self, *, running: int = 0, done: int = 0, parked: int = 0) -> None:
        with self._changed:
            self._running += running
            self._done += done
            self._parked += parked
            if not self._running and self._abandoned is not None:
                self._abandoned.release()
                self._abandoned = None
            self._changed.notify_all()


class _JobFailed(Exception):
    """A handler failed; carries the code and nothing else."""

    def __init__(self, code: str, *, retry: bool) -> None:
        super().__init__(code)
        self.code = code
        self.retry = retry


class _Active:
    """The one runner of this process, which the job engine's own global state is bound to."""

    _guard = threading.Lock()
    runner: JobRunner | None = None

    @classmethod
    def claim(cls, runner: JobRunner) -> None:
        with cls._guard:
            if cls.runner is not None:
                raise Conflict("another job runner works in this process")
            cls.runner = runner

    @classmethod
    def release(cls, runner: JobRunner) -> None:
        with cls._guard:
            if cls.runner is runner:
                cls.runner = None


def give_way() -> bool:
    """What a bulk job asks between two pieces of its work (`JobRunner.give_way`); True where no runner works."""
    runner = _Active.runner
    return runner is None or runner.give_way()


@DBOS.workflow(name=WORKFLOW)
def _job(name: str, ids: list[str]) -> None:
    """What the job engine runs for every job."""
    if _Active.runner is None:
        raise _parking("internal_error")
    _Active.runner.work(name, ids)


def _worth_retrying(error: BaseException) -> bool:
    return isinstance(error, _JobFailed) and error.retry


def _parking(code: str) -> PortableWorkflowError:
    return PortableWorkflowError(message=code, name="JobParked", code=code)


def _code(error: BaseException) -> str:
    """The code of the last failure, also when the engine gave up after several or only remembers it."""
    match error:
        case _JobFailed(code=code):
            return code
        case engine_error.DBOSMaxStepRetriesExceeded(errors=[*_, last]):
            return _code(last)
        case PortableWorkflowError(code=str(code)):
            return code
        case _:
            return reason_code(error)


def _where(error: BaseException) -> str:
    """File and line of the failure, without any value."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "unknown"


def _quiet() -> None:
    """Keep the job engine from putting its own handler on the console."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
