"""The paper's formulae besides the weights: unbiased losses, their surrogates, the order they imply.

Qaraei, Schultheis, Gupta and Babbar, "Convex Surrogates for Unbiased Loss Functions in Extreme
Classification With Missing Labels", WWW 2021. Labels go missing and are never spurious: a true label is
observed with its propensity p, an untrue one never. y is the observed label (0 or 1), s the score, and a
margin loss φ(m) is what a score of margin m costs: φ(s) where y = 1, φ(−s) where y = 0.

The formulae are tested against their definitions. None of this is used in training, which needs
`schemes.positive_weights` alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
MarginLoss = Callable[[Array], Array]


def zero_one(margins: ArrayLike) -> Array:
    """φ(m) = 1 where m ≤ 0, else 0.

    `unbiased_loss` of it differs from the 0-1 loss at s = 0 alone, where it counts either answer as wrong.
    """
    return (np.asarray(margins, np.float64) <= 0).astype(np.float64)


def hinge(margins: ArrayLike) -> Array:
    """φ(m) = max(0, 1 − m)."""
    return np.maximum(0.0, 1.0 - np.asarray(margins, np.float64))


def squared_hinge(margins: ArrayLike) -> Array:
    """φ(m) = max(0, 1 − m)²: the loss of DiSMEC and PW-DiSMEC."""
    return hinge(margins) ** 2


def squared_error(margins: ArrayLike) -> Array:
    """φ(m) = (1 − m)², the squared error of labels −1 and 1."""
    return (1.0 - np.asarray(margins, np.float64)) ** 2


def logistic(margins: ArrayLike) -> Array:
    """φ(m) = log(1 + e^−m), the binary cross-entropy of a logit; bounds `zero_one` once divided by log 2."""
    return np.logaddexp(0.0, -np.asarray(margins, np.float64))


def unbiased_estimate(
    loss_if_true: ArrayLike, loss_if_untrue: ArrayLike, observed: ArrayLike, propensities: ArrayLike
) -> Array:
    """(y/p) ℓ(1, s) + (1 − y/p) ℓ(0, s): what to charge for an observed label (Eq. 4–6).

    Its expectation over the missing of labels is the loss on the true label, for any loss that is a sum
    over labels (Natarajan et al. 2013, with no spurious labels).

    Parameters
    ----------
    loss_if_true, loss_if_untrue
        ℓ(1, s) and ℓ(0, s). All the arguments broadcast against each other.
    observed
        y, 0 or 1.
    propensities
        p, within (0, 1].
    """
    weight = np.asarray(observed, np.float64) / np.asarray(propensities, np.float64)
    if_true, if_untrue = np.asarray(loss_if_true, np.float64), np.asarray(loss_if_untrue, np.float64)
    estimate: Array = weight * if_true + (1.0 - weight) * if_untrue
    return estimate


def unbiased_loss(phi: MarginLoss, scores: ArrayLike, observed: ArrayLike, propensities: ArrayLike) -> Array:
    """The unbiased estimate of a margin loss (Eq. 7–13: the 0-1 loss, the hinge, cross-entropy, …).

    With `zero_one` and a sum over labels it is the unbiased Hamming loss. With `hinge` or
    `squared_hinge` and p < 1 it is not convex and falls without bound as a positive's score grows, which
    is why the paper trains on `convex_surrogate` instead; with `squared_error` it stays convex.

    Returns
    -------
    float64, the common shape of the arguments.
    """
    scores = np.asarray(scores, np.float64)
    return unbiased_estimate(phi(scores), phi(-scores), observed, propensities)


def convex_surrogate(
    phi: MarginLoss, scores: ArrayLike, observed: ArrayLike, propensities: ArrayLike
) -> Array:
    """(2/p − 1) φ(s) where y = 1, φ(−s) where y = 0: convex wherever φ is (Eq. 16 and 17).

    It bounds ``unbiased_loss(zero_one, ...)`` from above if φ bounds `zero_one`: there, a positive costs
    (2/p − 1) 1[s ≤ 0] + (1 − 1/p), of which the constant is not above 0. With `squared_hinge` it is the
    loss that PW-DiSMEC minimises.

    Returns
    -------
    float64, the common shape of the arguments.
    """
    scores = np.asarray(scores, np.float64)
    weight = 2.0 / np.asarray(propensities, np.float64) - 1.0
    return np.where(np.asarray(observed, bool), weight * phi(scores), phi(-scores))


def imbalance_then_missing(
    loss_if_true: ArrayLike, loss_if_untrue: ArrayLike, propensities: ArrayLike, balance: ArrayLike
) -> Array:
    """(C⁺ ℓ(1, s) − (1 − p) ℓ(0, s)) / p: what an observed positive costs (Eq. 18).

    Class balance comes first and missing labels second: over the missing of a true label this, and ℓ(0, s)
    where it is not observed, has the expectation C⁺ ℓ(1, s).

    Parameters
    ----------
    loss_if_true, loss_if_untrue, propensities
        As `unbiased_estimate` takes them.
    balance
        C⁺, of the number n/p of true positives.
    """
    p, cost = np.asarray(propensities, np.float64), np.asarray(balance, np.float64)
    if_true, if_untrue = np.asarray(loss_if_true, np.float64), np.asarray(loss_if_untrue, np.float64)
    estimate: Array = (cost * if_true - (1.0 - p) * if_untrue) / p
    return estimate


def missing_then_imbalance_weight(propensities: ArrayLike, balance: ArrayLike) -> Array:
    """C⁺(2/p − 1): the 0-1 loss of an observed positive, missing labels first (Eq. 19); PW-cb uses it.

    `balance` is C⁺ of the number n of observed positives.
    """
    weight: Array = np.asarray(balance, np.float64) * (2.0 / np.asarray(propensities, np.float64) - 1.0)
    return weight


def imbalance_then_missing_weight(propensities: ArrayLike, balance: ArrayLike) -> Array:
    """C⁺/p + 1/p − 1: the same in the other order (Eq. 20), up to a constant; C⁺ of n/p true positives."""
    p = np.asarray(propensities, np.float64)
    weight: Array = np.asarray(balance, np.float64) / p + 1.0 / p - 1.0
    return weight


def cost_sensitive_decision(marginals: ArrayLike, propensities: ArrayLike) -> NDArray[np.bool_]:
    """Whether the label lowers the weighted 0-1 loss: η̃ > p/2 (Eq. 14 and 15, α = p/2).

    η̃ = P(y = 1 | x) is the probability of *observing* the label, and η = η̃/p that of its truth. With
    positives weighing 2/p − 1 the threshold p/2 on η̃ is 1/2 on η: the sign is the unbiased one.
    """
    return np.asarray(marginals, np.float64) > np.asarray(propensities, np.float64) / 2.0


def cost_sensitive_score(marginals: ArrayLike, propensities: ArrayLike) -> Array:
    """The score that minimises the expected `convex_surrogate` of the squared hinge (or squared error).

    (c η̃ − (1 − η̃))/(c η̃ + 1 − η̃) with c = 2/p − 1, which is (2η − 1)/(1 + 2η(1 − p)).

    Parameters
    ----------
    marginals
        η̃ = P(y = 1 | x), of the observed labels; at most p.
    propensities
        p; broadcast against `marginals`.

    Returns
    -------
    float64, within [−1, 1]; above 0 where `cost_sensitive_decision` holds.
    """
    observed = np.asarray(marginals, np.float64)
    positive, negative = (2.0 / np.asarray(propensities, np.float64) - 1.0) * observed, 1.0 - observed
    score: Array = (positive - negative) / (positive + negative)
    return score


def cost_sensitive_order(marginals: ArrayLike, propensities: ArrayLike) -> NDArray[np.int64]:
    """Labels by falling `cost_sensitive_score`, ties to the lower id.

    Between labels of different propensity it is not the order of η: the weighted squared hinge agrees
    with the unbiased loss in the sign of each score alone.

    Parameters
    ----------
    marginals
        float, shape (..., n_labels): η̃ of each label.
    propensities
        float, shape (n_labels,).

    Returns
    -------
    int64, the shape of `marginals`.
    """
    return np.argsort(-cost_sensitive_score(marginals, propensities), axis=-1, kind="stable")


def normalized_weights(weights: ArrayLike) -> Array:
    """L w_j / Σ w: weights of mean 1 (Eq. 24; the published deep variants do so, PW-DiSMEC does not).

    Parameters
    ----------
    weights
        Positive, shape (n_labels,); not empty.
    """
    array = np.asarray(weights, np.float64)
    normalized: Array = array / array.mean()
    return normalized
