"""How far a training is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
    label_counts
        Shape (n_labels,): training positives of each label.
    labels_resumed, shards_resumed
        What an earlier run has done.
    shards_total
        How many shards there are.
    on_progress
        Called at once, and whenever more is done.
    """

    def __init__(
        self,
        label_counts: NDArray[np.int64],
        labels_resumed: int,
        shards_resumed: int,
        shards_total: int,
        on_progress: OnProgress | None,
    ) -> None:
        self._resumed = self._labels = labels_resumed
        self._labels_total = int(np.count_nonzero(label_counts))
        self._shards, self._shards_total = shards_resumed, shards_total
        self._on_progress = on_progress
        self._tell()

    def labels_done(self, count: int) -> None:
        """`count` labels more are trained."""
        self._labels += count
        self._tell()

    def shard_done(self) -> None:
        """A shard is safe."""
        self._shards += 1
        self._tell()

    def _tell(self) -> None:
        if self._on_progress is not None:
            self._on_progress(
                Progress(self._labels, self._resumed, self._labels_total, self._shards, self._shards_total)
            )
