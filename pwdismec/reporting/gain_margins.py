"""The paper's mean relative gain with its margin of error, and what it says in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.metrics.hits import discounts, find_hits, ideal_dcg

Array = NDArray[np.float64]

_NORMAL_95 = 1.96


class Gain(NamedTuple):
    """A mean relative gain, in percent, and half the width of its 95 % interval."""

    value: float
    margin: float

    @property
    def sign(self) -> int:
        """1 for better and −1 for worse, where the interval does not hold 0; else 0."""
        return int(np.sign(self.value)) if abs(self.value) > self.margin else 0


def row_gains(
    labels: NDArray[np.integer],
    scored: NDArray[np.integer],
    truth: CSR,
    ks: Sequence[int],
    inverse: Array,
) -> dict[str, Array]:
    """What each row adds to a metric, but for the factor that all methods share.

    Parameters
    ----------
    labels, scored
        The predicted labels, shape (n, width), in the order for P and nDCG, and for PSP and PSnDCG.
    truth
        The true labels, n rows.
    ks
        Rising whole numbers.
    inverse
        float64, shape (n_labels,): 1/p of each label.

    Returns
    -------
    By P, nDCG, PSP and PSnDCG, float64 of shape (n, len(ks)).
    """
    n_true, largest = truth.row_lengths, max(ks)
    discount, ideal = discounts(largest), ideal_dcg(largest)
    found: dict[str, list[Array]] = {"P": [], "nDCG": [], "PSP": [], "PSnDCG": []}
    orders = (("P", "nDCG", labels, np.ones(truth.n_columns)), ("PSP", "PSnDCG", scored, inverse))
    for plain, discounted, order, worth in orders:
        hits = find_hits(order[:, :largest], truth)
        for k in ks:
            rows, places, hit = hits.above(k)
            ndcg = worth[hit] * discount[places] / ideal[np.minimum(k, n_true[rows])]
            found[plain].append(_by_row(rows, worth[hit], truth.n_rows))
            found[discounted].append(_by_row(rows, ndcg, truth.n_rows))
    return {metric: np.stack(columns, axis=1) for metric, columns in found.items()}


def _by_row(rows: NDArray[np.int64], values: Array, n_rows: int) -> Array:
    return np.bincount(rows, values, n_rows).astype(np.float64)


def mean_gain(ours: Array, theirs: Array) -> Gain | None:
    """The mean over k of (value − baseline)/baseline, in percent (Eq. 30); None where a baseline is 0.

    The margin takes the rows for a sample of all there could be: the delta method for a mean of ratios of
    two sums over the same rows.

    Parameters
    ----------
    ours, theirs
        Shape (n, n_ks): what each row adds to the metric and to the baseline's, by k (`row_gains`).
    """
    base = theirs.sum(axis=0)
    if not (base > 0).all():
        return None
    ratios = ours.sum(axis=0) / base
    influence = ((ours - ratios * theirs) / base).mean(axis=1)
    margin = _NORMAL_95 * np.sqrt(len(ours) * influence.var())
    return Gain(100.0 * float(ratios.mean() - 1.0), 100.0 * float(margin))


def verdict(psp: Gain, precision: Gain) -> str:
    """Whether a weighting helped, in a few words."""
    return {
        (1, 1): "helps, rare labels and all",
        (1, 0): "helps rare labels, at no clear cost in precision",
        (1, -1): "trades precision for rare labels",
        (0, 1): "helps precision; no clear difference for rare labels",
        (0, 0): "makes no clear difference",
        (0, -1): "costs precision and gains nothing clear",
        (-1, 1): "trades rare labels for precision",
        (-1, 0): "costs rare labels and gains nothing clear",
        (-1, -1): "hurts, rare labels and all",
    }[psp.sign, precision.sign]
