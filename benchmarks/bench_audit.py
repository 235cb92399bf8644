"""How long the KPI table takes over a million episodes, against a plain loop over the same rows.

The frame is made with NumPy at programme-like rates; only its shape matters here. The loop computes one KPI in
plain Python on a sample and is scaled up.

Run: `python benchmarks/bench_audit.py [rows]`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from time import perf_counter

import numpy as np
import polars as pl

from audits.frames import SCHEMA
from audits.integrity import check
from audits.performance import compute
from audits.report import REPORT_SPLITS, build

SAMPLE = 20_000


def episodes(count: int, seed: int = 1) -> pl.DataFrame:
    """A frame of `count` episodes: recall 4 % per reader, AI flags 10 %, cancer in a fifth of the recalls."""
    rng = np.random.default_rng(seed)
    one, two = rng.random((2, count)) < 0.04
    arbitrated = one != two
    recalled = (one & two) | (arbitrated & (rng.random(count) < 0.35))
    cancer = recalled & (rng.random(count) < 0.2)
    score = rng.integers(1, 11, count)
    flags = (("R1", one), ("R2", two), ("AI", score == 10))
    parts = [pl.when(pl.Series(mask)).then(pl.lit(name)) for name, mask in flags]
    opinions = {True: "recall", False: "normal"}
    columns = {
        "case": pl.Series([f"case-{n}" for n in range(count)]),
        "episode": pl.Series([f"episode-{n}" for n in range(count)]),
        "unit": _choice(rng, [f"unit-{n:02d}" for n in range(40)], count),
        "round_number": pl.Series(rng.integers(1, 12, count)),
        "age_years": pl.Series(rng.integers(50, 76, count)),
        "screened_on": pl.Series([date(2026, 3, 2)]).extend_constant(date(2026, 3, 2), count - 1),
        "released_on": pl.Series(np.datetime64("2026-03-03") + rng.integers(0, 14, count)),
        "policy": _choice(rng, ["double-human+ai@1"], count),
        "manufacturer": _choice(rng, ["Maker", "Other"], count),
        "device_model": _choice(rng, ["One", "Two"], count),
        "device_software": _choice(rng, ["1.0", "1.1", "2.0"], count),
        "implant": pl.Series(rng.random(count) < 0.015),
        "density": _choice(rng, ["a", "b", "c", "d"], count),
        "state": _choice(rng, ["released"], count),
        "reader_1": _choice(rng, [f"reader-{n}" for n in range(20)], count),
        "reader_2": _choice(rng, [f"reader-{n}" for n in range(20, 40)], count),
        "opinion_1": pl.Series(one).replace_strict(opinions),
        "opinion_2": pl.Series(two).replace_strict(opinions),
        "blind_1": pl.Series([True]).extend_constant(value=True, n=count - 1),
        "blind_2": pl.Series([True]).extend_constant(value=True, n=count - 1),
        "ai_status": _choice(rng, ["ok"], count),
        "ai_product": _choice(rng, ["ai@1"], count),
        "ai_calibration": _choice(rng, ["cal-1"], count),
        "ai_score": pl.Series(score),
        "ai_flagged": pl.Series(score == 10),
        "arbitrated": pl.Series(arbitrated),
        "arbitration_opinion": pl.Series(recalled).replace_strict(opinions),
        "outcome": pl.Series(recalled).replace_strict({True: "recall_for_assessment", False: "routine_recall"}),
        "assessed": pl.Series(recalled),
        "cancer": pl.Series(cancer),
        "invasive": pl.Series(rng.random(count) < 0.8),
        "interval_cancer": pl.Series(~cancer & (rng.random(count) < 0.002)),
        "human_reads": pl.Series(np.full(count, 2)),
    }
    frame = pl.DataFrame(columns).with_columns(
        pl.concat_str(parts, separator="+", ignore_nulls=True).replace("", "none").alias("origin"),
        pl.when("arbitrated").then("arbitration_opinion").alias("arbitration_opinion"),
        pl.when("assessed").then("cancer").alias("cancer"),
        pl.when("cancer").then("invasive").alias("invasive"),
    )
    empty = [pl.lit(None).alias(name) for name in SCHEMA if name not in frame.columns]
    return frame.with_columns(empty).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())


def _choice(rng: np.random.Generator, options: list[str], count: int) -> pl.Series:
    return pl.Series(options).gather(rng.integers(0, len(options), count))


def plain_loop(rows: list[dict[str, object]]) -> dict[str, tuple[int, int]]:
    """Recall rate per unit as one would write it without a frame."""
    counts: dict[str, tuple[int, int]] = {}
    for row in rows:
        if row["outcome"] in (None, "no_result", "technical_recall"):
            continue
        recalled, screened = counts.get(str(row["unit"]), (0, 0))
        counts[str(row["unit"])] = (recalled + (row["outcome"] == "recall_for_assessment"), screened + 1)
    return counts


def timed(act: Callable[[], object]) -> float:
    """Best of three runs, in seconds."""
    times = []
    for _ in range(3):
        began = perf_counter()
        act()
        times.append(perf_counter() - began)
    return min(times)


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    frame = episodes(count)
    sample = frame.head(SAMPLE).to_dicts()
    kpis = compute(frame, REPORT_SPLITS)
    cells = kpis.select("kpi", "split", "level").unique().height
    loop = timed(lambda: plain_loop(sample)) / len(sample) * count
    lines = (
        ("KPI table, no split", timed(lambda: compute(frame))),
        (f"KPI table, {len(REPORT_SPLITS)} splits ({cells:,} cells)", timed(lambda: compute(frame, REPORT_SPLITS))),
        ("integrity check", timed(lambda: check(frame))),
        ("whole report", timed(lambda: build(frame, date(2026, 11, 20)))),
        ("plain loop: one KPI, one split (scaled)", loop),
        (f"plain loop, same {cells:,} cells (estimated)", loop * cells / frame["unit"].n_unique()),
    )
    print(f"{count:,} episodes, {frame.estimated_size('mb'):.0f} MB in memory")
    for name, seconds in lines:
        print(f"{name:<48}{seconds:>9.3f} s{count / seconds:>16,.0f} rows/s")


if __name__ == "__main__":
    main()
