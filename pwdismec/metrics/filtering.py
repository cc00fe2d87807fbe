"""Pairs of an instance and a label that are left out of an evaluation.

The Extreme Classification Repository has files of such pairs for data sets whose instances are labels,
too: an instance that is told to be like itself says nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.topk import TopK
from pwdismec.metrics.hits import pair_keys


def without_pairs(
    predictions: TopK, truth: CSR, pairs: NDArray[np.integer]
) -> tuple[tuple[TopK, CSR], tuple[int, int]]:
    """Predictions and truth without some pairs, and how many were taken out of the truth and the predictions.

    Parameters
    ----------
    predictions
        Labels and scores, shape (n, width), rows best first, −1 for a missing place. Those behind what is
        taken out move up.
    truth
        The true labels, n rows.
    pairs
        Integers, shape (n_pairs, 2): row and label, both from 0.
    """
    labels, scores = predictions
    unwanted = np.unique(pairs[:, 0].astype(np.int64) * truth.n_columns + pairs[:, 1])
    true = truth.where(~np.isin(pair_keys(truth), unwanted))
    keys = labels + np.arange(len(labels), dtype=np.int64)[:, None] * truth.n_columns
    out = np.isin(keys, unwanted) & (labels >= 0)
    order = np.argsort(out, axis=1, kind="stable")
    left = TopK(
        np.take_along_axis(np.where(out, -1, labels), order, 1).astype(labels.dtype),
        np.take_along_axis(np.where(out, -np.inf, scores), order, 1).astype(scores.dtype),
    )
    return (left, true), (truth.nnz - true.nnz, int(out.sum()))
