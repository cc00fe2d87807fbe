"""Which predicted labels are true, and what a hit counts at its place."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR


class Hits(NamedTuple):
    """The correct predictions of some rows, by row and then by place.

    Attributes
    ----------
    rows, places, labels
        int64, shape (n_hits,). The row and the place, both counted from 0, and the label.
    """

    rows: NDArray[np.int64]
    places: NDArray[np.int64]
    labels: NDArray[np.int64]

    def above(self, k: int) -> Hits:
        """Those among the first k places."""
        within = self.places < k
        return Hits(self.rows[within], self.places[within], self.labels[within])


def find_hits(labels: NDArray[np.integer], truth: CSR) -> Hits:
    """The predictions that are true.

    Parameters
    ----------
    labels
        Integers, shape (n, k). Places below 0 are missing.
    truth
        The true labels of the same n rows.
    """
    true = pair_keys(truth)
    asked = labels + np.arange(len(labels), dtype=np.int64)[:, None] * truth.n_columns
    if not len(true):
        found = np.zeros(labels.shape, bool)
    else:
        at = np.minimum(np.searchsorted(true, asked), len(true) - 1)
        found = (true[at] == asked) & (labels >= 0)
    rows, places = np.nonzero(found)
    return Hits(rows, places, labels[found].astype(np.int64))


def pair_keys(truth: CSR) -> NDArray[np.int64]:
    """``row · n_columns + label`` of each true pair, ascending: int64, shape (nnz,)."""
    return truth.indices[truth.indptr[0] : truth.indptr[-1]] + pair_rows(truth) * truth.n_columns


def pair_rows(truth: CSR) -> NDArray[np.int64]:
    """The row of each true pair: int64, shape (nnz,)."""
    return np.repeat(np.arange(truth.n_rows), truth.row_lengths)


def discounts(k: int) -> NDArray[np.float64]:
    """1/log2(r + 1) for the ranks r = 1 … k: float64, shape (k,)."""
    return 1.0 / np.log2(np.arange(2, k + 2))


def ideal_dcg(k: int) -> NDArray[np.float64]:
    """The DCG of 0 … k true labels ranked first: float64, shape (k + 1,)."""
    return np.concatenate([[0.0], np.cumsum(discounts(k))])
