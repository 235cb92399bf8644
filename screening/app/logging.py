"""Structured logs on standard error: one JSON object per line, event names and internal ids, never a person.

What other libraries log goes the same way. Their texts about objects and addresses may name a woman, so the talkative
ones are heard only when they warn, and a traceback is shown at DEBUG only.
"""

from __future__ import annotations

import logging
import sys
from typing import Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

TALKATIVE: Final = ("pynetdicom", "pydicom", "httpx", "httpx2", "httpcore", "httpcore2", "uvicorn.access", "dbos")
"""Loggers of libraries that tell names, ids or addresses below WARNING."""

_SHARED: Final[tuple[Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


class JsonLines(logging.StreamHandler[TextIO]):
    """Writes to what standard error is at that moment."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                processors=[
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.JSONRenderer(),
                ],
                foreign_pre_chain=[*_SHARED, _without_traceback],
            )
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        self.stream = sys.stderr
        super().emit(record)


def get_log() -> structlog.stdlib.BoundLogger:
    """Our own log: events with values. Heard as `configure_logging` says; before that, warnings only."""
    logger: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger("secondread"),
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            _without_traceback,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return logger


def configure_logging(level: str) -> None:
    """Log JSON lines at `level` and above; calling it again changes the level."""
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, JsonLines)]:
        root.removeHandler(handler)
    root.addHandler(JsonLines())
    root.setLevel(level.upper())
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _without_traceback(logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Name the kind of failure only: the text of an error that is not ours may hold anything."""
    failure = event.pop("exc_info", None)
    if failure and isinstance(failure, BaseException | tuple | bool):
        error = failure if isinstance(failure, BaseException) else _current(failure)
        event["failure"] = type(error).__name__ if error is not None else "unknown"
        if logging.getLogger().isEnabledFor(logging.DEBUG):
            event["exc_info"] = failure
            return structlog.processors.format_exc_info(logger, _method, event)
    return event


def _current(failure: object) -> BaseException | None:
    found = failure[1] if isinstance(failure, tuple) else sys.exc_info()[1]
    return found if isinstance(found, BaseException) else None
