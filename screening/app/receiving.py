"""What becomes of an object that comes over the network, by DIMSE or HTTP: kept, registered, its exam awaited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

from screening.app.correlation import begin_object, bind_exam
from screening.app.logging import get_log
from screening.dicom.header_rules import HeaderRule
from screening.dicom.instance_reader import DicomInstanceReader
from screening.workflow.await_exam import Patience, await_exam
from screening.workflow.intake import Received, receive_file
from screening.workflow.ports import Clock, Files, ReadInstance, Registered, UnitOfWork, UnitOfWorkFactory

_LOG: Final = get_log()


class Receiver(Protocol):
    """Keeps one object."""

    def __call__(self, path: Path, unit: str = "", rules: Sequence[HeaderRule] = ()) -> Received:
        """Keep the object in this file, which is moved away; raises StoreUnavailable.

        `unit` says where it was made ("" for our own site), `rules` correct its header.
        """
        ...


def receiver(
    units: UnitOfWorkFactory,
    files: Files,
    clock: Clock,
    site: str,
    patience: Patience,
    kept: Callable[[Received], None] = lambda _received: None,
) -> Receiver:
    """The one door for objects from the network; what comes in awaits the rest of its exam so long.

    `kept` is told of every object that was kept.
    """

    def receive(path: Path, unit: str = "", rules: Sequence[HeaderRule] = ()) -> Received:
        def note(uow: UnitOfWork, instance: ReadInstance, registered: Registered) -> None:
            bind_exam(instance.header)
            await_exam(uow, instance, registered, unit or site, patience, clock.now())

        begin_object()
        received = receive_file(units, files, DicomInstanceReader(rules), path, clock, then=note, consume=True)
        kept(received)
        _LOG.info("object kept", registered=received.registered, reason=received.reason)
        return received

    return receive
