"""Reads one exam of a run: finds its files, describes what is not described yet, and asks the reader of that version.

No database is needed here, so that the same code runs in a worker of ours and in one of a cluster.
"""

from __future__ import annotations

import shutil
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING, Final

from screening.app import compose
from screening.app.rescoring.archives import is_web
from screening.app.scoring import FilesInPlace, describe
from screening.app.settings import Settings
from screening.domain.ai_read import AiRead, AiStatus
from screening.domain.errors import ModelUnusable, NotFound, PartnerRefused, PartnerUnreachable, StoreUnavailable
from screening.domain.identifiers import FileDigest, Participant, PersonId, StudyInstanceUid
from screening.domain.quality import ReasonCode
from screening.domain.study import Study, StudyHeader
from screening.workflow.ports import FileLocator
from screening.workflow.read_by_ai import refused_read
from screening.workflow.rescore_values import ExamOrder, Location, Rescored, RescoreRun

if TYPE_CHECKING:
    from readers.plugins.scoped import ScopedReader

_GONE: Final = (OSError, NotFound, PartnerRefused, zipfile.BadZipFile, zlib.error, LookupError)
"""How an archive fails from which a file went after it was planned."""


class CurrentFiles:
    """Where the files of the exam lie that is being read."""

    def __init__(self) -> None:
        self.place: FileLocator = FilesInPlace()

    def path(self, digest: FileDigest) -> Path:
        """Where the bytes are. Raises NotFound."""
        return self.place.path(digest)


class KnownPaths:
    """Files of the store, by digest."""

    def __init__(self, order: ExamOrder) -> None:
        self._paths = order.paths

    def path(self, digest: FileDigest) -> Path:
        """Where the bytes are. Raises NotFound."""
        if digest not in self._paths:
            raise NotFound("this file is not in the store any more")
        return Path(self._paths[digest])


class ExamReading:
    """The reader of a run in this process; one exam at a time, as the network uses every core anyway."""

    def __init__(self, settings: Settings, run: RescoreRun) -> None:
        """Raises ModelNotFound, or ModelUnusable also when the model here is not the version of the run."""
        self._files = CurrentFiles()
        self._reader = reader_of(settings, run.reader, run.model, self._files)
        if not run.is_made_by(self._reader.identity):
            raise ModelUnusable(f"this worker does not have {run.identity.product} with the weights of the run")
        self._pixels = compose.pixel_source(self._files)
        self._one = Lock()

    def read_all(self, orders: Iterable[ExamOrder]) -> Iterator[Rescored]:
        """One after the other."""
        return map(self.read, orders)

    def read(self, order: ExamOrder) -> Rescored:
        """The read of one exam; files that are gone are a refusal."""
        began = perf_counter()
        with self._one:
            try:
                read, stratum = self._read(order)
            except _GONE:
                read, stratum = refused_read(_nobody(order.exam.study), AiStatus.FAILED, ReasonCode.UNREADABLE), ""
            finally:
                self._files.place = FilesInPlace()
        return Rescored(order, read, stratum, perf_counter() - began)

    def _read(self, order: ExamOrder) -> tuple[AiRead, str]:
        with self._described(order) as (study, prior):
            if study.quarantine is not None:
                read = refused_read(study, AiStatus.UNSUPPORTED, study.quarantine)
            else:
                read = self._reader.read(study, self._pixels, order.site, prior)
            return read, read.stratum or _stratum(study, order.site)

    @contextmanager
    def _described(self, order: ExamOrder) -> Iterator[tuple[Study, Study | None]]:
        if order.study is not None:
            self._files.place = KnownPaths(order)
            yield order.study, order.prior
            return
        exam, place = order.exam, FilesInPlace()
        with TemporaryDirectory(prefix="secondread-") as scratch:
            paths = [*_unpacked(exam.files, Path(scratch)), *_unpacked(exam.prior_files, Path(scratch))]
            studies, _unreadable, _names = describe(paths, place, compose.instance_reader())
            by_uid = {study.study_instance_uid: study for study in studies}
            self._files.place = place
            yield by_uid[exam.study], by_uid.get(exam.prior) if exam.prior else None


def reader_of(settings: Settings, reader: str, model: str, files: FileLocator | None = None) -> ScopedReader:
    """The reader of this name with this model, "" for what the settings say. Raises ModelNotFound, ModelUnusable."""
    chosen = settings.model_copy(update={"model": model}) if model else settings
    return compose.ai_reader(chosen, files, reader)


def _unpacked(locations: Iterable[Location], scratch: Path) -> Iterator[Path]:
    """Where the files can be read; a member of an archive is unpacked under a name of our own."""
    for location in locations:
        target = scratch / f"{len(list(scratch.iterdir())):05d}"
        if is_web(location.path):
            target.mkdir()
            yield from _retrieved(location.path, target)
            continue
        if location.member is None:
            yield Path(location.path)
            continue
        with zipfile.ZipFile(location.path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            with archive.open(members[location.member]) as source, target.open("wb") as out:
                shutil.copyfileobj(source, out)
        yield target


def _retrieved(url: str, folder: Path) -> list[Path]:
    """The objects of a study at a DICOMweb service; one that cannot be reached now lets the chunk be tried again."""
    from screening.dicom.network.wado import retrieve_study

    try:
        return retrieve_study(url, folder)
    except PartnerUnreachable as error:
        raise StoreUnavailable("the archive cannot be reached now") from error


def _stratum(study: Study, site: str) -> str:
    """The stratum of an exam whose refusal states none."""
    from readers.ai.calibration import Stratum

    return str(Stratum.of_images(study.images, site))


def _nobody(uid: StudyInstanceUid) -> Study:
    return Study(StudyHeader(uid, Participant(PersonId("", "")), "", None), ())
