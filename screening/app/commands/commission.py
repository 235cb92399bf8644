"""`secondread commission`: let a model, or another reader, prove itself on local exams, or verify that it has."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from screening.app import compose
from screening.app.exit_codes import ExitCode
from screening.app.inputs import input_files
from screening.app.scoring import FilesInPlace, describe
from screening.app.settings import Settings
from screening.app.terminal import Json, complaints, emit, progress_bar, settings_of
from screening.domain.errors import InvalidInput

if TYPE_CHECKING:
    from readers.ai.calibration import Stratum
    from readers.ai.commissioning.commission import Plan
    from readers.ai.commissioning.record import Record
    from readers.ai.commissioning.verdict import Verdict
    from screening.app.commissioning import Written

Model = Annotated[str, typer.Argument(help="AI model by name.", show_default=False)]
Reader = Annotated[str, typer.Option(help="Active reader that is another product, by name, in place of a model.")]
Exams = Annotated[Path | None, typer.Option(help="Folder (or zip archive) of local exams as DICOM files.")]
Labels = Annotated[Path | None, typer.Option(help="CSV with the truth of every exam: key, cancer 0/1, laterality.")]
Site = Annotated[str, typer.Option(help="Screening unit the calibration holds for; empty: any.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for calibrations, records, reports and signatures.")]
SignedBy = Annotated[str, typer.Option(help="Role of whoever signs, such as 'medical physicist'; never a name.")]
LimitsFile = Annotated[Path | None, typer.Option(help="Prespecified limits, a TOML file; empty: screening-1.")]
ValidFrom = Annotated[str, typer.Option(help="First exam date it holds for, YYYY-MM-DD; empty: today.")]
LocalImages = Annotated[
    bool, typer.Option("--local-images", help="Let these exams, not the model's training, say which images are unlike.")
]
Verify = Annotated[Path | None, typer.Option(help="Verify a record, and every file it covers, instead.")]


def commission(
    ctx: typer.Context,
    model: Model = "",
    reader: Reader = "",
    exams: Exams = None,
    labels: Labels = None,
    site: Site = "",
    out: Out = Path("commissioning"),
    signed_by: SignedBy = "",
    limits: LimitsFile = None,
    valid_from: ValidFrom = "",
    local_images: LocalImages = False,
    verify: Verify = None,
    json: Json = False,
) -> None:
    """Run a model on local exams with known truth, judge it by prespecified limits, and sign the outcome.

    With `--reader NAME` another product is commissioned instead: its CAD reports in the exams (cad-sr), or its service
    (http). It is known by the product and version that it states; one that states no version is refused.

    For every device it writes a calibration, a report (HTML and PDF), a record and a signature. With
    SECONDREAD_CALIBRATIONS_DIR naming that folder the model may read on the devices where it passed; where it failed,
    where evidence is lacking or where a byte has changed since, it may not. An interrupted run is resumed by the same
    command.

    The exit code is 1 unless every device passed. With `--verify FILE` nothing is run: the record that the file
    belongs to is checked against its signature and every file it covers; the exit code is 11 when they differ.
    """
    settings = settings_of(ctx)
    if verify is not None:
        _verify(verify, settings, json)
        return
    if exams is None or labels is None or not signed_by.strip():
        raise InvalidInput("a model or --reader, --exams, --labels and --signed-by are needed, or --verify")
    if reader and local_images:
        raise InvalidInput("--local-images needs a model of ours: another product does not describe its images")
    plan = _plan(limits, valid_from, site, local_images)
    written = _run(settings, (model, reader), (exams, labels), site, out, signed_by.strip(), plan, json)
    emit([_told(one) for one in written], json, Group(*(_table(one) for one in written)))
    if not written or any(one.done.verdict.outcome.value != "pass" for one in written):
        raise typer.Exit(ExitCode.NOTHING_USABLE)


def _plan(limits: Path | None, valid_from: str, site: str, local_images: bool) -> Plan:
    """Everything that is fixed before an exam is scored."""
    from readers.ai.commissioning.commission import Plan
    from readers.ai.commissioning.limits import read, shipped

    chosen = read(limits) if limits else shipped("screening-1")
    begins = _day(valid_from) if valid_from else datetime.now(UTC).date()
    population = f"local exams of {site or 'any site'} up to {begins.isoformat()}"
    return Plan(chosen, begins, population, local_ood=local_images)


def _run(
    settings: Settings,
    names: tuple[str, str],
    inputs: tuple[Path, Path],
    site: str,
    out: Path,
    role: str,
    plan: Plan,
    hidden: bool,
) -> list[Written]:
    """Score, judge, write. `names` are those of the model or the reader, `inputs` the exams and the table of truth."""
    from screening.app import commissioning
    from screening.app.commissioning_candidates import candidate
    from screening.app.commissioning_labels import read_labels, truths
    from screening.app.commissioning_scores import NO_STRATUM, LocalScorer

    table = read_labels(inputs[1])
    place = FilesInPlace()
    with input_files([inputs[0]]) as files:
        studies, unreadable, _names = describe(files, place, compose.instance_reader())
        truth = truths(table, commissioning.exam_names(studies, place, inputs[0]))
        subject = candidate(settings, place, *names)
        scorer = LocalScorer(subject, compose.pixel_source(place), site, compose.VERSION, out)
        with progress_bar(hidden=hidden) as bar:
            task = bar.add_task("scoring exams", total=len(truth))
            evidence = commissioning.gather(scorer, studies, truth, lambda: bar.advance(task))
    _complain(len(unreadable), sum(exam.stratum == NO_STRATUM for exam in evidence))
    signer = commissioning.Signer(role, datetime.now(UTC).date(), commissioning.keys_folder(settings))
    return commissioning.commission_all(scorer.identity, evidence, plan, subject.reference, signer, out)


def _complain(unreadable: int, several: int) -> None:
    """Say what was left out."""
    if unreadable:
        complaints.print(f"{unreadable} files that are no DICOM objects, or broken, are left out", markup=False)
    if several:
        complaints.print(f"{several} exams made on several devices, or without an image, are left out", markup=False)


def _verify(path: Path, settings: Settings, json: bool) -> None:
    from screening.app.commissioning import verify

    record = verify(path, settings)
    told = {
        "calibration": record.calibration_id,
        "product": record.product,
        "scope": record.scope,
        "on": record.on.isoformat(),
        "signed_by": record.signed_by,
        "verdict": record.verdict.outcome.value,
        "files": dict(record.files),
    }
    emit(told, json, _verified_text(record))


def _verified_text(record: Record) -> str:
    files = "\n".join(f"  {name}" for name in record.files)
    head = f"{record.calibration_id}: every byte is as it was signed, {record.scope}"
    return f"{head}\nverdict: {record.verdict.outcome.value}, {record.on.isoformat()}, {record.signed_by}\n{files}"


def _told(one: Written) -> dict[str, object]:
    done = one.done
    return {
        "calibration": done.calibration_id,
        "label": one.label,
        "stratum": str(done.stratum),
        "verdict": done.verdict.outcome.value,
        "checks": [
            {"name": check.name, "limit": check.limit, "found": check.found, "outcome": check.outcome.value}
            for check in done.verdict.checks
        ],
        "exams": done.figures.exams,
        "cancers": done.figures.cancers,
        "refused": done.figures.refused.hits,
        "unlike": done.figures.unlike,
        "files": [str(path) for path in one.files],
    }


def _table(one: Written) -> Table:
    from readers.ai.commissioning.verdict import WORDS

    table = Table(title=Text(_title(one.done.stratum, one.done.verdict)), title_justify="left", caption=Text(one.label))
    for heading in ("judged", "limit", "found", "outcome"):
        table.add_column(heading)
    for check in one.done.verdict.checks:
        table.add_row(Text(check.name), check.limit, check.found, WORDS[check.outcome])
    return table


def _title(stratum: Stratum, verdict: Verdict) -> str:
    from readers.ai.commissioning.verdict import WORDS

    device = " ".join(filter(None, (stratum.manufacturer, stratum.model, stratum.software)))
    return f"{device}, site {stratum.site}: {WORDS[verdict.outcome]}"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput("--valid-from is a date as YYYY-MM-DD") from error
