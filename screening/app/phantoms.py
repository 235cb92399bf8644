"""`secondread phantom`: which synthetic exams are asked for, and the folder they are written into.

The same order gives the same bytes, however many processes share the work. Nothing here is a real woman, and every
header says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import repeat
from pathlib import Path

from models import phantom
from models.phantom.faults import FAULTS
from models.phantom.spec import ExamSpec
from screening.app.output import write_text, writing
from screening.app.phantoms_truth import LABEL_COLUMNS, ExamTruth, label_rows
from screening.domain.errors import InvalidInput

PROGRAMME_PREVALENCE = 0.008
IMPLANT_SHARE = 5
"""One woman in so many has implants when they are asked for, every other of them displaced."""

NOTICE = "Synthetic images of phantoms, no real person. What is true of them says nothing about women."


class Kind(StrEnum):
    """Which images an exam holds."""

    FFDM = "ffdm"
    DBT = "dbt"
    BOTH = "both"


class Style(StrEnum):
    """Look of the device; `mixed` takes the two training styles in turn with the woman."""

    MIXED = "mixed"
    A = "style-a"
    B = "style-b"
    C = "style-c"


@dataclass(frozen=True)
class Order:
    """What to write.

    `prevalence` is the share of women with a cancer. `faults` are given to every other exam in turn. `raw` adds For
    Processing images, `per_frame_voi` states a volume's window in every frame. `full` is 0.1 mm instead of 0.2.
    """

    exams: int = 4
    seed: int = 44
    kind: Kind = Kind.FFDM
    prevalence: float = PROGRAMME_PREVALENCE
    style: Style = Style.MIXED
    transfer_syntax: str = ""
    priors: bool = False
    faults: tuple[str, ...] = ()
    implants: bool = False
    markers: bool = False
    raw: bool = False
    per_frame_voi: bool = False
    full: bool = False

    def __post_init__(self) -> None:
        if not 0.0 <= self.prevalence <= 1.0:
            raise InvalidInput("the prevalence lies between 0 and 1")
        unknown = [name for name in self.faults if name not in FAULTS]
        if unknown:
            raise InvalidInput(f"no such fault: {', '.join(unknown)}; there are {', '.join(FAULTS)}")


@dataclass(frozen=True)
class Wanted:
    """One exam of one woman: her number in the round, and how her breasts are imaged."""

    order: Order
    number: int
    spec: ExamSpec

    @property
    def seed(self) -> int:
        """Seed of the woman; no two rounds of different seeds share a woman before 10,000 women."""
        return self.order.seed * 10_000 + self.number

    @property
    def is_prior(self) -> bool:
        """Whether this is the exam of the round before."""
        return self.spec.prior_years > 0

    @property
    def folder(self) -> str:
        """Name of the exam's folder."""
        return f"exam-{self.number:05d}{'-prior' if self.is_prior else ''}"


def wanted(order: Order) -> Iterator[Wanted]:
    """Every exam of the order: current exams in order of number, each followed by its prior where asked for."""
    for number in range(1, order.exams + 1):
        current = Wanted(order, number, _spec(order, number))
        yield current
        if order.priors:
            yield replace(current, spec=replace(current.spec, prior_years=2.0, faults=()))


def _spec(order: Order, number: int) -> ExamSpec:
    vendor = None if order.style is Style.MIXED else order.style.value
    spec = phantom.screening_spec(order.seed * 10_000 + number, order.prevalence, vendor)
    with_implants = order.implants and number % IMPLANT_SHARE == 0
    displaced = number % (2 * IMPLANT_SHARE) == 0
    faulty = bool(order.faults) and number % 2 == 0
    spec = replace(
        spec,
        markers=order.markers,
        implants=("displaced" if displaced else "in_place") if with_implants else None,
        faults=(order.faults[(number // 2 - 1) % len(order.faults)],) if faulty else (),
    )
    if order.full:
        return replace(spec.at_full_resolution(), mode="full")
    return replace(spec, rows=1148, cols=960, pixel_mm=0.2)


def write_round(order: Order, out: Path, workers: int, done: Callable[[], None]) -> list[ExamTruth]:
    """Write the exams, `truth.json` and `labels.csv` into `out`, which must be new or empty; returns the truth.

    Raises InvalidInput when the folder holds something or cannot be written, StoreUnavailable when the disk is full.
    """
    from screening.app.phantoms_exam import write_exam

    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise InvalidInput(f"{out.name} is not empty; name another folder with --out")
    truths = []
    with ProcessPoolExecutor(workers) as pool, writing(out):
        for truth in pool.map(write_exam, wanted(order), repeat(out)):
            truths.append(truth)
            done()
    told = {"notice": NOTICE, "seed": order.seed, "exams": truths}
    write_text(out / "truth.json", json.dumps(told, indent=1) + "\n")
    rows = [row for truth in truths if not truth["prior"] for row in label_rows(truth)]
    write_text(out / "labels.csv", "\n".join([",".join(LABEL_COLUMNS), *(",".join(row) for row in rows)]) + "\n")
    return truths
