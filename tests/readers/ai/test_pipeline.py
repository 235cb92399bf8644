"""Work ahead: in order, never more than one step, and over when its caller is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.ai.pipeline import ahead


@given(st.lists(st.integers()))
def test_results_come_in_order(items: list[int]) -> None:
    assert list(ahead(lambda item: -item, items)) == [-item for item in items]


@dataclass
class Counted:
    """Counts results that were begun."""

    begun: list[int] = field(default_factory=list)

    def make(self, item: int) -> int:
        """The item itself."""
        self.begun.append(item)
        return item


def test_one_result_is_made_ahead_and_no_more() -> None:
    counted = Counted()
    results: Iterator[int] = ahead(counted.make, range(10))
    for number in range(10):
        assert next(results) == number
        assert len(counted.begun) <= number + 2


def test_the_next_is_made_while_the_caller_works() -> None:
    """The second result waits for the caller to hold the first: without overlap this would never end."""
    holding = threading.Event()

    def work(item: int) -> int:
        assert item == 0 or holding.wait(30)
        return item

    for number in ahead(work, range(2)):
        assert number in (0, 1)
        holding.set()


def test_an_error_is_raised_at_its_item_and_ends_the_work() -> None:
    def work(item: int) -> int:
        if item == 2:
            raise ValueError("two")
        return item

    seen: list[int] = []
    with pytest.raises(ValueError, match="two"):
        seen.extend(ahead(work, range(5)))
    assert seen == [0, 1]
