"""A woman's objection is honoured whichever reader is active: it is not asked, and nothing leaves the house."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from readers.plugins.discovery import build
from readers.plugins.scoped import ScopedReader
from screening.domain import events as ev
from screening.domain.ai_read import AiStatus
from screening.domain.errors import NotFound
from screening.workflow.amend_case import amend_case
from screening.workflow.read_by_ai import read_by_ai
from tests.contracts.test_readers import native
from tests.readers.ai.studies import Pictures
from tests.readers.external.samples import Files, context
from tests.readers.external.service import Behaviour, serving
from tests.services import make_service, open_plain_case


@dataclass(frozen=True)
class Asked:
    """A reader and what its service was asked."""

    reader: ScopedReader
    behaviour: Behaviour


@pytest.fixture(params=["native", "cad-sr", "http"])
def asked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Asked]:
    (tmp_path / "files").mkdir()
    files, behaviour = Files(tmp_path / "files"), Behaviour()
    with serving(behaviour) as url:
        ours = native(files).reader if request.param == "native" else build(request.param, context(files, url=url))
        yield Asked(ours, behaviour)


@pytest.mark.parametrize("objects", [True, False])
def test_an_objection_reaches_no_reader_and_without_one_the_reader_is_asked(
    asked: Asked, tmp_path: Path, objects: bool
) -> None:
    service, pixels = make_service(tmp_path, policy="double-human+ai"), Pictures()
    try:
        case = open_plain_case(service)
        if objects:
            with service.units() as uow:
                amend_case(uow, service.clock, case, ev.ObjectionRecorded(ev.Objection.NO_AI), "desk")
            read = read_by_ai(service.units, asked.reader, pixels, service.clock, case)
            assert read is not None
            assert (read.status, read.identity, read.raw_score) == (AiStatus.OBJECTED, None, None)
            assert (pixels.loaded, asked.behaviour.requests) == ([], [])
        elif asked.reader.name == "http":
            with pytest.raises(NotFound):  # it was asked: these images have no files that could be sent
                read_by_ai(service.units, asked.reader, pixels, service.clock, case)
        else:
            read = read_by_ai(service.units, asked.reader, pixels, service.clock, case)
            assert read is not None
            assert read.status is not AiStatus.OBJECTED
            assert bool(pixels.loaded) == (asked.reader.name == "native")
    finally:
        service.close()
