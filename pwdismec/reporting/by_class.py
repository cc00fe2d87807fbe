"""Where a method's hits are: P, PSP, recall and coverage by class of label frequency."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.topk import TopK
from pwdismec.metrics import Report
from pwdismec.metrics.hits import find_hits
from pwdismec.metrics.reranking import paper_reranked
from pwdismec.reporting.classes import FrequencyClasses

Array = NDArray[np.float64]


class ByClass(NamedTuple):
    """Percentages by class at one k, each of shape (n_classes,); NaN where there is nothing to find.

    Attributes
    ----------
    precision, psp
        The class's part of P@k and PSP@k: over the classes they sum to it.
    recall
        Of all that is true in the test set of the class's labels, the share among the first k.
    coverage
        Of the class's labels that are true somewhere, the share that is found somewhere.
    """

    precision: Array
    psp: Array
    recall: Array
    coverage: Array


def hits_by_label(labels: NDArray[np.integer], truth: CSR, k: int) -> NDArray[np.int64]:
    """int64, shape (n_labels,): rows that have the label, rightly, among the first k."""
    return np.bincount(find_hits(labels[:, :k], truth).labels, minlength=truth.n_columns)


def scored_labels(top: TopK, report: Report, inverse: Array) -> NDArray[np.int32]:
    """The labels in the order that PSP was measured on."""
    return paper_reranked(top, inverse) if report.paper_reranking else top.labels


def by_class(
    top: TopK, truth: CSR, report: Report, inverse: Array, classes: FrequencyClasses, k: int
) -> ByClass:
    """Cut what `report` says at `k` into classes.

    Parameters
    ----------
    top, truth
        The predictions and true labels that `report` is of.
    inverse
        float64, shape (n_labels,): 1/p of each label.
    """
    hits = hits_by_label(top.labels, truth, k)
    scored = hits_by_label(scored_labels(top, report, inverse), truth, k) * inverse
    true = truth.column_counts()
    return ByClass(
        _parts(report.percent[f"P@{k}"], classes.sums(hits)),
        _parts(report.percent[f"PSP@{k}"], classes.sums(scored)),
        _percent(classes.sums(hits), classes.sums(true)),
        _percent(classes.sums(hits > 0), classes.sums(true > 0)),
    )


def _parts(whole: float, weights: Array) -> Array:
    return whole * weights / (weights.sum() or 1.0)


def _percent(part: Array, whole: Array) -> Array:
    shares: Array = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return 100.0 * shares
