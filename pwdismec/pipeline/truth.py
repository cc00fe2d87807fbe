"""Predictions, and the true labels that they are compared with, read from files that must agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pwdismec.data import CSR, Dataset, Dense
from pwdismec.data.dense import Features
from pwdismec.data.formats import open_source
from pwdismec.data.topk import TopK
from pwdismec.errors import DataError
from pwdismec.machine import check_fits
from pwdismec.prediction.files import read_predictions
from pwdismec.quoting import shown


class Compared(NamedTuple):
    """What an evaluation compares, all with the same number of labels.

    Attributes
    ----------
    predictions, truth
        The predicted labels and the true ones, row by row.
    label_counts, n_train
        int64, shape (n_labels,), and the number of instances: of the training set, 0 for labels that it does
        not have. None without one.
    """

    predictions: TopK
    truth: CSR
    label_counts: NDArray[np.int64] | None
    n_train: int | None


def read_to_compare(
    predictions: str | Path, truth: str | Path, train: str | Path | None, one_based: bool
) -> Compared:
    """The predictions, the true labels and the training set's counts, once they agree.

    The truth keeps labels that the model or the training set does not have. Parameters and errors: see
    `evaluate_file`.
    """
    top, n_predicted = read_predictions(predictions)
    training = None if train is None else Dataset.open(train)
    if n_predicted is not None and training is not None and n_predicted != training.n_labels:
        raise DataError(
            predictions, f"{n_predicted} labels; the training set {train} has {training.n_labels}"
        )
    n_known = n_predicted if training is None else training.n_labels
    true_labels = _true_labels(Path(truth), one_based, n_known, training)
    if len(top.labels) != true_labels.n_rows:
        raise DataError(predictions, f"{len(top.labels)} rows; {truth} has {true_labels.n_rows}")
    if n_known is None:
        _check_labels(top, predictions, truth, true_labels.n_columns)
    elif n_known > true_labels.n_columns:
        said = f"{true_labels.n_columns} labels; {train or predictions} has {n_known}"
        raise DataError(truth, f"{said}: expected these, and perhaps more")
    else:
        _check_labels(top, predictions, train or predictions, n_known)
    # For each label, the metrics hold some counts.
    needed = 64 * true_labels.n_columns
    check_fits(needed, truth, f"counts for each of {true_labels.n_columns} labels", "fewer labels")
    if training is None:
        return Compared(top, true_labels, None, None)
    counts = training.label_counts_for(true_labels.n_columns)
    return Compared(top, true_labels, counts, training.n_instances)


def _check_labels(top: TopK, predictions: str | Path, known: str | Path, n_labels: int) -> None:
    rows, places = np.nonzero(top.labels >= n_labels)
    if len(rows):  # of JSON lines: the other formats say how many labels there are, and have been checked
        label, line = top.labels[rows[0], places[0]], int(rows[0]) + 1
        raise DataError(predictions, f"label {label}; {known} has {n_labels} labels, from 0", line)


def _true_labels(path: Path, one_based: bool, n_known: int | None, training: Dataset | None) -> CSR:
    """Instances × labels: as many as the file says, or else as it has, at least those that are known."""
    if path.is_dir():
        return _labels_of(Dataset.open(path), training)
    if training is not None and training.vectorizer is not None:
        from pwdismec.pipeline.texts import Records, are_records, vectorizer_of  # imports scikit-learn

        if are_records(path):
            blocks = Records(path, vectorizer_of(training)).blocks()
            return _joined(_held(path, (block.labels for block in blocks)), training.n_labels)
    source = open_source(path, one_based=one_based)
    declared = source.n_labels
    if source.format in ("xmc-pair", "npz", "npy"):  # one of two files: its rows are the labels
        declared = source.n_features
        parts = _held(path, _labels_alone(path, (block.features for block in source)))
    else:
        parts = _held(path, (block.labels for block in source))
    return _joined(parts, n_known or 0 if declared is None else declared)


def _labels_of(dataset: Dataset, training: Dataset | None) -> CSR:
    """A data set's labels, if the first of them are the training set's, by their names."""
    ours, theirs = dataset.label_names, None if training is None else training.label_names
    if ours is not None and theirs is not None:
        for label, (name, expected) in enumerate(zip(ours, theirs, strict=False)):
            if name != expected:
                said = f"label {label} is {shown(name)}; in the training set it is {shown(expected)}"
                raise DataError(dataset.path or "truth", f"{said}: convert it with --like")
    return dataset.labels


def _joined(parts: list[CSR], at_least: int) -> CSR:
    return CSR.concatenate(parts, max([at_least, *(part.n_columns for part in parts)]))


def _held(path: Path, blocks: Iterable[CSR]) -> list[CSR]:
    """The labels of all blocks, unless they are beyond memory."""
    parts, size = [], 0
    for part in blocks:
        parts.append(part)
        size += 2 * (part.indptr.nbytes + part.indices.nbytes)  # once more when they are joined
        check_fits(size, path, "the true labels", "a smaller file")
    return parts


def _labels_alone(path: Path, blocks: Iterable[Features]) -> Iterator[CSR]:
    first = 1
    for rows in blocks:
        if isinstance(rows, Dense):
            raise DataError(path, "an array of features; expected labels")
        if not (positive := rows.values > 0).all():
            place = int(np.argmin(positive))
            row = first + int(np.searchsorted(rows.indptr, place, side="right")) - 1
            found = f"row {row}, label {rows.indices[place]}: {rows.values[place]:g}"
            raise DataError(path, f"{found}; expected labels, with values above zero")
        yield CSR(rows.indptr, rows.indices, None, rows.n_columns)
        first += rows.n_rows
