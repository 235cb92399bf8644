"""Finds readers among the installed packages by entry point; one that is unknown or broken is a coded error."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points

from readers.plugins.contract import GROUP, ReaderContext, ReaderFactory, ReaderPlugin, Scope
from readers.plugins.scoped import ScopedReader
from screening.domain.errors import ModelNotFound, ModelUnusable, SecondReadError

FOREIGN_FAILURES = (ImportError, AttributeError, TypeError, ValueError, LookupError, RuntimeError, OSError)
"""How code that is not ours fails when it is loaded or built."""


def installed() -> Mapping[str, EntryPoint]:
    """Every reader that an installed package declares, by name, sorted.

    Raises ModelUnusable when two packages declare one name: which of them would read is not left to chance.
    """
    found: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        if point.name in found and found[point.name].value != point.value:
            raise ModelUnusable(f"two packages declare a reader called {point.name!r}")
        found[point.name] = point
    return found


def build(name: str, context: ReaderContext) -> ScopedReader:
    """The reader of this name, ready to read, its scope and its answers guarded.

    Raises ModelNotFound with the names there are, ModelUnusable when it cannot be loaded, built, or is no reader.
    """
    points = installed()
    if name not in points:
        raise ModelNotFound(f"no reader is called {name!r}; installed: {', '.join(points) or 'none'}")
    return guarded(name, load(points[name]), context)


def load(point: EntryPoint) -> ReaderFactory:
    """The factory behind an entry point. Raises ModelUnusable."""
    try:
        factory: ReaderFactory = point.load()
    except FOREIGN_FAILURES as error:
        raise ModelUnusable(f"the reader {point.name!r} cannot be loaded: {type(error).__name__}") from error
    if not callable(factory):
        raise ModelUnusable(f"the reader {point.name!r} cannot be built: its entry point is no factory")
    return factory


def guarded(name: str, factory: ReaderFactory, context: ReaderContext) -> ScopedReader:
    """Build a reader and put the checks around it. Raises ModelUnusable, and what our own readers raise themselves."""
    try:
        reader: ReaderPlugin = factory(context)
        declared = reader.scope
        complete = bool(reader.identity.product) and isinstance(reader.fingerprint, str) and callable(reader.read)
    except SecondReadError:
        raise
    except FOREIGN_FAILURES as error:
        raise ModelUnusable(f"the reader {name!r} cannot be built: {type(error).__name__}") from error
    if not isinstance(declared, Scope) or not complete:
        raise ModelUnusable(f"the reader {name!r} declares no identity, scope or fingerprint")
    return ScopedReader(name, reader, context.calibrations)
