"""Blocks of labels handed to threads, and what comes back gathered shard by shard."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

import joblib
import numpy as np
from numpy.typing import NDArray

from pwdismec.model.manifest import ShardPlan
from pwdismec.training.blocks import blocks_of
from pwdismec.training.progress import Tracker

Block = NDArray[np.int32]
Work = TypeVar("Work")
Result = TypeVar("Result")

# Every thread gets some blocks, that none waits long for the last one; but not of fewer labels than these.
_BLOCKS_A_THREAD = 4
LEAST_LABELS = 32

# Blocks a thread may be ahead of what is gathered: none waits at a shard's end, and few results are held.
_AHEAD = 2


def solve_shards(
    solve: Callable[[Block], Result],
    shards: Sequence[ShardPlan],
    label_counts: NDArray[np.int64],
    block_size: int,
    jobs: int,
    tracker: Tracker,
    interrupt: Callable[[], None],
) -> Generator[tuple[ShardPlan, list[Result]], None, None]:
    """Each shard with the results of its blocks, in order; threads run on into the next shard.

    Parameters
    ----------
    solve
        Trains a block of labels; called from several threads.
    shards
        What to train.
    label_counts
        As `blocks_of` takes them.
    block_size
        The most labels of a block; where there are few for the threads, blocks are smaller.
    jobs
        Threads; −1 for every core.
    tracker
        Told of each block.
    interrupt
        Makes running calls of `solve` end early; called when the rest is not wanted.
    """
    if not shards:
        return
    threads = joblib.effective_n_jobs(jobs)
    n_labels = sum(int(np.count_nonzero(label_counts[shard.first : shard.stop])) for shard in shards)
    size = size_of_blocks(n_labels, block_size, threads)
    blocks = [list(blocks_of(shard, label_counts, size)) for shard in shards]
    with closing(in_order(solve, (block for own in blocks for block in own), threads, interrupt)) as solved:
        for shard, own in zip(shards, blocks, strict=True):
            results = []
            for block in own:
                results.append(next(solved))
                tracker.labels_done(len(block))
            yield shard, results


def size_of_blocks(n_labels: int, most: int, threads: int) -> int:
    """How many labels a block has, `most` unless there are few labels for the threads."""
    return min(most, max(LEAST_LABELS, -(-n_labels // (_BLOCKS_A_THREAD * threads))))


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
        Makes running calls of `solve` end early; called at the end, however that comes.
    """
    pending: deque[Future[Result]] = deque()
    # A thread that is inside a kernel when Python ends brings the process down: leaving waits for it.
    pool = ThreadPoolExecutor(threads)
    try:
        for block in blocks:
            pending.append(pool.submit(solve, block))
            if len(pending) > _AHEAD * threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        interrupt()
        pool.shutdown(cancel_futures=True)
