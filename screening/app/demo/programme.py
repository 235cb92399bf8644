"""The audits of the demonstration: of the small round with images, and of a large round without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from readers.simulated.round import play_round
from readers.simulated.rows import episode_rows
from screening.app.auditing import AI_NOTICE, write_audit
from screening.app.compose import open_service, shipped_policy
from screening.app.demo.play import START
from screening.app.settings import Settings

SMALL = "Synthetic, small and enriched with cancers, faults and refusals: figures say nothing about a programme. "
LARGE = "Simulated women and readers, no images; parameters and their sources are in readers/simulated. "


def write_audits(
    settings: Settings, out: Path, simulated: int, seed: int, done: Callable[[int], None]
) -> dict[str, Path]:
    """Write both audits; returns the pages by name. `done` is told the number of women simulated so far."""
    mine = settings.model_copy(update={"data_dir": out / "data", "database_url": ""})
    with open_service(mine) as service, service.units() as uow:
        rows = uow.audit.episode_rows()
        pages = {
            "round with images": write_audit(
                rows, START.date(), out / "audit", SMALL + AI_NOTICE, "Recall audit of the demonstration round"
            )
        }
    if simulated:
        policy = shipped_policy(settings.policy)
        played = episode_rows(policy, play_round(policy, simulated, seed, START, progress=done))
        title = f"Recall audit of {simulated} simulated women"
        pages["programme"] = write_audit(played, START.date(), out / "audit-programme", LARGE, title)
    return pages
