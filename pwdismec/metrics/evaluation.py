"""Evaluate predictions: one pass over the rows, in ranges that may be judged apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.topk import TopK
from pwdismec.metrics.checks import (
    check_labels,
    check_places,
    check_shapes,
    check_training,
    ks_within,
    places_of,
)
from pwdismec.metrics.conventions import PYXCLIB, convention_named
from pwdismec.metrics.judging import Totals, add_up, batches, judged, ranges
from pwdismec.metrics.label_groups import LabelGroup, frequency_groups
from pwdismec.metrics.report import GroupReport, Report, unseen
from pwdismec.metrics.reranking import POOL
from pwdismec.metrics.sums import Sums
from pwdismec.weighting import PRESETS, inverse_propensities

PLAIN = ("P", "nDCG")
SCORED = ("PSP", "PSnDCG")
WITHIN = ("recall", "coverage", "macro-F1")


class Evaluation:
    """A `Judge` of rankings; parameters and errors are those of `evaluate`.

    Parameters
    ----------
    filtered
        Pairs that were taken out of truth and predictions before, for the report.
    n_predictable
        How many labels the model has a classifier for; default all of the truth's. Rows that have all of them
        could not have more, whatever k is.
    """

    def __init__(
        self,
        predictions: TopK,
        truth: CSR,
        *,
        ks: Sequence[int] | None = None,
        label_counts: NDArray[np.integer] | None = None,
        n_train: int | None = None,
        a: float = PRESETS["default"].a,
        b: float = PRESETS["default"].b,
        convention: str = PYXCLIB,
        paper_reranking: bool = False,
        by_frequency: bool = False,
        per_label: bool = False,
        filtered: tuple[int, int] | None = None,
        n_predictable: int | None = None,
    ) -> None:
        check_shapes(predictions, truth)
        self._predictions, self._truth = predictions, truth
        there = places_of(predictions, truth.n_columns if n_predictable is None else n_predictable)
        self._ks, self._ks_left_out = ks_within(there, ks)
        if paper_reranking:
            check_places("paper_reranking, places", POOL, there)
        self._convention, self._convention_name = convention_named(convention), convention
        options = {"paper_reranking": paper_reranking, "by_frequency": by_frequency}
        check_training(label_counts, n_train, truth.n_columns, [name for name, on in options.items() if on])
        self._paper_reranking, self._by_frequency = paper_reranking, by_frequency
        self._propensity = self._inverse = None
        self._label_counts = label_counts
        self._per_label, self._filtered = per_label, filtered
        self._group_of = np.zeros(truth.n_columns, np.int64)
        self._groups = [LabelGroup("all", 0, 0, truth.n_columns)]
        if label_counts is not None and n_train is not None:
            self._propensity = a, b
            inverse = inverse_propensities(label_counts, n_train, a, b)
            self._inverse = self._convention.weights(inverse, label_counts)
            self._group_of, self._groups = frequency_groups(label_counts)

    def ranges(self) -> list[range]:
        return ranges(self._truth.n_rows)

    def totals(self, rows: range) -> Totals:
        (labels, scores), truth, sums = self._predictions, self._truth, self._sums()
        for start, stop in batches(rows, truth, labels.shape[1]):
            check_labels(labels[start:stop], truth.n_columns, start)
            predicted, true = TopK(labels[start:stop], scores[start:stop]), truth.rows(start, stop)
            if self._convention.labelled_alone:
                kept = np.flatnonzero(true.row_lengths)
                predicted, true = TopK(predicted.labels[kept], predicted.scores[kept]), true.take(kept)
            sums.add(predicted, true)
        return sums.totals

    def report(self, totals: Iterable[Totals]) -> Report:
        truth, sums = self._truth, self._sums()
        add_up(sums.totals, totals)
        overall, within = sums.percentages()
        n_true = np.bincount(self._group_of, sums.n_true, len(self._groups)).astype(np.int64).tolist()
        of_groups = zip(self._groups, n_true, sums.instances.tolist(), within, strict=True)
        group_reports = tuple(GroupReport(*group, *found) for group, *found in of_groups)
        return Report(
            percent=overall,
            metrics=PLAIN + (SCORED if self._inverse is not None else ()) + WITHIN,
            ks=self._ks,
            ks_left_out=self._ks_left_out,
            convention=self._convention_name,
            n_instances=truth.n_rows,
            n_labels=truth.n_columns,
            n_unlabelled=int((truth.row_lengths == 0).sum()),
            propensity=self._propensity,
            paper_reranking=self._paper_reranking,
            by_frequency=group_reports if self._by_frequency else None,
            n_pairs=truth.nnz,
            filtered=self._filtered,
            per_label=sums.by_label() if self._per_label else None,
            **unseen(sums.n_true, self._label_counts),
        )

    def _sums(self) -> Sums:
        return Sums(self._ks, self._group_of, len(self._groups), self._inverse, self._paper_reranking)


def evaluate(
    predictions: TopK,
    truth: CSR,
    *,
    ks: Sequence[int] | None = None,
    label_counts: NDArray[np.integer] | None = None,
    n_train: int | None = None,
    a: float = PRESETS["default"].a,
    b: float = PRESETS["default"].b,
    convention: str = PYXCLIB,
    paper_reranking: bool = False,
    by_frequency: bool = False,
    per_label: bool = False,
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
        Rising whole numbers. Default 1, 3 and 5, those that the predictions have places for.
    label_counts, n_train
        int, shape (n_labels,), and the number N: the training data's label frequencies. Without them the
        report has no PSP and PSnDCG.
    a, b
        A and B of the propensity model.
    convention
        Whose way it is, where they differ: "pyxclib", "pyxclib-labelled" or "napkinxc".
    paper_reranking
        Compute PSP and PSnDCG on the best five as the paper's evaluation code reorders them.
    by_frequency
        Also by decile of training frequency.
    per_label
        Also by label.
    on_progress
        Called with the rows that are judged, at first none, and their number.

    Raises
    ------
    DataError
        If the row counts differ or are 0, a label is out of range, or a row has a label twice.
    ConfigError
        If `ks` are not rising whole numbers or go beyond the predictions' width, A or B is out of range,
        there is no such convention, the training counts do not fit the labels, or they are missing and an
        option needs them.

    References
    ----------
    Qaraei et al., WWW 2021, Eq. 25–29; Jain, Prabhu and Varma, KDD 2016.
    """
    judge = Evaluation(
        predictions,
        truth,
        ks=ks,
        label_counts=label_counts,
        n_train=n_train,
        a=a,
        b=b,
        convention=convention,
        paper_reranking=paper_reranking,
        by_frequency=by_frequency,
        per_label=per_label,
    )
    return judged(judge, map(judge.totals, judge.ranges()), on_progress)
