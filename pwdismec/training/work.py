"""Blocks of labels handed to threads, and what comes back gathered shard by shard."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pwdismec.model.manifest import ShardPlan
from pwdismec.parallel import in_threads
from pwdismec.training.blocks import Block, blocks_of
from pwdismec.training.progress import Tracker

Result = TypeVar("Result")


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
    with closing(in_threads(solve, blocks(), threads, interrupt=interrupt)) as solved:
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
