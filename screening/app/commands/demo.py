"""`secondread demo`: a small synthetic screening round, end to end."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from screening.app.terminal import Json, emit, progress_bar, settings_of


def demo(
    ctx: typer.Context,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder to write: new, empty, or of an earlier demo.")
    ] = Path("demo-output"),
    women: Annotated[int, typer.Option(min=8, max=500, help="Women in the round, with images.")] = 16,
    simulated: Annotated[int, typer.Option(min=0, help="Women of the large round without images.")] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same round.")] = 44,
    json: Json = False,
) -> None:
    """Play a synthetic screening round: phantom images, AI reads, simulated readers, arbitration, reports, audit.

    The round with images is small and enriched: many more cancers, faults and refusals than screening has. A large
    round without images shows programme-like figures. Nothing is left running.
    """
    from screening.app.demo.play import play
    from screening.app.demo.programme import write_audits

    with progress_bar(hidden=json) as bar:

        def step(text: str, total: int) -> Callable[[], None]:
            task = bar.add_task(text, total=total)
            return lambda: bar.advance(task)

        played = play(settings_of(ctx), out, women, seed, step)
        task = bar.add_task("simulated programme, no images", total=simulated)
        simulate = partial(bar.update, task)
        audits = write_audits(settings_of(ctx), out, simulated, seed, lambda count: simulate(completed=count))
    table = Table(title="Synthetic round, enriched; AI phantom-trained, not for clinical use")
    table.add_column("what")
    table.add_column("result", overflow="fold")
    rows = {
        "cases": str(played.cases),
        "AI reads": _counts(played.ai),
        "human reads": str(played.reads),
        "arbitrations": str(played.arbitrations),
        "outcomes": _counts(played.outcomes),
        "hospital results, interval cancers": str(played.heard_back),
        "DICOM": str(out / "dicom"),
        "per case": f"{played.results}/case-*: FHIR, narrative, CAD SR, contact sheet",
        **{f"audit, {name}": str(path) for name, path in audits.items()},
    }
    for what, result in rows.items():
        table.add_row(escape(what), escape(result))
    emit({"played": played, "audits": {name: str(path) for name, path in audits.items()}}, json, table)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
