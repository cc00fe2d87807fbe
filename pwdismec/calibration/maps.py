"""From scores to probabilities: what is fitted, as plain numbers; scikit-learn fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

METHODS = ("isotonic", "platt")


class ScoreMap(Protocol):
    """A rising function from scores to probabilities."""

    def __call__(self, scores: ArrayLike) -> NDArray[np.float64]: ...

    def lowest(self, probability: float) -> float:
        """The lowest score of at least that probability; −inf if all have it, inf if none."""
        ...


@dataclass(frozen=True, eq=False)
class Isotonic:
    """Straight lines between knots, and flat beyond them.

    Attributes
    ----------
    scores, probabilities
        float64, shape (n,), both rising: the knots.
    """

    scores: NDArray[np.float64]
    probabilities: NDArray[np.float64]

    def __call__(self, scores: ArrayLike) -> NDArray[np.float64]:
        return np.interp(np.asarray(scores, np.float64), self.scores, self.probabilities)

    def lowest(self, probability: float) -> float:
        right = int(np.searchsorted(self.probabilities, probability))
        if right == 0:
            return -np.inf
        if right == len(self.scores):
            return np.inf
        knots = slice(right - 1, right + 1)
        return float(np.interp(probability, self.probabilities[knots], self.scores[knots]))


@dataclass(frozen=True)
class Platt:
    """1/(1 + exp(−(a·score + b))), a ≥ 0."""

    a: float
    b: float

    def __call__(self, scores: ArrayLike) -> NDArray[np.float64]:
        return np.asarray(expit(self.a * np.asarray(scores, np.float64) + self.b))

    def lowest(self, probability: float) -> float:
        distance = float(logit(probability)) - self.b
        if self.a == 0:
            return np.inf if distance > 0 else -np.inf
        return distance / self.a


def fit(
    method: str,
    scores: NDArray[np.floating],
    positives: NDArray[np.integer],
    totals: NDArray[np.integer],
) -> ScoreMap:
    """Fit a map to counted scores.

    Parameters
    ----------
    method
        One of `METHODS`.
    scores
        Shape (n,), n ≥ 1, distinct.
    positives, totals
        Integers, shape (n,): how many pairs had each score, at least one, and how many of them were true.

    References
    ----------
    Zadrozny and Elkan, KDD 2002; Platt, Advances in Large Margin Classifiers, 1999.
    """
    return _isotonic(scores, positives, totals) if method == "isotonic" else _platt(scores, positives, totals)


def _isotonic(
    scores: NDArray[np.floating], positives: NDArray[np.integer], totals: NDArray[np.integer]
) -> Isotonic:
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
    fitted.fit(scores.astype(np.float64), positives / totals, sample_weight=totals.astype(np.float64))
    return Isotonic(
        np.asarray(fitted.X_thresholds_, np.float64), np.asarray(fitted.y_thresholds_, np.float64)
    )


def _platt(
    scores: NDArray[np.floating], positives: NDArray[np.integer], totals: NDArray[np.integer]
) -> Platt:
    """Platt's targets, a little within 0 and 1, keep a separable group's slope finite."""
    from sklearn.linear_model import LogisticRegression

    n_true, n = positives.sum(), totals.sum()
    high, low = (n_true + 1) / (n_true + 2), 1 / (n - n_true + 2)
    true = positives * high + (totals - positives) * low
    x = np.concatenate([scores, scores]).astype(np.float64)[:, None]
    fitted = LogisticRegression(C=1e12, tol=1e-8, max_iter=1000)
    fitted.fit(
        x, np.repeat([1, 0], len(scores)), sample_weight=np.concatenate([true, totals - true]).astype(float)
    )
    a, b = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    return Platt(a, b) if a > 0 else Platt(0.0, float(logit(true.sum() / n)))  # it must not fall
