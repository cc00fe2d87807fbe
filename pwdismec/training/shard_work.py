"""The labels of a shard cut into blocks, handed to threads, and what comes back gathered shard by shard."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from pwdismec.model.model_manifest import ShardPlan
from pwdismec.parallel import in_threads
from pwdismec.training.training_progress import Tracker

Block = NDArray[np.int32]

# Of several threads each gets some blocks, that none waits long for the last one; but not of fewer labels
# than these.
_BLOCKS_A_THREAD = 4
LEAST_LABELS = 32


def size_of_blocks(n_labels: int, most: int, threads: int) -> int:
    """How many labels a block has: at most `most`, fewer where there are few for the threads."""
    if threads == 1:  # nobody to wait for, and large blocks take fewer passes a label
        return most
    return min(most, max(LEAST_LABELS, -(-n_labels // (_BLOCKS_A_THREAD * threads))))


def blocks_of(shard: ShardPlan, label_counts: NDArray[np.int64], size: int) -> Iterator[Block]:
    """The labels of a shard that have a positive, in blocks of `size`, ascending.

    A label's solution does not depend on who shares its block, so neither do a shard's bits.
    """
    trained = shard.first + np.flatnonzero(label_counts[shard.first : shard.stop])
    for start in range(0, len(trained), size):
        yield trained[start : start + size].astype(np.int32)


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
