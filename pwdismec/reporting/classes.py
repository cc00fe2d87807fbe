"""Labels in classes by training frequency, in steps of 1, 2 and 5: legible where most labels are rare."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class FrequencyClasses(NamedTuple):
    """The classes from the rarest label's to the most frequent one's.

    Attributes
    ----------
    of
        int64, shape (n_labels,): the class of each label.
    names
        Their ranges of training positives, such as ``3–5``.
    n_labels
        int64, shape (n_classes,).
    """

    of: NDArray[np.int64]
    names: tuple[str, ...]
    n_labels: NDArray[np.int64]

    def sums(self, values: NDArray[np.generic]) -> NDArray[np.float64]:
        """float64, shape (n_classes,): the labels' `values`, added up."""
        return np.bincount(self.of, values, len(self.names)).astype(np.float64)


def frequency_classes(label_counts: NDArray[np.integer]) -> FrequencyClasses:
    """Classes of 0, 1, 2, 3–5, 6–10, 11–20, 21–50, … training positives.

    Parameters
    ----------
    label_counts
        Integers, shape (n_labels,), at least one.
    """
    # the last count of each class: 0, 1, 2, 5, 10, …, to the largest count or above
    powers = range(len(str(int(label_counts.max()))))
    lasts = np.array([0, *(digit * 10**power for power in powers for digit in (1, 2, 5)), 10 ** len(powers)])
    number = np.searchsorted(lasts, label_counts)
    first, stop = int(number.min()), int(number.max()) + 1
    names = tuple(_name(int(lasts[i - 1]) + 1 if i else 0, int(lasts[i])) for i in range(first, stop))
    return FrequencyClasses(number - first, names, np.bincount(number - first, minlength=len(names)))


def _name(first: int, last: int) -> str:
    return f"{last:,}" if first == last else f"{first:,}–{last:,}"
