"""The best k labels of each instance: what prediction gives and metrics take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class TopK(NamedTuple):
    """Labels and scores of n instances, best first.

    Attributes
    ----------
    labels
        int32, shape (n, k). Where fewer than k labels exist, the places left hold −1.
    scores
        float32, shape (n, k). The places left hold −inf.
    """

    labels: NDArray[np.int32]
    scores: NDArray[np.float32]


def join_rows(tops: Sequence[TopK]) -> TopK:
    """The rows of one after those of another, with as many places as the widest has."""
    n, width = sum(len(top.labels) for top in tops), max((top.labels.shape[1] for top in tops), default=0)
    joined = TopK(np.full((n, width), -1, np.int32), np.full((n, width), -np.inf, np.float32))
    first = 0
    for labels, scores in tops:
        rows, places = slice(first, first + len(labels)), slice(labels.shape[1])
        joined.labels[rows, places], joined.scores[rows, places] = labels, scores
        first = rows.stop
    return joined
