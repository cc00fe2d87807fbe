"""The reordering of the best five that the paper's evaluation code does before the PS metrics."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.topk import TopK

POOL = 5
"""The places that are reordered; the published code keeps no more."""


def paper_reranked(predictions: TopK, inverse: NDArray[np.float64]) -> NDArray[np.int32]:
    """The labels with the best five reordered: rare before frequent among those of positive score.

    Each place takes, of the labels left, the one with the largest inverse propensity among the
    best-scored left and those whose score is positive. As rows come best first, that is a sort: the
    labels of positive score by falling inverse propensity, then the others as they were; ties as they
    were. It looks at the test data nowhere, but is a step of prediction rather than of measuring.

    Parameters
    ----------
    predictions
        Labels and scores, shape (n, k), rows best first. Places from the sixth stay as they are.
    inverse
        float64, shape (n_labels,): 1/p of each label.

    Returns
    -------
    int32, shape (n, k).
    """
    pool, scores = predictions.labels[:, :POOL], predictions.scores[:, :POOL]
    key = np.where((scores > 0) & (pool >= 0), -inverse[pool], np.inf)
    reranked = predictions.labels.copy()
    reranked[:, :POOL] = np.take_along_axis(pool, np.argsort(key, axis=1, kind="stable"), axis=1)
    return reranked
