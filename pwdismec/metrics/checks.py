"""Predictions and settings that cannot be evaluated are refused before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pwdismec.bounds import refused, whole_number
from pwdismec.data.csr import CSR
from pwdismec.data.topk import TopK
from pwdismec.data.validation import check_csr, whole_numbers
from pwdismec.errors import ConfigError, DataError


def check_ks(ks: Sequence[int]) -> tuple[int, ...]:
    """`ks` as a tuple; ConfigError unless it is rising whole numbers from 1."""
    if not isinstance(ks, Iterable):
        raise refused("ks", ks, "a list of rising whole numbers")
    found = tuple(whole_number("k", k) for k in ks)
    if not found or any(b <= a for a, b in pairwise(found)):
        raise ConfigError(f"k = {', '.join(map(str, found))}: expected rising whole numbers ≥ 1")
    return found


def check_shapes(predictions: TopK, truth: CSR, places: int) -> None:
    """DataError unless both have the same rows, at least one; ConfigError if `places` are not all there.

    Rows of predictions may end in −1, but a k beyond their common width was never asked of the predictor,
    unless there are no more labels.
    """
    labels, scores = predictions
    kinds: list[tuple[str, NDArray[Any], str, str]] = [
        ("labels", labels, "i", "signed integers"),
        ("scores", scores, "f", "floating-point numbers"),
    ]
    for name, array, kind, expected in kinds:
        if not (isinstance(array, np.ndarray) and array.dtype.kind == kind):
            found = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
            raise DataError("predictions", f"{name} are {found}; expected an array of {expected}")
    check_csr(truth, "truth")
    if labels.ndim != 2 or labels.shape != scores.shape:
        raise DataError("predictions", f"labels of shape {labels.shape}, scores of {scores.shape}")
    if len(labels) != truth.n_rows:
        raise DataError("predictions", f"{len(labels)} rows, expected {truth.n_rows} as in the truth")
    if not (truth.n_rows and truth.n_columns):
        raise DataError("truth", f"{truth.n_rows} rows, {truth.n_columns} labels, expected at least one each")
    width = labels.shape[1]
    if width < min(places, truth.n_columns):
        raise ConfigError(f"the first {places} places are evaluated, but the predictions have {width} a row")


def check_labels(labels: NDArray[np.integer], n_labels: int, first_row: int) -> None:
    """DataError unless each row has distinct labels 0 … n_labels − 1, or −1 for a missing place."""
    outside = (labels < -1) | (labels >= n_labels)
    if outside.any():
        row, place = np.argwhere(outside)[0]
        expected = f"expected 0 … {n_labels - 1}, or −1 for a missing place"
        raise _bad_label(first_row + row, labels[row, place], f", {expected}")
    ordered = np.sort(labels, axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    if twice.any():
        row, place = np.argwhere(twice)[0]
        raise _bad_label(first_row + row, ordered[row, place], " more than once")


def _bad_label(row: int, label: int, what: str) -> DataError:
    return DataError("predictions", f"row {row} (the first is 0): label {label}{what}")


def check_training(
    label_counts: NDArray[np.integer] | None, n_train: int | None, n_labels: int, needed_for: Sequence[str]
) -> None:
    """ConfigError if the training counts are missing where needed, come without N, or are not n_labels."""
    if label_counts is None:
        if needed_for:
            raise ConfigError(f"{needed_for[0]} needs the training data (label_counts and n_train)")
    elif n_train is None:
        raise ConfigError("label_counts needs n_train, the number of training instances, beside it")
    elif len(label_counts) != n_labels:
        raise ConfigError(f"label_counts: {len(label_counts)} labels, expected {n_labels} as in the truth")
    elif whole_numbers(label_counts, "label_counts").min(initial=0) < 0:
        raise ConfigError("label_counts: expected numbers from 0 on")
