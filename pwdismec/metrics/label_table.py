"""The metrics taken apart by label: columns with a number for each."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

LabelTable: TypeAlias = dict[str, NDArray[Any]]
"""Columns by name, each of shape (n_labels,)."""


def set_columns(
    hits: NDArray[np.int64], predicted: NDArray[np.int64], true: NDArray[np.int64], at: str = ""
) -> LabelTable:
    """What predictions of a label were worth; precision, recall and F1 in percent, 0 where nothing is asked.

    Parameters
    ----------
    hits, predicted, true
        int64, shape (n_labels,): rows in which each label is predicted rightly, predicted, and true.
    at
        Behind the columns' names.
    """
    columns = {
        "predicted": predicted,
        "hits": hits,
        "precision": 100.0 * ratio(hits, predicted),
        "recall": 100.0 * ratio(hits, true),
        "F1": 100.0 * ratio(2 * hits, predicted + true),
    }
    return {f"{name}{at}": column for name, column in columns.items()}


def ratio(part: ArrayLike, whole: ArrayLike) -> NDArray[np.float64]:
    """``part / whole``, 0 where both are."""
    divisor = np.asarray(whole, np.float64)
    return np.asarray(part, np.float64) / np.where(divisor > 0, divisor, 1.0)
