"""Which exams an archive of files, or a DICOMweb service, holds: by headers only, nothing is hashed or kept.

An exam is told by the same key as everywhere else (`exam_key`); what its files really hold is seen when it is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlsplit
from zipfile import is_zipfile

from screening.app.inputs import unpack
from screening.domain.errors import InvalidInput, NotDicom, NotFound
from screening.domain.identifiers import FileDigest, PersonId, StudyInstanceUid
from screening.domain.study import Image, StudyHeader, exam_key
from screening.workflow.intake import files_under
from screening.workflow.ports import InstanceReader
from screening.workflow.rescore_values import Location, PlannedExam

_NOT_HASHED: Final = FileDigest("")


@dataclass(frozen=True)
class Scanned:
    """Exams with an image; files that are no DICOM or cannot be read; exams without any image."""

    exams: tuple[PlannedExam, ...]
    unreadable: int
    without_image: int


@dataclass(frozen=True)
class _Seen:
    """What is kept of a header."""

    study: StudyInstanceUid
    key: tuple[str, ...]
    person: PersonId
    day: date | None
    is_image: bool
    location: Location


@dataclass(frozen=True)
class _Exam:
    """The files of one exam."""

    files: tuple[_Seen, ...]

    @property
    def study(self) -> StudyInstanceUid:
        """The smallest UID names the exam."""
        return min(seen.study for seen in self.files)

    @property
    def day(self) -> date | None:
        """Its day, of its first file."""
        return self.files[0].day

    @property
    def person(self) -> PersonId:
        """Its woman, of its first file."""
        return self.files[0].person

    @property
    def has_image(self) -> bool:
        """Whether there is anything to read."""
        return any(seen.is_image for seen in self.files)

    @property
    def locations(self) -> tuple[Location, ...]:
        """Where its files lie."""
        return tuple(seen.location for seen in self.files)


def is_web(source: str) -> bool:
    """Whether a source is a DICOMweb root rather than a path.

    Raises InvalidInput for one that is malformed, or that holds a password: the address is kept with the run.
    """
    parts = urlsplit(source)
    if parts.scheme not in ("http", "https"):
        return False
    if parts.username or parts.password or parts.query:
        raise InvalidInput("the address of an archive is kept: it holds neither password nor query")
    try:
        complete = bool(parts.hostname) and parts.port != 0
    except ValueError:
        complete = False
    if not complete:
        raise InvalidInput("the address of the archive names no host and port")
    return True


def scan(sources: Iterable[str], reader: InstanceReader, seen_one: Callable[[], None] = lambda: None) -> Scanned:
    """The exams in files, folders, zip archives and at DICOMweb roots.

    Paths are kept absolute: whoever works on the run must find the archive under the same path. Raises NotFound for a
    path that does not exist, PartnerUnreachable or PartnerRefused for a service that does not answer.
    """
    headers, unreadable = list[_Seen](), 0
    for source in sources:
        for seen in _listed(source) if is_web(source) else _found(Path(source), reader):
            seen_one()
            if seen is None:
                unreadable += 1
            else:
                headers.append(seen)
    exams = _exams(headers)
    with_image = [exam for exam in exams if exam.has_image]
    return Scanned(tuple(_planned(with_image)), unreadable, len(exams) - len(with_image))


def _listed(root: str) -> Iterator[_Seen]:
    """The studies of a DICOMweb service, taken by its word to be mammography."""
    from screening.dicom.network.wado import listed_studies

    for found in listed_studies(root):
        yield _kept(found.header, is_image=True, location=Location(found.url))


def _found(path: Path, reader: InstanceReader) -> Iterator[_Seen | None]:
    if not path.exists():
        raise NotFound(f"there is nothing at {path.name}")
    for file in files_under([path.resolve()]):
        yield from _headers(file, reader)


def _headers(path: Path, reader: InstanceReader) -> Iterator[_Seen | None]:
    if path.suffix.lower() == ".zip" and is_zipfile(path):
        yield from _members(path, reader)
    else:
        yield _header(path, reader, Location(str(path)))


def _members(archive: Path, reader: InstanceReader) -> Iterator[_Seen | None]:
    """The headers of the members of an archive, unpacked for the moment; one that cannot be unpacked is unreadable."""
    with TemporaryDirectory(prefix="secondread-") as scratch:
        try:
            unpack(archive, Path(scratch))
        except InvalidInput:
            yield None
            return
        for member in sorted(Path(scratch).iterdir()):
            yield _header(member, reader, Location(str(archive), int(member.name)))


def _header(path: Path, reader: InstanceReader, location: Location) -> _Seen | None:
    try:
        instance = reader.read(path, _NOT_HASHED)
    except (NotDicom, OSError):
        return None
    return _kept(instance.header, isinstance(instance.content, Image), location)


def _kept(header: StudyHeader, is_image: bool, location: Location) -> _Seen:
    return _Seen(header.study_instance_uid, exam_key(header), header.person, header.study_date, is_image, location)


def _exams(headers: Iterable[_Seen]) -> list[_Exam]:
    """Files by exam; a study that names two women stays alone, as it is quarantined where it is read."""
    studies = defaultdict[StudyInstanceUid, list[_Seen]](list)
    for seen in headers:
        studies[seen.study].append(seen)
    exams = defaultdict[tuple[str, ...], list[_Seen]](list)
    for study, files in studies.items():
        one_woman = len({seen.person for seen in files}) == 1
        exams[files[0].key if one_woman else (study,)] += files
    return [_Exam(tuple(files)) for files in exams.values()]


def _planned(exams: list[_Exam]) -> Iterator[PlannedExam]:
    """Each exam with the latest earlier one of the same woman (issuer and id) in the archive."""
    by_woman = defaultdict[PersonId, list[_Exam]](list)
    for exam in sorted((e for e in exams if e.day is not None and e.person.value), key=lambda e: (str(e.day), e.study)):
        by_woman[exam.person].append(exam)
    for exam in exams:
        prior = _prior(exam, by_woman.get(exam.person, []))
        locations = prior.locations if prior else ()
        yield PlannedExam(exam.study, exam.locations, prior.study if prior else None, locations, exam.person)


def _prior(exam: _Exam, exams: list[_Exam]) -> _Exam | None:
    if exam.day is None:
        return None
    earlier = [other for other in exams if other.day is not None and other.day < exam.day]
    return earlier[-1] if earlier else None
