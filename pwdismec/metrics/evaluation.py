"""Evaluate predictions: one pass over the rows, in batches of bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.topk import TopK
from pwdismec.metrics.checks import check_ks, check_labels, check_shapes, check_training
from pwdismec.metrics.groups import LabelGroup, frequency_groups
from pwdismec.metrics.report import GroupReport, Report
from pwdismec.metrics.reranking import POOL
from pwdismec.metrics.sums import Sums
from pwdismec.weighting import PRESETS, inverse_propensities

PLAIN = ("P", "nDCG")
SCORED = ("PSP", "PSnDCG")
WITHIN = ("recall", "coverage", "macro-F1")

_BATCH_CELLS = 1 << 20


def evaluate(
    predictions: TopK,
    truth: CSR,
    *,
    ks: Sequence[int] = (1, 3, 5),
    label_counts: NDArray[np.integer] | None = None,
    n_train: int | None = None,
    a: float = PRESETS["default"].a,
    b: float = PRESETS["default"].b,
    paper_reranking: bool = False,
    by_frequency: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Report:
    """P, nDCG, PSP, PSnDCG, recall, coverage and macro-F1 at each k; docs/metrics.md defines them.

    Parameters
    ----------
    predictions
        Labels and scores, shape (n, width), rows best first, −1 for a missing place. Scores are looked at
        for `paper_reranking` alone.
    truth
        The true labels, n rows, one column a label.
    ks
        Rising whole numbers.
    label_counts, n_train
        int, shape (n_labels,), and the number N: the training data's label frequencies. Without them the
        report has no PSP and PSnDCG.
    a, b
        A and B of the propensity model.
    paper_reranking
        Compute PSP and PSnDCG on the best five as the paper's evaluation code reorders them.
    by_frequency
        Also by decile of training frequency.
    on_progress
        Called with the rows that are judged, at first none, and their number.

    Raises
    ------
    DataError
        If the row counts differ or are 0, a label is out of range, or a row has a label twice.
    ConfigError
        If `ks` are not rising whole numbers or go beyond the predictions' width, A or B is out of range,
        the training counts do not fit the labels, or they are missing and an option needs them.

    References
    ----------
    Qaraei et al., WWW 2021, Eq. 25–29; Jain, Prabhu and Varma, KDD 2016.
    """
    ks = check_ks(ks)
    check_shapes(predictions, truth, max(ks[-1], POOL if paper_reranking else 0))
    options = {"paper_reranking": paper_reranking, "by_frequency": by_frequency}
    check_training(label_counts, n_train, truth.n_columns, [name for name, on in options.items() if on])
    inverse = None
    group_of, groups = np.zeros(truth.n_columns, np.int64), [LabelGroup("all", 0, 0, truth.n_columns)]
    if label_counts is not None and n_train is not None:
        inverse = inverse_propensities(label_counts, n_train, a, b)
        group_of, groups = frequency_groups(label_counts)

    def tell(done: int) -> None:
        if on_progress is not None:
            on_progress(done, truth.n_rows)

    tell(0)
    sums = Sums(ks, group_of, len(groups), inverse, paper_reranking)
    for start, stop in batches(truth, predictions.labels.shape[1]):
        batch = TopK(predictions.labels[start:stop], predictions.scores[start:stop])
        check_labels(batch.labels, truth.n_columns, start)
        sums.add(batch, truth.rows(start, stop))
        tell(stop)
    overall, within = sums.percentages()
    n_true = np.bincount(group_of, sums.n_true, len(groups)).astype(np.int64).tolist()
    instances = sums.instances.tolist()
    group_reports = tuple(
        GroupReport(*group, *found) for group, *found in zip(groups, n_true, instances, within, strict=True)
    )
    return Report(
        percent=overall,
        metrics=PLAIN + (SCORED if inverse is not None else ()) + WITHIN,
        ks=ks,
        n_instances=truth.n_rows,
        n_labels=truth.n_columns,
        n_unlabelled=int((truth.row_lengths == 0).sum()),
        propensity=None if inverse is None else (a, b),
        paper_reranking=paper_reranking,
        by_frequency=group_reports if by_frequency else None,
    )


def batches(truth: CSR, width: int) -> Iterator[tuple[int, int]]:
    """Ranges of rows that hold about as many places and true labels as a batch may."""
    size = max(1, _BATCH_CELLS // (width + truth.nnz // truth.n_rows + 1))
    for start in range(0, truth.n_rows, size):
        yield start, min(start + size, truth.n_rows)
