"""How long one report takes to become bytes: each stage, and plain `json.dumps` of the same bundle as the floor.

Run `python -m benchmarks.bench_report [RUNS]` from the repository root.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable

from fhir_gateway.fhir.bundle import canonical, transaction
from fhir_gateway.fhir.report import FhirReportWriter
from fhir_gateway.fhir.validate import problems
from fhir_gateway.narrative.text import plain_text
from screening.domain.report import Language, StructuredReport
from tests.fhir_gateway.examples import RECALL, ROUTINE

WARM_UP = 3


def milliseconds(work: Callable[[], object], runs: int) -> tuple[float, float]:
    """Median and 95th percentile of the wall time of one call, after a warm-up."""
    times = []
    for number in range(WARM_UP + runs):
        start = time.perf_counter()
        work()
        if number >= WARM_UP:
            times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


def stages(report: StructuredReport) -> dict[str, Callable[[], object]]:
    """What is timed, by name, from the floor upwards."""
    bundle = transaction(report)
    return {
        "json.dumps of the bundle (floor)": lambda: json.dumps(bundle),
        "canonical bytes": lambda: canonical(bundle),
        "narrative, one language": lambda: plain_text(report, Language.DUTCH),
        "compose resources": lambda: transaction(report),
        "validate": lambda: problems(bundle),
        "whole: FhirReportWriter.bundle": lambda: FhirReportWriter().bundle(report),
    }


def main(runs: int) -> None:
    """Print one table per report."""
    for name, report in (("routine", ROUTINE), ("recall, two lesions", RECALL)):
        size = len(FhirReportWriter().bundle(report)) / 1024
        print(f"{name}: {size:.1f} KiB, {runs} runs")
        print(f"  {'stage':34} {'median ms':>10} {'p95 ms':>10}")
        for stage, work in stages(report).items():
            median, high = milliseconds(work, runs)
            print(f"  {stage:34} {median:10.3f} {high:10.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
