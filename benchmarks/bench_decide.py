"""How many cases per second `decide()` replays and how many a synthetic round plays, per shipped policy.

Run: `python benchmarks/bench_decide.py [cases]`.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from time import perf_counter

from readers.simulated.round import PlayedCase, play_round
from screening.domain.case import decide
from screening.domain.policy import Policy
from screening.workflow.policies import shipped_policies

START = datetime(2026, 1, 5, 8, tzinfo=UTC)


def replay(policy: Policy, cases: list[PlayedCase]) -> float:
    """Seconds to decide every case from all of its events."""
    began = perf_counter()
    for case in cases:
        decide(policy, case.events, case.events[-1].at)
    return perf_counter() - began


def measure(policy: Policy, count: int) -> str:
    """One line of the table."""
    began = perf_counter()
    cases = list(play_round(policy, count, 1, START))
    played = perf_counter() - began
    replayed = min(replay(policy, cases) for _ in range(3))
    events = sum(len(case.events) for case in cases) / len(cases)
    return f"{policy.id:<18}{len(cases):>8}{events:>9.1f}{len(cases) / played:>12,.0f}{len(cases) / replayed:>14,.0f}"


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    print(f"{'policy':<18}{'cases':>8}{'events':>9}{'played/s':>12}{'decide()/s':>14}")
    for policy in shipped_policies().values():
        print(measure(policy, count))


if __name__ == "__main__":
    main()
