"""Work ahead of the network by one: while one image is predicted, the next is decoded, and no third one exists.

Nothing here knows images. One worker thread is enough: decoders and array work release the interpreter lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`work` of each item, in order, the next one begun when a result is handed out.

    At most two results exist at a time if the caller keeps none. An error of `work` is raised at its item.

    >>> list(ahead(str, [1, 2, 3]))
    ['1', '2', '3']
    """
    waiting = iter(items)
    with ThreadPoolExecutor(1) as pool:
        begun = [pool.submit(work, item) for item in islice(waiting, 1)]
        while begun:
            result = begun.pop().result()
            begun += [pool.submit(work, item) for item in islice(waiting, 1)]
            yield result


class Reel(Generic[Result]):
    """Results by index, 0 to `count` - 1, for a caller that mostly asks for the next; one more is made ahead.

    Use as a context: its worker thread ends with it.
    """

    def __init__(self, work: Callable[[int], Result], count: int) -> None:
        self._work, self._count = work, count
        self._pool = ThreadPoolExecutor(1)
        self._next: tuple[int, Future[Result]] | None = None

    def __enter__(self) -> Reel[Result]:
        return self

    def __exit__(self, *_error: object) -> None:
        self._next = None
        self._pool.shutdown(cancel_futures=True)

    def get(self, index: int) -> Result:
        """Result number `index`. Raises whatever the work raises."""
        begun, self._next = self._next, None
        made = begun[1] if begun is not None and begun[0] == index else self._pool.submit(self._work, index)
        result = made.result()
        if index + 1 < self._count:
            self._next = (index + 1, self._pool.submit(self._work, index + 1))
        return result
