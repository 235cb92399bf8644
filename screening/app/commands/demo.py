"""`secondread demo`: a small synthetic screening round, end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from screening.app.terminal import Json, complaints, emit, settings_of

STEPS = 8


def demo(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write; it is made anew.")] = Path("demo-output"),
    women: Annotated[int, typer.Option(min=8, max=500, help="Women in the round, with images.")] = 16,
    simulated: Annotated[int, typer.Option(min=0, help="Women of the large round without images.")] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same round.")] = 7,
    json: Json = False,
) -> None:
    """Play a synthetic screening round: phantom images, AI reads, simulated readers, arbitration, reports, audit.

    The round with images is small and enriched: many more cancers, faults and refusals than screening has. A large
    round without images shows programme-like figures. Nothing is left running.
    """
    from screening.app.demo.play import play
    from screening.app.demo.programme import write_audits

    told = 0

    def step(text: str) -> None:
        nonlocal told
        told += 1
        if not json:
            complaints.print(f"[bold]{told}/{STEPS}[/] {text}")

    played = play(settings_of(ctx), out, women, seed, step)
    step(f"simulating {simulated} women without images for the programme audit")
    audits = write_audits(settings_of(ctx), out, simulated, seed)
    table = Table("what", "result", title="Synthetic round, enriched; AI phantom-trained, not for clinical use")
    rows = {
        "cases": str(played.cases),
        "AI reads": _counts(played.ai),
        "human reads": str(played.reads),
        "arbitrations": str(played.arbitrations),
        "outcomes": _counts(played.outcomes),
        "hospital results, interval cancers": str(played.heard_back),
        "DICOM": str(out / "dicom"),
        "per case: FHIR, narrative, CAD SR, contact sheet": str(played.results),
        **{f"audit, {name}": str(path) for name, path in audits.items()},
    }
    for what, result in rows.items():
        table.add_row(what, result)
    emit({"played": played, "audits": {name: str(path) for name, path in audits.items()}}, json, table)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
