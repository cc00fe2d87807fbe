"""Blocks of labels handed to threads, and what comes back gathered shard by shard."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from contextlib import closing
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pwdismec.model.manifest import ShardPlan
from pwdismec.threads import Threads
from pwdismec.training.blocks import Block, blocks_of
from pwdismec.training.progress import Tracker

Work = TypeVar("Work")
Result = TypeVar("Result")

# Blocks a thread may be ahead of what is gathered: none waits at a shard's end, and few results are held.
_AHEAD = 2


def solve_shards(
    solve: Callable[[Block], Result],
    shards: Iterable[ShardPlan],
    label_counts: NDArray[np.int64],
    size: int,
    threads: int,
    tracker: Tracker,
    interrupt: Callable[[], None],
) -> Generator[tuple[ShardPlan, list[Result]], None, None]:
    """Each shard with the results of its blocks, in order; threads run on into the next shard.

    Parameters
    ----------
    solve
        Trains a block of labels; called from several threads.
    shards
        What to train; each is asked for when a thread is about to take its first block.
    label_counts, size
        As `blocks_of` takes them.
    threads
        How many.
    tracker
        Told of each block.
    interrupt
        Makes running calls of `solve` end early; called when the rest is not wanted.
    """
    begun: deque[tuple[ShardPlan, list[Block]]] = deque()

    def blocks() -> Iterator[Block]:
        for shard in shards:
            begun.append((shard, list(blocks_of(shard, label_counts, size))))
            yield from begun[-1][1]

    results: list[Result] = []
    with closing(in_order(solve, blocks(), threads, interrupt)) as solved:
        for result in solved:
            while not begun[0][1]:  # none of its labels has a positive
                yield begun.popleft()[0], []
            shard, own = begun[0]
            tracker.labels_done(len(own[len(results)]))
            results.append(result)
            if len(results) == len(own):
                begun.popleft()
                yield shard, results
                results = []
    for shard, _ in begun:
        yield shard, []


def in_order(
    solve: Callable[[Work], Result], blocks: Iterable[Work], threads: int, interrupt: Callable[[], None]
) -> Generator[Result, None, None]:
    """What `solve` makes of each block, in order; blocks are taken a few ahead of what is asked for.

    Parameters
    ----------
    solve
        Called from several threads.
    blocks
        What to solve.
    threads
        How many.
    interrupt
        Makes running calls of `solve` end early; called when the rest is not wanted.
    """
    pending: deque[Future[Result]] = deque()
    # A thread that is inside a kernel when Python ends brings the process down: leaving waits for it.
    pool = Threads(threads)
    try:
        for block in blocks:
            pending.append(pool.submit(solve, block))
            if len(pending) > _AHEAD * threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except BaseException:  # the rest is not wanted
        interrupt()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
