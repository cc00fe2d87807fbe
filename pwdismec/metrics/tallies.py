"""The sums the metrics are made of, gathered over batches of rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.metrics.hits import Hits, discounts, ideal_dcg, pair_keys, pair_rows


class RankingTally:
    """What each label contributes to P, nDCG and their propensity-scored forms.

    Attributes
    ----------
    hits
        int64, shape (len(ks), n_labels): rows that have the label, rightly, among the first k.
    ndcg
        float64, shape (len(ks), n_labels): of the same rows, the sum of 1/log2(place + 1) over the row's
        ideal DCG, that of min(k, number of true labels) hits.
    """

    def __init__(self, ks: Sequence[int], n_labels: int) -> None:
        self._ks = ks
        self._discounts, self._ideal = discounts(max(ks)), ideal_dcg(max(ks))
        self.hits = np.zeros((len(ks), n_labels), np.int64)
        self.ndcg = np.zeros((len(ks), n_labels))

    def add(self, hits: Hits, n_true: NDArray[np.int64]) -> None:
        """Count the hits of some rows; `n_true` is the number of true labels of each row."""
        for k, counts, ndcg in zip(self._ks, self.hits, self.ndcg, strict=True):
            rows, places, labels = hits.above(k)
            np.add.at(counts, labels, 1)
            np.add.at(ndcg, labels, self._discounts[places] / self._ideal[np.minimum(k, n_true[rows])])


class RecallTally:
    """Recall, over all labels and within each group of labels.

    Attributes
    ----------
    overall
        float64, shape (len(ks),): the sum of the rows' recall.
    within
        float64, shape (len(ks), n_groups): the same when only the group's labels are looked at.
    instances
        int64, shape (n_groups,): rows that have a true label of the group.
    """

    def __init__(self, ks: Sequence[int], group_of: NDArray[np.int64], n_groups: int) -> None:
        self._ks, self._group_of, self._n_groups = ks, group_of, n_groups
        self.overall = np.zeros(len(ks))
        self.within = np.zeros((len(ks), n_groups))
        self.instances = np.zeros(n_groups, np.int64)

    def add(self, hits: Hits, truth: CSR) -> None:
        """Count the hits of the rows of `truth`."""
        groups = self._group_of[truth.indices[truth.indptr[0] : truth.indptr[-1]]]
        cells = pair_rows(truth) * self._n_groups + groups
        n_true = np.bincount(cells, minlength=truth.n_rows * self._n_groups).reshape(-1, self._n_groups)
        self.instances += (n_true > 0).sum(axis=0)
        for j, k in enumerate(self._ks):
            rows, _, labels = hits.above(k)
            group = self._group_of[labels]
            self.overall[j] += (1.0 / truth.row_lengths[rows]).sum()
            self.within[j] += np.bincount(group, 1.0 / n_true[rows, group], self._n_groups)


class IdealTally:
    """What the best ranking would have: the denominators of PSP and PSnDCG.

    The best ranking has a row's true labels by falling inverse propensity.

    Attributes
    ----------
    among_best
        int64, shape (len(ks), n_labels): rows whose best ranking has the label among the first k; of labels
        of one propensity the one with the smaller number comes first.
    psndcg
        float64, shape (len(ks),): over rows, the sum of the k largest inverse propensities, each over
        log2(rank + 1) and the row's ideal DCG.
    """

    def __init__(self, ks: Sequence[int], inverse: NDArray[np.float64]) -> None:
        self._ks = ks
        falling = np.argsort(-inverse, kind="stable")
        self._falling, self._sorted = falling, inverse[falling]
        self._rank_of = np.empty(len(inverse), np.int32)
        self._rank_of[falling] = np.arange(len(inverse), dtype=np.int32)
        self._discounts, self._ideal = discounts(max(ks)), ideal_dcg(max(ks))
        self.among_best = np.zeros((len(ks), len(inverse)), np.int64)
        self.psndcg = np.zeros(len(ks))

    def add(self, truth: CSR) -> None:
        """Count the rows of `truth`."""
        start, stop = truth.indptr[0], truth.indptr[-1]
        ranks = self._rank_of[truth.indices[start:stop]]
        keys = np.sort(pair_keys(CSR(truth.indptr - start, ranks, None, truth.n_columns)))
        rows = pair_rows(truth)
        places = np.arange(len(rows)) - (truth.indptr[:-1] - start)[rows]
        n_true = truth.row_lengths
        ranks = keys - rows * truth.n_columns
        for j, k in enumerate(self._ks):
            first = places < k
            row, place, rank = rows[first], places[first], ranks[first]
            np.add.at(self.among_best[j], self._falling[rank], 1)
            gain = self._sorted[rank]
            self.psndcg[j] += (gain * self._discounts[place] / self._ideal[np.minimum(k, n_true[row])]).sum()
