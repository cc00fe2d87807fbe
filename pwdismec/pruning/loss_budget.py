"""Pruning by what it may cost: how far each label's objective may rise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pwdismec.bounds import real_number
from pwdismec.model import Shard
from pwdismec.pruning.criteria import Criterion, ranks


def within_loss(share: float, objective: Callable[[Shard], NDArray[np.float64]]) -> Criterion:
    """Each label's largest weights, as few as keep P at most by `share` above P of all its weights.

    How many that is, a bisection finds to the one: P of the weights that are kept is at most
    ``(1 + share) P``, and of one weight less it is more. (P need not rise with every weight that goes. If
    it is back below the limit after it was above, either side may be found.)

    Parameters
    ----------
    share
        0.01 is one percent.
    objective
        P of each label, with the weights and biases that a shard has.

    Raises
    ------
    ConfigError
        If the share is not a finite number, 0 or above.
    """
    share = real_number("loss", share, lambda value: 0 <= value < np.inf, "a finite share, 0 or above")

    def kept(shard: Shard) -> NDArray[np.bool_]:
        rank = ranks(shard.weights)
        row_lengths = shard.weights.row_lengths

        def first(counts: NDArray[np.int64]) -> NDArray[np.bool_]:
            return rank < np.repeat(counts, row_lengths)

        limit = (1 + share) * objective(shard)
        enough, too_few = row_lengths.copy(), np.full(len(row_lengths), -1)
        while (undecided := enough - too_few > 1).any():
            tried = np.where(undecided, (enough + too_few) // 2, 0)
            fits = objective(replace(shard, weights=shard.weights.where(first(tried)))) <= limit
            enough = np.where(undecided & fits, tried, enough)
            too_few = np.where(undecided & ~fits, tried, too_few)
        return first(enough)

    return kept
