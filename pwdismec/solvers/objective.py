"""The objective in plain NumPy, in float64: the oracle that every solver is tested against.

One label at a time. `X` is the features with the constant feature as its last
column (`design_matrix`), `y` is ±1, `c` the cost of each instance. What P and D
are, and all that depends on the loss, `loss` says: P(w) ≥ P* = D* ≥ D(α).
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pwdismec.solvers import loss
from pwdismec.solvers.contract import Problem

Vector = NDArray[np.float64]


def design_matrix(problem: Problem) -> sp.csr_matrix:
    """The features in float64 with the constant feature as last column, where there is one.

    Returns
    -------
    scipy.sparse.csr_matrix
        float64, shape (n_instances, n_features + 1), or n_features if ``problem.bias`` is 0.
    """
    features = problem.features.to_scipy().astype(np.float64)
    if problem.bias == 0:
        return features
    constant = np.full((features.shape[0], 1), problem.bias)
    return sp.hstack([features, sp.csr_matrix(constant)], format="csr")


def signs_and_costs(problem: Problem, label: int) -> tuple[Vector, Vector]:
    """The signs y ∈ {−1, +1} and costs c of one label; two float64 arrays of shape (n_instances,)."""
    n = problem.features.n_rows
    positives = problem.positives(np.array([label])).indices
    y, c = np.full(n, -1.0), np.full(n, float(problem.C))
    y[positives] = 1.0
    c[positives] = problem.C * problem.positive_weights[label]
    return y, c


def primal(X: sp.csr_matrix, y: Vector, c: Vector, w: Vector) -> float:
    """P(w)."""
    return float(0.5 * w @ w + c @ loss.value(y * (X @ w)))


def gradient(X: sp.csr_matrix, y: Vector, c: Vector, w: Vector) -> Vector:
    """∇P(w), shape (n_columns,)."""
    return np.asarray(w + X.T @ (c * y * loss.derivative(y * (X @ w))))


def weights_of(X: sp.csr_matrix, y: Vector, alpha: Vector) -> Vector:
    """w(α) = Σ α_i y_i x_i, shape (n_columns,)."""
    return np.asarray(X.T @ (alpha * y))


def dual(X: sp.csr_matrix, y: Vector, c: Vector, alpha: Vector) -> float:
    """D(α).

    Raises
    ------
    ValueError
        If an α is out of the conjugate's domain.
    """
    w = weights_of(X, y, alpha)
    return float(-0.5 * w @ w - loss.conjugate(alpha, c).sum())


def dual_point(X: sp.csr_matrix, y: Vector, c: Vector, w: Vector) -> Vector:
    """A feasible α for a given w: the KKT conditions' α_i = −c_i ℓ'(y_i wᵀx_i), scaled to maximise D.

    At the optimal w it is the optimal α; elsewhere any scale gives a valid bound.
    """
    alpha = -c * loss.derivative(y * (X @ w))
    v = weights_of(X, y, alpha)
    return np.asarray(alpha * loss.best_scale(alpha, c, float(v @ v)))


def relative_gap(primal_value: float, dual_value: float) -> float:
    """(P − D) / P."""
    return (primal_value - dual_value) / primal_value
