"""The shards of a model changed a piece at a time, by several threads where that pays."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing

import numpy as np

from pwdismec.bounds import thread_count
from pwdismec.model import Model, Shard
from pwdismec.parallel import in_threads
from pwdismec.pruning.origin import Origin
from pwdismec.training.shard_work import size_of_blocks

OnLabels = Callable[[int, int], None]
"""Takes how many labels are done, and how many there will be."""


def changed(
    model: Model,
    change: Callable[[Shard], Shard],
    origin: Origin | None,
    jobs: int,
    on_labels: OnLabels | None,
) -> Generator[Shard, None, None]:
    """The model's shards after `change`, in order.

    Parameters
    ----------
    model
        Its shards are read as they are wanted.
    change
        Gives a shard's labels, or some of them, other weights; a label's must not depend on the others'.
    origin
        What `change` solves or measures with: then threads change pieces of shards. None if it only looks at
        the weights: then a shard is one piece, and no other is in memory beside it.
    jobs
        Threads; −1 for every core.
    on_labels
        Called at first, and after every piece.

    Raises
    ------
    ConfigError
        If `jobs` is 0.
    """
    total = sum(entry.n_trained for entry in model.manifest.shards)
    n_pieces: deque[int] = deque()  # of each shard that is on its way

    def pieces(size: int) -> Iterator[Shard]:
        for shard in model.shards():
            n = len(shard.label_ids)
            starts = range(0, max(n, 1), size)
            n_pieces.append(len(starts))
            for start in starts:
                yield shard if n <= size else shard.take(np.arange(start, min(start + size, n)))

    threads = thread_count(jobs)
    if origin is None:
        results = (change(piece) for piece in pieces(max(total, 1)))
    else:
        size = size_of_blocks(total, origin.solver.block_size, threads)
        results = in_threads(change, pieces(size), threads, interrupt=origin.prepared.interrupt)
    with closing(results):
        done, own = 0, list[Shard]()
        if on_labels is not None:
            on_labels(0, total)
        for piece in results:
            own.append(piece)
            done += len(piece.label_ids)
            if on_labels is not None:
                on_labels(done, total)
            if len(own) == n_pieces[0]:
                n_pieces.popleft()
                yield Shard.concatenate(own)
                own.clear()
