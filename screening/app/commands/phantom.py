"""`secondread phantom`: synthetic exams with known truth, as DICOM."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from screening.app.phantoms import PROGRAMME_PREVALENCE, Kind, Order, Style, write_round
from screening.app.terminal import Json, emit, progress_bar
from screening.domain.errors import InvalidInput

SYNTAXES = {
    "explicit": "1.2.840.10008.1.2.1",
    "implicit": "1.2.840.10008.1.2",
    "deflated": "1.2.840.10008.1.2.1.99",
    "rle": "1.2.840.10008.1.2.5",
    "jpeg-lossless": "1.2.840.10008.1.2.4.70",
    "jpeg-ls": "1.2.840.10008.1.2.4.80",
    "jpeg-2000": "1.2.840.10008.1.2.4.90",
    "htj2k": "1.2.840.10008.1.2.4.201",
}
"""Names of the transfer syntaxes, every one lossless."""

ALL_FAULTS = "all"


def phantom(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write: new or empty.")],
    exams: Annotated[int, typer.Option(min=1, max=10_000, help="Women; a prior comes on top.")] = 4,
    seed: Annotated[int, typer.Option(min=0, max=100_000, help="The same seed gives the same bytes.")] = 44,
    kind: Annotated[Kind, typer.Option(help="Mammograms, tomosynthesis or both.")] = Kind.FFDM,
    prevalence: Annotated[
        float, typer.Option(min=0, max=1, help="Share of women with a cancer; the default is a programme's.")
    ] = PROGRAMME_PREVALENCE,
    style: Annotated[Style, typer.Option(help="Look of the device; style-c is never trained on.")] = Style.MIXED,
    syntax: Annotated[str, typer.Option(help=f"Transfer syntax: {', '.join(SYNTAXES)}; else the device's own.")] = "",
    priors: Annotated[bool, typer.Option(help="Write the exam of two years earlier too.")] = False,
    faults: Annotated[
        str, typer.Option(help="Technical faults, comma separated, or all: every other exam has the next one.")
    ] = "",
    implants: Annotated[bool, typer.Option(help="Every fifth woman has implants.")] = False,
    markers: Annotated[bool, typer.Option(help="Burn laterality and view in, outside the breast.")] = False,
    raw: Annotated[bool, typer.Option(help="Write the For Processing image of every mammogram too.")] = False,
    per_frame_voi: Annotated[bool, typer.Option(help="State a volume's window in every frame.")] = False,
    full: Annotated[bool, typer.Option(help="0.1 mm pixels and fine tissue instead of 0.2 mm.")] = False,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes.")] = 2,
    json: Json = False,
) -> None:
    """Write synthetic screening exams as DICOM, with their truth.

    Beside the exams stand truth.json (boxes, masks, density, gland share, faults of every image) and labels.csv (one
    row per breast of a current exam), which `secondread commission --labels` takes. Every header says that the images
    are synthetic; findings in them say nothing about women.
    """
    order = Order(
        exams=exams,
        seed=seed,
        kind=kind,
        prevalence=prevalence,
        style=style,
        transfer_syntax=_transfer_syntax(syntax),
        priors=priors,
        faults=_faults(faults),
        implants=implants,
        markers=markers,
        raw=raw,
        per_frame_voi=per_frame_voi,
        full=full,
    )
    with progress_bar(hidden=json) as bar:
        task = bar.add_task("phantom exams", total=exams * (1 + priors))
        truths = write_round(order, out, workers, lambda: bar.advance(task))
    cancers = sum(not t["prior"] and (t["cancer_left"] or t["cancer_right"]) for t in truths)
    table = Table(title="Synthetic exams, no real person")
    table.add_column("what")
    table.add_column("result", overflow="fold")
    rows = {"exams": len(truths), "women with cancer": cancers, "images": sum(len(t["images"]) for t in truths)}
    for what, count in rows.items():
        table.add_row(what, str(count))
    table.add_row("written to", str(out))
    emit({**rows, "out": str(out), "truth": str(out / "truth.json"), "labels": str(out / "labels.csv")}, json, table)


def _transfer_syntax(name: str) -> str:
    """UID of a named syntax, "" for the device's own. Raises InvalidInput."""
    if name and name not in SYNTAXES:
        raise InvalidInput(f"no such transfer syntax; there are {', '.join(SYNTAXES)}")
    return SYNTAXES.get(name, "")


def _faults(written: str) -> tuple[str, ...]:
    from models.phantom.faults import FAULTS

    return FAULTS if written == ALL_FAULTS else tuple(name.strip() for name in written.split(",") if name.strip())
