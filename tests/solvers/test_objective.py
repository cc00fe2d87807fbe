"""The oracle itself: against finite differences and a general-purpose optimiser."""

import numpy as np
import pytest
from helpers.problems import random_problem
from scipy.optimize import minimize

from pwdismec.solvers import Certificate, objective


@pytest.fixture
def label():
    problem = random_problem(np.random.default_rng(0), n=60, d=15, n_labels=3)
    X = objective.design_matrix(problem)
    return (X, *objective.signs_and_costs(problem, 1))


def test_the_gradient_is_the_derivative_of_the_primal(label):
    X, y, c = label
    rng = np.random.default_rng(1)
    w, direction, h = rng.normal(size=X.shape[1]), rng.normal(size=X.shape[1]), 1e-6
    slope = (objective.primal(X, y, c, w + h * direction) - objective.primal(X, y, c, w - h * direction)) / (
        2 * h
    )
    assert objective.gradient(X, y, c, w) @ direction == pytest.approx(slope, rel=1e-5)


def test_primal_and_dual_optima_meet(label):
    X, y, c = label
    low = minimize(
        lambda w: objective.primal(X, y, c, w),
        np.zeros(X.shape[1]),
        jac=lambda w: objective.gradient(X, y, c, w),
        options={"gtol": 1e-10, "maxiter": 5000},
    )
    high = minimize(
        lambda a: -objective.dual(X, y, c, np.maximum(a, 0)),
        np.full(len(y), 0.1),
        bounds=[(0, None)] * len(y),
        options={"ftol": 1e-15, "maxiter": 5000, "maxfun": 10**6},
    )
    assert -high.fun == pytest.approx(low.fun, rel=1e-5)
    assert -high.fun <= low.fun * (1 + 1e-9)


def test_the_dual_point_of_the_optimum_closes_the_gap(label):
    X, y, c = label
    w = minimize(
        lambda w: objective.primal(X, y, c, w),
        np.zeros(X.shape[1]),
        jac=lambda w: objective.gradient(X, y, c, w),
        options={"gtol": 1e-10, "maxiter": 5000},
    ).x
    gap = objective.relative_gap(
        objective.primal(X, y, c, w), objective.dual(X, y, c, objective.dual_point(X, y, c, w))
    )
    assert 0 <= gap + 1e-12 < 1e-9


def test_any_weights_and_any_dual_point_bound_each_other(label):
    X, y, c = label
    rng = np.random.default_rng(2)
    for _ in range(50):
        w, alpha = rng.normal(size=X.shape[1]), rng.exponential(0.3, len(y))
        assert objective.dual(X, y, c, alpha) <= objective.primal(X, y, c, w)
        assert objective.dual(X, y, c, objective.dual_point(X, y, c, w)) <= objective.primal(X, y, c, w)


def test_a_negative_alpha_is_refused(label):
    X, y, c = label
    with pytest.raises(ValueError, match="expected none below 0"):
        objective.dual(X, y, c, np.full(len(y), -1.0))


def test_the_gap_is_relative_to_the_objective():
    certificate = Certificate(np.array([4.0, 2.0]), np.array([1.0, 2.0]), np.array([3, 3], np.int32))
    assert certificate.gap.tolist() == [0.75, 0.0]
