"""A threshold for each label, so that sets of labels have a good macro-F1.

Yang, A Study of Thresholding Strategies for Text Categorization, SIGIR 2001; Fan and Lin, A Study on
Threshold Selection for Multi-label Classification, National Taiwan University, 2007.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FBR = tuple(tenths / 10 for tenths in range(1, 9))
"""The bars tried: a label whose best F1 is below it is given its highest score as threshold."""


TRUSTED = 20
"""Held-out positives with which a label's own threshold counts as much as its group's."""


class Cut(NamedTuple):
    """A threshold, and the F1 of what reaches it."""

    threshold: float
    f1: float


def best_cut(scores: NDArray[np.float32], true: NDArray[np.bool_]) -> Cut:
    """SCut: the threshold of the best F1, half way to the next lower score; of equal ones the highest.

    Parameters
    ----------
    scores, true
        Shape (n,), n ≥ 1: the scores of one label, and where it is true. Where it never is, the highest
        score is the threshold.
    """
    if not true.any():
        return Cut(float(scores.max()), 0.0)
    falling = np.argsort(-scores, kind="stable")
    ordered = scores[falling].astype(np.float64)
    hits = np.cumsum(true[falling])
    f1 = 2.0 * hits / (np.arange(1, len(hits) + 1) + hits[-1])
    below = np.append(ordered[1:], ordered[-1])
    f1[:-1][below[:-1] == ordered[:-1]] = -1.0  # no threshold parts equal scores
    best = int(f1.argmax())
    threshold = np.float32((ordered[best] + below[best]) / 2)  # which may round to the lower one
    return Cut(float(threshold if threshold > below[best] else ordered[best]), float(f1[best]))


def f1_at(threshold: float, scores: NDArray[np.float32], true: NDArray[np.bool_]) -> float:
    """F1 of the labels whose score reaches the threshold; 0 where none is true or predicted."""
    reached = scores >= threshold
    return float(2.0 * (reached & true).sum() / max(1, reached.sum() + true.sum()))


def scut_fbr(scores: NDArray[np.float32], true: NDArray[np.bool_], folds: NDArray[np.integer]) -> float:
    """SCutFBR: the threshold of one label, with the bar of `FBR` that does best in cross-validation.

    Parameters
    ----------
    scores, true
        As `best_cut` takes them.
    folds
        Integers, shape (n,): the part of each instance, 0 … m − 1.
    """
    if not true.any():
        return float(scores.max())
    worth = np.zeros(len(FBR))
    for fold in range(int(folds.max()) + 1):
        here = folds == fold
        others = best_cut(scores[~here], true[~here])
        at_cut = f1_at(others.threshold, scores[here], true[here])
        at_highest = f1_at(float(scores[~here].max()), scores[here], true[here])
        worth += [at_cut if others.f1 >= bar else at_highest for bar in FBR]
    bar = FBR[::-1][int(worth[::-1].argmax())]  # of equal ones the highest: rather no label than a wrong one
    cut = best_cut(scores, true)
    return cut.threshold if cut.f1 >= bar else float(scores.max())


def drawn(
    thresholds: NDArray[np.floating], positives: NDArray[np.integer], shared: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Thresholds of labels drawn towards shared ones, the more the fewer positives they were tuned on.

    Parameters
    ----------
    thresholds, positives, shared
        Shape (n_labels,): what was tuned for each label alone, on how many positives, and what was tuned for
        its group. Where there are no positives the first may be anything.
    """
    own = positives / (positives + TRUSTED)
    return np.where(positives > 0, own * thresholds + (1 - own) * shared, shared).astype(np.float32)
