"""How far a training is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pwdismec.model.model_manifest import ShardPlan
from pwdismec.progress import Update


@dataclass(frozen=True)
class Progress:
    """How far a training is, counted in labels that have a positive."""

    labels_done: int
    labels_resumed: int
    labels_total: int
    shards_done: int
    shards_total: int


OnProgress = Callable[[Progress], None]


class Tracker:
    """Counts what is done and tells `on_progress`.

    Parameters
    ----------
    start
        How far it is before anything is done.
    on_progress
        Called at once, and whenever more is done.
    """

    def __init__(self, start: Progress, on_progress: OnProgress | None) -> None:
        self._at = start
        self._on_progress = on_progress
        self._tell(0, 0)

    def labels_done(self, count: int) -> None:
        """`count` labels more are trained."""
        self._tell(count, 0)

    def shard_done(self, labels: int = 0) -> None:
        """A shard is safe, and so are `labels` labels of it that were not told of before."""
        self._tell(labels, 1)

    def _tell(self, labels: int, shards: int) -> None:
        at = self._at
        self._at = replace(at, labels_done=at.labels_done + labels, shards_done=at.shards_done + shards)
        if self._on_progress is not None:
            self._on_progress(self._at)


def progress_at_start(
    shards: Sequence[ShardPlan], missing: Sequence[ShardPlan], label_counts: NDArray[np.int64]
) -> Progress:
    """How far a training is that has yet to train `missing` of `shards`."""
    total, left = (sum(trained_in(shard, label_counts) for shard in some) for some in (shards, missing))
    return Progress(total - left, total - left, total, len(shards) - len(missing), len(shards))


def as_training_progress(update: Update) -> Callable[[Progress], None]:
    """An `on_progress` for `train`."""

    def on_progress(at: Progress) -> None:
        note = f"{at.shards_done:,} of {at.shards_total:,} shards" if at.shards_total > 1 else ""
        update(at.labels_done, at.labels_total, note=note)

    return on_progress


def trained_in(shard: ShardPlan, label_counts: NDArray[np.int64]) -> int:
    """How many labels of a shard have a positive."""
    return int(np.count_nonzero(label_counts[shard.first : shard.stop]))
