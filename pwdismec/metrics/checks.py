"""Predictions and settings that cannot be evaluated are refused before anything is computed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pwdismec.bounds import refused, whole_number
from pwdismec.data.csr import CSR
from pwdismec.data.topk import TopK
from pwdismec.data.validation import check_csr, whole_numbers
from pwdismec.errors import ConfigError, DataError
from pwdismec.plain_text import counted

DEFAULT_KS: Final = (1, 3, 5)


def check_ks(ks: Sequence[int]) -> tuple[int, ...]:
    """`ks` as a tuple; ConfigError unless it is rising whole numbers from 1."""
    if not isinstance(ks, Iterable):
        raise refused("ks", ks, "a list of rising whole numbers")
    found = tuple(whole_number("k", k) for k in ks)
    if not found or any(b <= a for a, b in pairwise(found)):
        raise ConfigError(f"k = {', '.join(map(str, found))}; expected rising whole numbers ≥ 1")
    return found


def ks_within(there: int, ks: Sequence[int] | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The k's that are evaluated, and those of `DEFAULT_KS` that are left out.

    Parameters
    ----------
    there
        Places that the predictions have.
    ks
        None for those of `DEFAULT_KS` that are there.

    Raises
    ------
    ConfigError
        As `check_ks`; or if `ks` go beyond the places.
    """
    if ks is not None:
        given = check_ks(ks)
        check_places("k", given[-1], there)
        return given, ()
    known = tuple(k for k in DEFAULT_KS if k <= there)
    check_places("k", DEFAULT_KS[0], there)
    return known, DEFAULT_KS[len(known) :]


def check_places(what: str, needed: int, there: int) -> None:
    """ConfigError unless the predictions have so many places."""
    if needed > there:
        labels = "1 label" if there == 1 else f"{there} labels"
        found = f"{what}: {needed}; the predictions have {labels} per instance at most"
        raise ConfigError(f"{found}; expected no more, or predictions made with --top-k {needed}")


def places_of(predictions: TopK, n_predictable: int) -> int:
    """How many places may be evaluated: the width of the rows, or any number where that is all labels.

    Rows of predictions may end in −1, but a k beyond their common width was never asked of the predictor.
    """
    width = predictions.labels.shape[1]
    return sys.maxsize if width >= n_predictable else width


def check_shapes(predictions: TopK, truth: CSR) -> None:
    """DataError unless both have the same rows, at least one."""
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
        raise DataError(
            "predictions", f"{counted(len(labels), 'row')}; expected {truth.n_rows} as in the truth"
        )
    if not (truth.n_rows and truth.n_columns):
        raise DataError("truth", f"{truth.n_rows} rows, {truth.n_columns} labels; expected at least one each")


def check_labels(labels: NDArray[np.integer], n_labels: int, first_row: int) -> None:
    """DataError unless each row has distinct labels 0 … n_labels − 1, or −1 for a missing place."""
    outside = (labels < -1) | (labels >= n_labels)
    if outside.any():
        row, place = np.argwhere(outside)[0]
        expected = f"expected 0 … {n_labels - 1}, or −1 for a missing place"
        raise _bad_label(first_row + row, labels[row, place], f"; {expected}")
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
        raise ConfigError(f"label_counts: {len(label_counts)} labels; expected {n_labels} as in the truth")
    elif whole_numbers(label_counts, "label_counts").min(initial=0) < 0:
        raise ConfigError("label_counts: expected numbers from 0 on")
