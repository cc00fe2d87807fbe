"""Long arrays as short lines: what a plot shows of them, and no more."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_POINTS = 256


class Line(NamedTuple):
    """x and y of a line's points, float64 of equal shape."""

    x: Array
    y: Array


def cumulative(values: NDArray[np.generic]) -> Line:
    """How many percent of the values are at most x; of many, some, the smallest and largest among them.

    NaNs are left out; of no values, a line without points.
    """
    numbers = np.asarray(values, np.float64)
    ordered = np.sort(numbers[~np.isnan(numbers)])
    n = len(ordered)
    places = (
        np.unique(np.linspace(0, n - 1, _POINTS).round().astype(np.int64)) if n else np.zeros(0, np.int64)
    )
    at = ordered[places]
    return Line(at, 100.0 * np.searchsorted(ordered, at, side="right") / max(n, 1))


def rank_frequency(counts: NDArray[np.integer]) -> Line:
    """The frequency of labels by rank, the most frequent at 1, of labels that occur; only where it bends."""
    falling = np.sort(counts[counts > 0])[::-1].astype(np.float64)
    if not len(falling):
        return Line(falling, falling)
    falls = np.flatnonzero(np.diff(falling))
    places = np.unique(np.concatenate([[0], falls, falls + 1, [len(falling) - 1]]))
    return Line(places + 1.0, falling[places])
