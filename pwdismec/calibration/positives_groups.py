"""Labels grouped by training frequency: what a score is worth depends on how many positives it stands on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ENOUGH = 200
"""Held-out positives that a group is to have at least."""


def group_bounds(
    counts: NDArray[np.integer], held_out: NDArray[np.integer], enough: int = ENOUGH
) -> NDArray[np.int64]:
    """The least training count of each group: powers of two, groups with too few positives joined.

    Parameters
    ----------
    counts, held_out
        Integers, shape (n_labels,): how often each label is true in the training set, at least once, and in
        the held-out set.
    enough
        Held-out positives that a group is to have. What the most frequent labels lack, their neighbours
        give.

    Returns
    -------
    int64, shape (n_groups,), rising; the first is 1.
    """
    doublings = np.frexp(counts.astype(np.float64))[1] - 1  # floor(log2)
    positives = np.bincount(doublings, held_out)
    bounds, gathered = [1], 0.0
    for power in range(len(positives)):
        if gathered >= enough and positives[power:].sum() >= enough:
            bounds.append(1 << power)
            gathered = 0.0
        gathered += positives[power]
    return np.array(bounds, np.int64)


def group_of(counts: NDArray[np.integer], bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    """The group of each label, by its training count; that of count 0 is the first."""
    return np.maximum(np.searchsorted(bounds, counts, "right") - 1, 0).astype(np.int64)
