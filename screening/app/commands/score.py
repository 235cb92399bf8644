"""`secondread score`: read exams from files, without a store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from screening.app import compose, present
from screening.app.inputs import input_files
from screening.app.scoring import FilesInPlace, Scorer, describe, score_all
from screening.app.system import SystemClock
from screening.app.terminal import Json, complaints, console, emit, progress_bar, settings_of

Paths = Annotated[list[Path], typer.Argument(help="DICOM files, folders, or zip archives of them.", metavar="PATH...")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the results, one sub-folder per exam.")]
Site = Annotated[str, typer.Option(help="Screening unit, part of the calibration stratum.")]
Reader = Annotated[str, typer.Option(help="Active AI reader that reads, by name; empty: the first active one.")]

Explain = Annotated[bool, typer.Option(help="Also write saliency, crops of the marks and their evidence as JSON.")]


def score(
    ctx: typer.Context,
    paths: Paths,
    out: Out = Path("scores"),
    site: Site = "",
    reader: Reader = "",
    explain: Explain = True,
    json: Json = False,
) -> None:
    """Read exams with the AI reader and write JSON, Mammography CAD SR and a contact sheet for each.

    Prints which image filled which slot and why others did not. An interrupted batch is run again with the same
    command: exams that are complete for these files and this model are not read twice.

    An exam that cannot be read is an answer, not a failure: the exit code is 0. It is 1 only when no path held a
    DICOM object at all.
    """
    place = FilesInPlace()
    with input_files(paths) as files:
        studies, unreadable, names = describe(files, place, compose.instance_reader())
        ai = compose.ai_reader(settings_of(ctx), place, reader)
        pixels, cad_sr = compose.pixel_source(place), compose.cad_sr_writer()
        scorer = Scorer(ai, pixels, cad_sr, SystemClock(), site, f"{compose.VERSION} {ai.fingerprint}", explain)
        exams = []
        with progress_bar(hidden=json) as bar:
            task = bar.add_task("reading exams", total=len(studies))
            for exam in score_all(scorer, studies, out):
                exams.append(exam)
                bar.advance(task)
    if not json:
        for exam in exams:
            console.print(present.exam_panel(exam, names))
        present.print_unreadable(complaints, unreadable)
    else:
        reads = [{"folder": str(exam.folder), "already_scored": exam.done_before, "read": exam.read} for exam in exams]
        emit({"exams": reads, "unreadable": unreadable}, True, "")
    if not studies:
        raise typer.Exit(1)
