"""Predictions, and the true labels that they are compared with, read from files that must agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from pwdismec.data import CSR, Dataset, Dense
from pwdismec.data.dense import Features
from pwdismec.data.formats import open_source
from pwdismec.data.topk import TopK
from pwdismec.errors import DataError
from pwdismec.machine import check_fits
from pwdismec.prediction.files import read_predictions


def read_to_compare(
    predictions: str | Path, truth: str | Path, train: str | Path | None, one_based: bool
) -> tuple[TopK, CSR, Dataset | None]:
    """The predictions, the true labels and the training set, once they agree.

    Parameters and errors are those of `evaluate_file`.
    """
    top, n_labels = read_predictions(predictions)
    training = None if train is None else Dataset.open(train)
    if n_labels is None and training is not None:
        n_labels = training.n_labels
    true_labels = _true_labels(Path(truth), one_based, n_labels, training)
    _check_agreement(predictions, len(top.labels), "rows", truth, true_labels.n_rows)
    if n_labels is not None:
        _check_agreement(predictions, n_labels, "labels", truth, true_labels.n_columns)
    if train is not None and training is not None:
        _check_agreement(train, training.n_labels, "labels", truth, true_labels.n_columns)
    _check_labels(top, predictions, truth, true_labels.n_columns)
    # For each label, the metrics hold some counts.
    needed = 64 * true_labels.n_columns
    check_fits(needed, truth, f"counts for each of {true_labels.n_columns} labels", "fewer labels")
    return top, true_labels, training


def _check_labels(top: TopK, predictions: str | Path, truth: str | Path, n_labels: int) -> None:
    rows, places = np.nonzero(top.labels >= n_labels)
    if len(rows):  # of JSON lines: the other formats say how many labels there are, and have been checked
        label, line = top.labels[rows[0], places[0]], int(rows[0]) + 1
        raise DataError(predictions, f"label {label}; {truth} has {n_labels} labels, from 0", line)


def _true_labels(path: Path, one_based: bool, n_labels: int | None, training: Dataset | None) -> CSR:
    """Instances × labels; where the format does not say how many labels there are, `n_labels` does."""
    if path.is_dir():
        return Dataset.open(path).labels
    if training is not None and training.vectorizer is not None:
        from pwdismec.pipeline.texts import Records, are_records, vectorizer_of  # imports scikit-learn

        if are_records(path):
            blocks = Records(path, vectorizer_of(training)).blocks()
            return CSR.concatenate(_held(path, (block.labels for block in blocks)), training.n_labels)
    source = open_source(path, one_based=one_based)
    if source.n_labels is None:
        source = open_source(path, one_based=one_based, n_labels=n_labels)
    if source.format in ("xmc-pair", "npz", "npy"):  # one of two files: its rows are the labels
        parts = _held(path, _labels_alone(path, (block.features for block in source)))
        n_columns = source.n_features
    else:
        parts = _held(path, (block.labels for block in source))
        n_columns = source.n_labels
    assert n_columns is not None
    return CSR.concatenate(parts, n_columns)


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


def _check_agreement(path: str | Path, count: int, what: str, truth: str | Path, expected: int) -> None:
    if count != expected:
        raise DataError(path, f"{count} {what}; {truth} has {expected}")
