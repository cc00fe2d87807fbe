"""Ordered maps over threads or processes that do not run ahead of who takes the results."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

from pwdismec.threads import Threads

Item = TypeVar("Item")
Result = TypeVar("Result")


# Bytes of items under way, beyond which no more are taken until some are done.
_MOST_UNDER_WAY = 1 << 28


def map_in_order(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    n_jobs: int | None,
    size_of: Callable[[Item], int] | None = None,
) -> Iterator[Result]:
    """Results of `function` in the order of `items`; at most two items a thread are under way.

    Parameters
    ----------
    n_jobs
        Threads; None takes one for each processor.
    size_of
        As `map_with` takes it.
    """
    n_threads = n_jobs or os.cpu_count() or 1
    pool = Threads(n_threads)
    try:
        yield from map_with(pool, function, items, 2 * n_threads, size_of)
    finally:
        pool.shutdown(cancel_futures=True)


def map_with(
    pool: Executor,
    function: Callable[[Item], Result],
    items: Iterable[Item],
    at_most: int,
    size_of: Callable[[Item], int] | None = None,
) -> Iterator[Result]:
    """Results of `function` in the order of `items`, which `pool` works on.

    An error of `items` is raised after the results of those that came before it. What another error leaves
    under way is for the owner of the pool to end.

    Parameters
    ----------
    at_most
        Items under way.
    size_of
        Bytes of an item, where some are so large that fewer of them should be under way.
    """
    pending: deque[tuple[Future[Result], int]] = deque()
    iterator, failure, under_way = iter(items), None, 0

    def first() -> Result:
        nonlocal under_way
        future, size = pending.popleft()
        under_way -= size
        return future.result()

    while failure is None:
        try:
            item = next(iterator)
        except StopIteration:
            break
        except Exception as error:
            failure = error
            continue
        pending.append((pool.submit(function, item), size_of(item) if size_of is not None else 0))
        under_way += pending[-1][1]
        while len(pending) == at_most or (under_way > _MOST_UNDER_WAY and pending):
            yield first()
    while pending:
        yield first()
    if failure is not None:
        raise failure
