"""All that is summed over the rows, and the percentages it makes in the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.topk import TopK
from pwdismec.metrics.hits import find_hits
from pwdismec.metrics.judging import Totals
from pwdismec.metrics.label_table import LabelTable, ratio, set_columns
from pwdismec.metrics.reranking import paper_reranked
from pwdismec.metrics.tallies import IdealTally, RankingTally, RecallTally

Array = NDArray[np.float64]


class Sums:
    """The sums behind a report; rows are added in batches.

    Parameters
    ----------
    ks
        Rising whole numbers.
    group_of, n_groups
        int64, shape (n_labels,): the group of each label, and how many groups there are.
    inverse
        float64, shape (n_labels,): 1/p of each label, or what else a hit of it counts; None for the plain
        metrics alone.
    paper_reranking
        Whether the best five are reordered for PSP and PSnDCG; needs `inverse`.

    Attributes
    ----------
    n_true
        int64, shape (n_labels,): how often each label is true.
    instances
        int64, shape (n_groups,): rows that have a true label of the group.
    """

    def __init__(
        self,
        ks: Sequence[int],
        group_of: NDArray[np.int64],
        n_groups: int,
        inverse: Array | None,
        paper_reranking: bool,
    ) -> None:
        n_labels = len(group_of)
        self._ks, self._group_of, self._n_groups = ks, group_of, n_groups
        self._inverse, self._paper_reranking = inverse, paper_reranking
        self._plain = RankingTally(ks, n_labels)
        self._scored = RankingTally(ks, n_labels) if paper_reranking else self._plain
        self._recall = RecallTally(ks, group_of, n_groups)
        self._ideal = None if inverse is None else IdealTally(ks, inverse)
        self._predicted = np.zeros((len(ks), n_labels), np.int64)
        self._n_rows = np.zeros((), np.int64)
        self.n_true = np.zeros(n_labels, np.int64)

    @property
    def instances(self) -> NDArray[np.int64]:
        return self._recall.instances

    @property
    def totals(self) -> Totals:
        """All that is summed: the arrays themselves."""
        recall, scored = self._recall, [self._scored] if self._paper_reranking else []
        tallies = [array for tally in (self._plain, *scored) for array in (tally.hits, tally.ndcg)]
        ideal = [] if self._ideal is None else [self._ideal.among_best, self._ideal.psndcg]
        counts = [self._n_rows, self._predicted, self.n_true]
        return [*counts, *tallies, recall.overall, recall.within, recall.instances, *ideal]

    def add(self, predictions: TopK, truth: CSR) -> None:
        """Add some rows."""
        labels, n_true = predictions.labels[:, : self._ks[-1]], truth.row_lengths
        hits = find_hits(labels, truth)
        self._plain.add(hits, n_true)
        self._recall.add(hits, truth)
        for k, predicted in zip(self._ks, self._predicted, strict=True):
            first = labels[:, :k]
            np.add.at(predicted, first[first >= 0], 1)
        np.add.at(self.n_true, truth.indices[truth.indptr[0] : truth.indptr[-1]], 1)
        self._n_rows += truth.n_rows
        if self._ideal is not None:
            self._ideal.add(truth)
        if self._inverse is not None and self._paper_reranking:
            reranked = paper_reranked(predictions, self._inverse)[:, : self._ks[-1]]
            self._scored.add(find_hits(reranked, truth), n_true)

    def percentages(self) -> tuple[dict[str, float], list[dict[str, float]]]:
        """The metrics by name and k (``P@1``): over all labels, and for each group."""
        overall: dict[str, float] = {}
        groups: list[dict[str, float]] = [{} for _ in range(self._n_groups)]
        for j, k in enumerate(self._ks):
            for metric, value, within in (*self._contributions(j, k), *self._restrictions(j)):
                overall[f"{metric}@{k}"] = float(value)
                for group, part in zip(groups, within, strict=True):
                    group[f"{metric}@{k}"] = float(part)
        return overall, groups

    def by_label(self) -> LabelTable:
        """What each label has in the metrics, for each k; docs/metrics.md says how it makes the total."""
        columns: LabelTable = {"positives": self.n_true}
        if self._inverse is not None:
            columns["inverse_propensity"] = self._inverse
        for j, k in enumerate(self._ks):
            columns |= set_columns(self._plain.hits[j], self._predicted[j], self.n_true, f"@{k}")
            if self._ideal is not None and self._inverse is not None:
                columns[f"PSP_gain@{k}"] = self._scored.hits[j] * self._inverse
                columns[f"PSP_best@{k}"] = self._ideal.among_best[j] * self._inverse
        return columns

    def _contributions(self, j: int, k: int) -> Iterator[tuple[str, float, Array]]:
        """The metrics that are sums over labels: a group's value is its part of the total."""
        plain, scored = self._plain, self._scored
        terms = [("P", plain.hits[j], self._n_rows * k), ("nDCG", plain.ndcg[j], self._n_rows)]
        if self._ideal is not None and self._inverse is not None:
            terms += [
                ("PSP", scored.hits[j] * self._inverse, (self._ideal.among_best[j] * self._inverse).sum()),
                ("PSnDCG", scored.ndcg[j] * self._inverse, self._ideal.psndcg[j]),
            ]
        for metric, gains, whole in terms:
            parts = _percent(self._by_group(gains), whole)
            yield metric, float(parts.sum()), parts

    def _restrictions(self, j: int) -> Iterator[tuple[str, float, Array]]:
        """The metrics that, for a group, look at its labels alone."""
        hits, occurring = self._plain.hits[j], self._by_group(self.n_true > 0)
        covered = self._by_group(hits > 0)
        f1 = self._by_group(ratio(2 * hits, self._predicted[j] + self.n_true))
        sizes = np.bincount(self._group_of, minlength=self._n_groups)
        restricted = [
            ("recall", self._recall.overall[j], self._n_rows, self._recall.within[j], self._recall.instances),
            ("coverage", covered.sum(), occurring.sum(), covered, occurring),
            ("macro-F1", f1.sum(), sizes.sum(), f1, sizes),
        ]
        for metric, total, whole, parts, wholes in restricted:
            yield metric, float(_percent(total, whole)), _percent(parts, wholes)

    def _by_group(self, values: NDArray[Any]) -> Array:
        return np.asarray(np.bincount(self._group_of, values, self._n_groups), np.float64)


def _percent(part: ArrayLike, whole: ArrayLike) -> Array:
    return 100.0 * ratio(part, whole)
