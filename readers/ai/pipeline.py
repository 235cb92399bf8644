"""Work ahead of the network by one: while one image is predicted, the next is decoded, and no third one exists.

Nothing here knows images. One worker thread is enough: decoders and array work release the interpreter lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

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
