"""Precision, recall and F1 of sets of labels."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.topk import TopK
from pwdismec.metrics.checks import check_labels, check_shapes
from pwdismec.metrics.evaluation import batches
from pwdismec.metrics.hits import find_hits
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


def evaluate_sets(predictions: TopK, truth: CSR) -> SetReport:
    """Precision, recall and F1 of rows as sets: over all pairs (micro), and the mean over labels (macro).

    A ratio of nothing to nothing is 0, as of a label that is neither true nor predicted.

    Parameters
    ----------
    predictions
        Labels, shape (n, width), −1 for a missing place; scores are not looked at.
    truth
        The true labels, n rows, one column a label.

    Raises
    ------
    DataError
        If the row counts differ or are 0, a label is out of range, or a row has a label twice.
    """
    check_shapes(predictions, truth, 0)
    n_labels = truth.n_columns
    hits, predicted, true = (np.zeros(n_labels, np.int64) for _ in range(3))
    for start, stop in batches(truth, predictions.labels.shape[1]):
        labels, rows = predictions.labels[start:stop], truth.rows(start, stop)
        check_labels(labels, n_labels, start)
        hits += np.bincount(find_hits(labels, rows).labels, minlength=n_labels)
        predicted += np.bincount(labels[labels >= 0], minlength=n_labels)
        true += np.bincount(rows.stored().indices, minlength=n_labels)
    sums = (np.array([counts.sum()]) for counts in (hits, predicted, true))
    values = dict(zip(_MEANS, (_values(*sums), _values(hits, predicted, true)), strict=True))
    percent = {
        f"{mean}-{metric}": 100.0 * float(of_labels.mean())
        for mean, metrics in values.items()
        for metric, of_labels in zip(_METRICS, metrics, strict=True)
    }
    n = truth.n_rows
    return SetReport(percent, n, n_labels, float(predicted.sum() / n), float(true.sum() / n))


def _values(
    hits: NDArray[np.int64], predicted: NDArray[np.int64], true: NDArray[np.int64]
) -> tuple[NDArray[np.float64], ...]:
    return ratio(hits, predicted), ratio(hits, true), ratio(2 * hits, predicted + true)
