"""Which exams an archive of files holds: headers only, nothing is hashed, unpacked for good or kept in memory.

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
from zipfile import is_zipfile

from screening.app.inputs import unpack
from screening.domain.errors import InvalidInput, NotDicom, NotFound
from screening.domain.identifiers import FileDigest, PersonId, StudyInstanceUid
from screening.domain.study import Image, exam_key
from screening.workflow.intake import files_under
from screening.workflow.ports import InstanceReader, ReadInstance
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


def scan(paths: Iterable[Path], reader: InstanceReader, seen_one: Callable[[], None] = lambda: None) -> Scanned:
    """The exams in files, folders and zip archives. Raises NotFound for a path that does not exist.

    Paths are kept absolute: whoever works on the run must find the archive under the same path.
    """
    headers, unreadable = list[_Seen](), 0
    for path in _existing(paths):
        for seen in _headers(path, reader):
            seen_one()
            if seen is None:
                unreadable += 1
            else:
                headers.append(seen)
    exams = _exams(headers)
    with_image = [exam for exam in exams if exam.has_image]
    return Scanned(tuple(_planned(with_image)), unreadable, len(exams) - len(with_image))


def _existing(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.exists():
            raise NotFound(f"there is nothing at {path.name}")
        yield from files_under([path.resolve()])


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
    return _seen(instance, location)


def _seen(instance: ReadInstance, location: Location) -> _Seen:
    header = instance.header
    is_image = isinstance(instance.content, Image)
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
