"""Ordered maps over threads or processes that do not run ahead of who takes the results."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_order(
    function: Callable[[Item], Result], items: Iterable[Item], n_jobs: int | None
) -> Iterator[Result]:
    """Results of `function` in the order of `items`; at most two items a thread are under way.

    Parameters
    ----------
    n_jobs
        Threads; None takes one for each processor.
    """
    n_threads = n_jobs or os.cpu_count() or 1
    with ThreadPoolExecutor(n_threads) as pool:
        yield from map_with(pool, function, items, 2 * n_threads)


def map_with(
    pool: Executor, function: Callable[[Item], Result], items: Iterable[Item], at_most: int
) -> Iterator[Result]:
    """Results of `function` in the order of `items`; so many are under way in `pool` at the most."""
    pending: deque[Future[Result]] = deque()
    try:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) == at_most:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()
