"""Plays the demonstration: images, intake, AI reads, human reads, arbitration, release, reports, audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from readers.simulated.population import Woman
from screening.app import compose
from screening.app.compose import Service, open_service
from screening.app.demo.cast import Participant, cast
from screening.app.demo.clock import CountedIds, PlayedClock
from screening.app.demo.exams import exam_count, study_uid, write_exam, write_exams
from screening.app.demo.folder import fresh_folder
from screening.app.demo.people import People
from screening.app.results import write_results
from screening.app.settings import Settings
from screening.app.work import drain
from screening.domain.episode import Episode
from screening.domain.identifiers import CaseId
from screening.domain.outcome import OutcomeKind
from screening.domain.study import Study
from screening.workflow.intake import files_under, receive_file
from screening.workflow.open_case import episode_id, open_case

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
Advance = Callable[[], None]
Step = Callable[[str, int], Advance]
"""Told what begins and of how many parts it is; gives back what to call after each part."""


@dataclass(frozen=True)
class Played:
    """What the demonstration came to."""

    cases: int
    ai: dict[str, int]
    reads: int
    arbitrations: int
    outcomes: dict[str, int]
    heard_back: int
    results: Path


def play(settings: Settings, out: Path, women: int, seed: int, step: Step) -> Played:
    """Play the round into `out`, which is made anew. Raises InvalidInput when it holds files of somebody else."""
    fresh_folder(out)
    clock = PlayedClock(START)
    mine = settings.model_copy(update={"data_dir": out / "data", "database_url": ""})
    participants = cast(women, seed)
    made = step("phantom exams", exam_count(participants))
    folders = write_exams(participants, seed, START, out / "dicom", made)
    with open_service(mine, clock, CountedIds()) as service:
        return _play(service, clock, participants, folders, out, seed, step)


def _play(
    service: Service,
    clock: PlayedClock,
    participants: Sequence[Participant],
    folders: Sequence[Path],
    out: Path,
    seed: int,
    step: Step,
) -> Played:
    files = [path for folder in folders for path in files_under([folder]) if path.suffix == ".dcm"]
    _take_in(service, files, step("ingest DICOM, open cases", len(files)))
    cases = _open_cases(service, participants)
    done = step("AI reads (durable jobs)", 1)
    drain(service)
    done()
    people = People(service, clock, seed, cases)
    reads = people.read_all(step("blind human reads", len(cases)))
    arbitrations = people.arbitrate_all(step("arbitration", len(cases)))
    outcomes = people.release_all()
    done = step("repeats, hospital results", 1)
    again = _repeat(service, clock, participants, outcomes, cases, out / "dicom", seed)
    drain(service)
    people = People(service, clock, seed, again)
    reads += people.read_all(_unseen)
    arbitrations += people.arbitrate_all(_unseen)
    outcomes |= people.release_all()
    heard = People(service, clock, seed, {**cases, **again}).hear_from_hospital(outcomes)
    drain(service)
    done()
    every = [*cases, *again]
    write_results(service, every, out / "results", step("FHIR, narrative, CAD SR, sheets", len(every)))
    return Played(
        cases=len(every),
        ai=_ai_statuses(service, every),
        reads=reads,
        arbitrations=arbitrations,
        outcomes=dict(Counter(kind.value for kind in outcomes.values())),
        heard_back=heard,
        results=out / "results",
    )


def _take_in(service: Service, files: Iterable[Path], done: Advance) -> None:
    reader = compose.instance_reader()
    for path in files:
        receive_file(service.units, service.files, reader, path, service.clock)
        done()


def _unseen() -> None:
    """Progress of a part that nobody watches."""


def _open_cases(service: Service, participants: Iterable[Participant]) -> dict[CaseId, Woman]:
    """Announce the episode of each woman, objections included, and open the case of her exam."""
    cases = {}
    for participant in participants:
        woman = participant.woman
        with service.units() as uow:
            study = uow.exams.study(study_uid(woman.number, attempt=woman.attempt))
            uow.exams.save_episode(_episode(study, woman))
            case = open_case(uow, study.study_instance_uid, service.policy, woman.site.unit, service.clock.now())
        if case is not None:
            cases[case] = woman
    return cases


def _episode(study: Study, woman: Woman) -> Episode:
    return Episode(
        episode=episode_id(study),
        person=study.header.person,
        round_number=woman.round_number,
        screened_on=study.header.study_date,
        unit=woman.site.unit,
        age_years=woman.age_years,
        objections=woman.objections,
    )


def _repeat(
    service: Service,
    clock: PlayedClock,
    participants: Sequence[Participant],
    outcomes: dict[CaseId, OutcomeKind],
    cases: dict[CaseId, Woman],
    folder: Path,
    seed: int,
) -> dict[CaseId, Woman]:
    """A new image set, and so a new case, for every woman whose exam must be repeated."""
    clock.advance(timedelta(days=10))
    numbers = {cases[case].number for case, kind in outcomes.items() if kind is OutcomeKind.TECHNICAL_RECALL}
    again = [Participant(p.woman.repeated(), p.style, p.device) for p in participants if p.number in numbers]
    for participant in again:
        _take_in(service, sorted(write_exam(participant, seed, clock.now(), folder).glob("*.dcm")), _unseen)
    return _open_cases(service, again)


def _ai_statuses(service: Service, cases: Iterable[CaseId]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    with service.units() as uow:
        for case in cases:
            for event in uow.cases.events(case):
                kind = type(event.fact).__name__
                if kind == "AiScored":
                    counts["ok"] += 1
                elif kind == "AiRefused":
                    counts[str(getattr(event.fact, "status", ""))] += 1
    return dict(counts)
