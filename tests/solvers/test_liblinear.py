"""The reference solver: against scikit-learn's own copy of LIBLINEAR and the oracle."""

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.problems import problem_of, random_problem
from joblib import Parallel, delayed
from sklearn.svm import LinearSVC

from pwdismec.solvers import LibLinear, objective


def test_weights_agree_with_scikit_learn():
    problem = random_problem(np.random.default_rng(0), n=200, d=30, n_labels=5)
    solver = LibLinear(tolerance=1e-8)
    prepared = solver.prepare(problem)
    for label in range(5):
        solution = prepared.solve(np.array([label]), 0.0)
        y, _ = objective.signs_and_costs(problem, label)
        peer = LinearSVC(
            dual=False, tol=1e-8, class_weight={1: problem.positive_weights[label]}, max_iter=10000
        ).fit(problem.features.to_scipy().astype(np.float64), y)
        np.testing.assert_allclose(solution.weights.to_scipy().toarray()[0], peer.coef_[0], atol=1e-4)
        assert solution.bias[0] == pytest.approx(peer.intercept_[0], abs=1e-4)


def test_the_optimum_is_certified_and_its_gradient_vanishes():
    problem = random_problem(np.random.default_rng(1), n=150, d=30, n_labels=6)
    solver = LibLinear(tolerance=1e-9)
    solution = solver.prepare(problem).solve(np.arange(6), 0.0)
    assert np.all(solution.certificate.gap < 1e-6)
    X = objective.design_matrix(problem)
    for label in range(6):
        y, c = objective.signs_and_costs(problem, label)
        w = np.append(solution.weights.to_scipy().toarray()[label].astype(np.float64), solution.bias[label])
        at_zero = np.linalg.norm(objective.gradient(X, y, c, np.zeros_like(w)))
        assert np.linalg.norm(objective.gradient(X, y, c, w)) < 1e-5 * at_zero


@pytest.mark.parametrize("first", [1, 0])
def test_signs_do_not_depend_on_the_first_row(first):
    X = sp.csr_matrix(np.array([[1.0, 0], [0, 1.0], [1.0, 0.1], [0.1, 1.0]], np.float32))
    Y = sp.csr_matrix(np.array([[first], [1 - first], [first], [1 - first]], np.float32))
    solver = LibLinear()
    problem = problem_of(X, Y)
    w = solver.prepare(problem).solve(np.array([0]), 0.0).weights.to_scipy().toarray()[0]
    assert (w[0] > w[1]) == bool(first)


def test_all_positive_and_no_bias():
    problem = problem_of(sp.csr_matrix(np.eye(4, dtype=np.float32)), sp.csr_matrix(np.ones((4, 1))), bias=0.0)
    solver = LibLinear(tolerance=1e-8)
    solution = solver.prepare(problem).solve(np.array([0]), 0.0)
    np.testing.assert_allclose(solution.weights.to_scipy().toarray()[0], np.full(4, 2 / 3), atol=1e-4)
    assert solution.bias[0] == 0


def test_threads_share_the_problem_and_give_the_same_bits():
    problem = random_problem(np.random.default_rng(2), n_labels=24)
    solver = LibLinear()
    prepared = solver.prepare(problem)
    alone = [prepared.solve(np.array([label]), 0.01) for label in range(24)]
    at_once = Parallel(n_jobs=4, backend="threading")(
        delayed(prepared.solve)(np.array([label]), 0.01) for label in range(24)
    )
    for a, b in zip(alone, at_once, strict=True):
        assert a.weights.data.tobytes() == b.weights.data.tobytes()
