"""`secondread rescore`: what another AI version says of an archive, for research, behind all live work."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markdown import Markdown

from screening.app import compose
from screening.app.compose import Service, open_service
from screening.app.exit_codes import ExitCode
from screening.app.settings import Settings
from screening.app.terminal import Json, complaints, console, emit, progress_bar, settings_of
from screening.domain.errors import InvalidInput, ModelNotFound
from screening.workflow.rescore_values import DEFAULT_CHUNK, PlannedExam, RescoreProgress, RescoreRun

if TYPE_CHECKING:
    from screening.app.rescoring.leading import Leader

STORE = "store"
"""The source that is this installation's own store."""

Sources = Annotated[
    list[str] | None,
    typer.Argument(help="Files, folders, zip archives, DICOMweb roots, or `store`: our own.", metavar="SOURCE..."),
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the results of this one run.")]
Model = Annotated[str, typer.Option(help="Model by name; empty: the one that the settings say.")]
Version = Annotated[str, typer.Option("--version", help="Version the model must have; empty: whichever is here.")]
Reader = Annotated[str, typer.Option(help="Active AI reader that reads, by name; empty: the first active one.")]
Site = Annotated[str, typer.Option(help="Screening unit of exams that no case tells one of; part of the stratum.")]
Against = Annotated[
    Path | None, typer.Option(help="Results of an earlier run to compare with, instead of the reads in the store.")
]
Chunk = Annotated[int, typer.Option(min=1, max=10_000, help="Exams of one durable job.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run in --out, without looking at the archive.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Only enqueue the chunks; workers do them.")]


def rescore(
    ctx: typer.Context,
    out: Out,
    sources: Sources = None,
    model: Model = "",
    version: Version = "",
    reader: Reader = "",
    site: Site = "",
    against: Against = None,
    chunk: Chunk = DEFAULT_CHUNK,
    resume: Resume = False,
    no_wait: NoWait = False,
    json: Json = False,
) -> None:
    """Read an archive with an AI version and compare with what was said before: Parquet, shift table, report.

    Runs as durable jobs behind all live work; any number of `secondread worker` share them when they see the archive
    under the same path. The same command again does only what is missing. No case, report or delivery is touched.
    Exams of women who object to AI or to research are left out and counted.
    """
    if resume == bool(sources):
        raise InvalidInput("name what to rescore, or --resume the run in --out")
    with open_service(settings_of(ctx)) as service:
        if resume:
            leader = _resumed(service, out)
        else:
            run = _run(service.settings, tuple(sources or ()), model, version, reader, site, against)
            leader = _planned(service, run, out, chunk, hidden=json)
        leader.resume()
        if no_wait:
            emit({"run": leader.run.run}, json, f"run {leader.run.run} waits for workers; --resume writes its results")
            return
        _finish(leader, json)


def _run(
    settings: Settings, sources: tuple[str, ...], model: str, version: str, reader: str, site: str, against: Path | None
) -> RescoreRun:
    """The run of this command. Raises ModelNotFound when the model here has another version."""
    from screening.app.rescoring.leading import run_in
    from screening.app.rescoring.reading import reader_of

    name = reader or settings.active_readers[0]
    chosen = reader_of(settings, name, model)
    if version and chosen.identity.version != version:
        raise ModelNotFound(f"{chosen.identity.model} is here in version {chosen.identity.version} only")
    places = tuple(sorted(set(map(_place, sources))))
    earlier = run_in(against) if against is not None else ""
    unit = site or settings.site
    return RescoreRun(name, model or settings.model, chosen.identity, chosen.fingerprint, places, unit, earlier)


def _place(source: str) -> str:
    """A source as every worker finds it."""
    from screening.app.rescoring.archives import is_web

    return source if source == STORE or is_web(source) else str(Path(source).resolve())


def _resumed(service: Service, out: Path) -> Leader:
    from screening.app.rescoring.leading import Leader, run_in

    with service.units() as uow:
        return Leader(service, uow.rescoring.run(run_in(out)), out)


def _planned(service: Service, run: RescoreRun, out: Path, chunk: int, hidden: bool) -> Leader:
    """Look at the sources and plan their exams."""
    from screening.app.rescoring.archives import scan
    from screening.app.rescoring.leading import Leader

    places = [place for place in run.sources if place != STORE]
    with progress_bar(hidden) as bar:
        task = bar.add_task("reading headers", total=None)
        found = scan(places, compose.instance_reader(), lambda: bar.advance(task))
    leader = Leader(service, run, out)
    told = {"files_not_readable": found.unreadable, "exams_without_image": found.without_image}
    stored = list(_stored(service)) if STORE in run.sources else []
    leader.begin(chain(stored, found.exams), chunk, told)
    return leader


def _stored(service: Service) -> Iterator[PlannedExam]:
    with service.units() as uow:
        yield from uow.rescoring.stored_exams()


def _finish(leader: Leader, quiet: bool) -> None:
    """Work until the run is done, and tell what it came to."""
    from audits.rescoring_text import to_markdown

    with progress_bar(quiet) as bar:
        task = bar.add_task("rescoring exams", total=None)

        def told(progress: RescoreProgress) -> None:
            bar.update(task, completed=progress.finished, total=progress.total)

        progress = leader.work(told)
    report = leader.report()
    emit(report.as_data(), quiet, Markdown(to_markdown(report)))
    if progress.finished < progress.total:
        left = progress.total - progress.finished
        complaints.print(f"{left} exams are in parked chunks; run the same command again", markup=False)
        raise typer.Exit(ExitCode.NOTHING_USABLE)
    if not quiet:
        console.print(f"results in {leader.out}", markup=False, highlight=False, soft_wrap=True)
