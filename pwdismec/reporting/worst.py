"""The labels that are missed most, with test instances that show it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pwdismec.data import CSR, Dataset, TopK
from pwdismec.reporting.by_class import hits_by_label

WORDS = 8


class Example(NamedTuple):
    """A test instance that has the label, which no method says, or not the last.

    Attributes
    ----------
    row
        Its number, from 0.
    features
        Its features of largest absolute value, largest first; of equal ones, the rarest in training.
    true
        Its labels.
    predicted
        By method, its first k labels.
    """

    row: int
    features: tuple[int, ...]
    true: tuple[int, ...]
    predicted: tuple[tuple[int, ...], ...]


class WorstLabel(NamedTuple):
    """A label, how often it is true in the test set, and by method how often it is among the first k."""

    label: int
    n_true: int
    found: tuple[int, ...]
    examples: tuple[Example, ...]


def worst_labels(
    tops: Sequence[TopK], train: Dataset, test: Dataset, k: int, count: int, n_examples: int
) -> list[WorstLabel]:
    """The labels with training positives that the methods together miss most often, most first.

    Parameters
    ----------
    tops
        Of each method.
    count, n_examples
        How many labels, and how many instances of each, at the most.
    """
    n_true = test.label_instances.row_lengths
    found = np.array([hits_by_label(top.labels, test.labels, k) for top in tops])
    missed = (len(tops) * n_true - found.sum(axis=0)) * (train.label_counts_for(test.n_labels) > 0)
    order = np.lexsort((np.arange(len(missed)), -missed))[:count]
    frequencies = _frequencies(train)
    return [
        WorstLabel(
            int(label),
            int(n_true[label]),
            tuple(int(number) for number in found[:, label]),
            tuple(
                _example(int(row), tops, test, k, frequencies)
                for row in _rows(int(label), tops, test, k)[:n_examples]
            ),
        )
        for label in order
        if missed[label] > 0
    ]


def _rows(label: int, tops: Sequence[TopK], test: Dataset, k: int) -> NDArray[np.int64]:
    """Instances that have the label: those for which the most methods miss it first, then in order."""
    rows = _row(test.label_instances, label).astype(np.int64)
    finders = np.sum([(top.labels[rows, :k] == label).any(axis=1) for top in tops], axis=0)
    rows = rows[np.argsort(finders, kind="stable")]
    return rows[: np.count_nonzero(finders < len(tops))]


def _frequencies(train: Dataset) -> NDArray[np.int64]:
    """How many training instances have each feature; shape (n_features,)."""
    if isinstance(train.features, CSR):
        return train.features.column_counts()
    return np.full(train.n_features, train.n_instances)


def _example(
    row: int, tops: Sequence[TopK], test: Dataset, k: int, frequencies: NDArray[np.int64]
) -> Example:
    features = test.features.rows(row, row + 1).to_scipy()
    # In a binary bag of words all values are equal; then rare words say more than "a" and "and".
    largest = np.lexsort((frequencies[features.indices], -np.abs(features.data)))[:WORDS]
    predicted = tuple(tuple(int(j) for j in top.labels[row, :k] if j >= 0) for top in tops)
    true = tuple(int(label) for label in _row(test.labels, row))
    return Example(row, tuple(int(feature) for feature in features.indices[largest]), true, predicted)


def _row(matrix: CSR, number: int) -> NDArray[np.int32]:
    return matrix.indices[matrix.indptr[number] : matrix.indptr[number + 1]]
