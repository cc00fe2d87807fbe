"""Precision, recall and F1 of sets of labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.topk import TopK
from pwdismec.metrics.checks import check_labels, check_shapes
from pwdismec.metrics.hits import find_hits
from pwdismec.metrics.judging import Totals, add_up, batches, judged, ranges
from pwdismec.metrics.sums import ratio
from pwdismec.metrics.table import aligned

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
    """

    percent: dict[str, float]
    n_instances: int
    n_labels: int
    predicted: float
    true: float

    def to_dict(self) -> dict[str, Any]:
        """The same as plain dictionaries and numbers, for JSON."""
        return asdict(self)

    def to_text(self) -> str:
        """A table of the metrics, with the terms they stand on."""
        rows = [
            [mean, *(f"{self.percent[f'{mean}-{metric}']:.2f}" for metric in _METRICS)] for mean in _MEANS
        ]
        sizes = f"{self.predicted:.2f} labels an instance are predicted, {self.true:.2f} are true"
        return (
            f"{self.n_instances:,} test instances, {self.n_labels:,} labels; percentages\n{sizes}\n\n"
            f"{aligned([['', *_METRICS], *rows])}"
        )


class SetEvaluation:
    """A `Judge` of sets of labels; parameters and errors are those of `evaluate_sets`."""

    def __init__(self, predictions: TopK, truth: CSR) -> None:
        check_shapes(predictions, truth, 0)
        self._labels, self._truth = predictions.labels, truth

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
        micro = (np.array([counts.sum()]) for counts in sums)
        values = dict(zip(_MEANS, (_values(*micro), _values(*sums)), strict=True))
        percent = {
            f"{mean}-{metric}": 100.0 * float(of_labels.mean())
            for mean, metrics in values.items()
            for metric, of_labels in zip(_METRICS, metrics, strict=True)
        }
        (_, predicted, true), n = sums, self._truth.n_rows
        return SetReport(percent, n, self._truth.n_columns, float(predicted.sum() / n), float(true.sum() / n))

    def _sums(self) -> list[NDArray[np.int64]]:
        """Of each label, how often it is a hit, predicted, and true."""
        return [np.zeros(self._truth.n_columns, np.int64) for _ in range(3)]


def evaluate_sets(
    predictions: TopK, truth: CSR, *, on_progress: Callable[[int, int], None] | None = None
) -> SetReport:
    """Precision, recall and F1 of rows as sets: over all pairs (micro), and the mean over labels (macro).

    A ratio of nothing to nothing is 0, as of a label that is neither true nor predicted.

    Parameters
    ----------
    predictions
        Labels, shape (n, width), −1 for a missing place; scores are not looked at.
    truth
        The true labels, n rows, one column a label.
    on_progress
        Called with the rows that are judged, at first none, and their number.

    Raises
    ------
    DataError
        If the row counts differ or are 0, a label is out of range, or a row has a label twice.
    """
    judge = SetEvaluation(predictions, truth)
    return judged(judge, map(judge.totals, judge.ranges()), on_progress)


def _values(
    hits: NDArray[np.int64], predicted: NDArray[np.int64], true: NDArray[np.int64]
) -> tuple[NDArray[np.float64], ...]:
    return ratio(hits, predicted), ratio(hits, true), ratio(2 * hits, predicted + true)
