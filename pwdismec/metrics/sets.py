"""Precision, recall and F1 of sets of labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.topk import TopK
from pwdismec.metrics.checks import check_labels, check_shapes
from pwdismec.metrics.hits import find_hits
from pwdismec.metrics.judging import Totals, add_up, batches, judged, ranges
from pwdismec.metrics.label_table import LabelTable, set_columns
from pwdismec.metrics.report import terms, unseen
from pwdismec.plain_text import aligned

_MEANS = ("micro", "macro")
_METRICS = ("precision", "recall", "F1")


@dataclass(frozen=True)
class SetReport:
    """The metrics of predicted sets of labels.

    Attributes
    ----------
    percent
        By mean and metric, as ``micro-F1``, ``macro-precision``: percentages, 0 … 100.
    n_instances, n_labels
        Test rows and labels.
    predicted, true
        Labels a row, on average.
    n_unlabelled, n_pairs, n_unseen_labels, n_unseen_pairs, filtered
        As in `Report`.
    per_label
        The same by label: columns ``positives``, ``predicted``, ``hits`` (rows), ``precision``, ``recall``
        and ``F1`` (percent), each of shape (n_labels,); None if not asked for.
    """

    percent: dict[str, float]
    n_instances: int
    n_labels: int
    predicted: float
    true: float
    n_unlabelled: int = 0
    n_pairs: int | None = None
    n_unseen_labels: int | None = None
    n_unseen_pairs: int | None = None
    filtered: tuple[int, int] | None = None
    per_label: LabelTable | None = field(default=None, compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain dictionaries and numbers, for JSON; without what is by label."""
        found = asdict(replace(self, per_label=None))
        del found["per_label"]
        return found

    def to_text(self) -> str:
        """A table of the metrics, with the terms they stand on."""
        rows = [
            [mean, *(f"{self.percent[f'{mean}-{metric}']:.2f}" for metric in _METRICS)] for mean in _MEANS
        ]
        lines = [
            *terms(self),
            f"labels per instance: {self.predicted:.2f} predicted, {self.true:.2f} true",
        ]
        return "\n".join([*lines, "", aligned([["", *_METRICS], *rows])])


class SetEvaluation:
    """A `Judge` of sets of labels; parameters and errors are those of `evaluate_sets`."""

    def __init__(
        self,
        predictions: TopK,
        truth: CSR,
        *,
        label_counts: NDArray[np.integer] | None = None,
        filtered: tuple[int, int] | None = None,
        per_label: bool = False,
    ) -> None:
        check_shapes(predictions, truth)
        self._labels, self._truth, self._per_label = predictions.labels, truth, per_label
        self._label_counts, self._filtered = label_counts, filtered

    def ranges(self) -> list[range]:
        return ranges(self._truth.n_rows)

    def totals(self, rows: range) -> Totals:
        n_labels = self._truth.n_columns
        hits, predicted, true = sums = self._sums()
        for start, stop in batches(rows, self._truth, self._labels.shape[1]):
            labels, truth = self._labels[start:stop], self._truth.rows(start, stop)
            check_labels(labels, n_labels, start)
            hits += np.bincount(find_hits(labels, truth).labels, minlength=n_labels)
            predicted += np.bincount(labels[labels >= 0], minlength=n_labels)
            true += np.bincount(truth.stored().indices, minlength=n_labels)
        return sums

    def report(self, totals: Iterable[Totals]) -> SetReport:
        sums = self._sums()
        add_up(sums, totals)
        hits, predicted, true = sums
        of_labels = set_columns(hits, predicted, true)
        of_all = set_columns(*(counts.sum(keepdims=True) for counts in (hits, predicted, true)))
        percent = {
            f"{mean}-{metric}": float(columns[metric].mean())
            for mean, columns in zip(_MEANS, (of_all, of_labels), strict=True)
            for metric in _METRICS
        }
        n = self._truth.n_rows
        return SetReport(
            percent,
            n,
            self._truth.n_columns,
            float(predicted.sum() / n),
            float(true.sum() / n),
            n_unlabelled=int((self._truth.row_lengths == 0).sum()),
            n_pairs=self._truth.nnz,
            filtered=self._filtered,
            per_label={"positives": true, **of_labels} if self._per_label else None,
            **unseen(true, self._label_counts),
        )

    def _sums(self) -> list[NDArray[np.int64]]:
        """Of each label, how often it is a hit, predicted, and true."""
        return [np.zeros(self._truth.n_columns, np.int64) for _ in range(3)]


def evaluate_sets(
    predictions: TopK,
    truth: CSR,
    *,
    per_label: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> SetReport:
    """Precision, recall and F1 of rows as sets: over all pairs (micro), and the mean over labels (macro).

    A ratio of nothing to nothing is 0, as of a label that is neither true nor predicted.

    Parameters
    ----------
    predictions
        Labels, shape (n, width), −1 for a missing place; scores are not looked at.
    truth
        The true labels, n rows, one column a label.
    per_label
        Also by label.
    on_progress
        Called with the rows that are judged, at first none, and their number.

    Raises
    ------
    DataError
        If the row counts differ or are 0, a label is out of range, or a row has a label twice.
    """
    judge = SetEvaluation(predictions, truth, per_label=per_label)
    return judged(judge, map(judge.totals, judge.ranges()), on_progress)
