"""Solving a problem's labels, and checking what certifies them."""

import numpy as np
import pytest

from pwdismec.solvers import concatenate, objective


def trained_labels(problem):
    """The ids of the labels with a positive."""
    return np.flatnonzero(problem.label_instances.row_lengths > 0)


def solve_all(solver, problem, prune=0.0, block_size=None):
    """The solution of every label with a positive."""
    ids, size = trained_labels(problem), block_size or solver.block_size
    prepared = solver.prepare(problem)
    return concatenate([prepared.solve(ids[i : i + size], prune) for i in range(0, len(ids), size)])


def dense_weights(problem, solution, row):
    """The weights of one solved label with the constant feature's last, float64; exact if bias is 2ⁿ or 0."""
    w = solution.weights.rows(row, row + 1).to_scipy().toarray().ravel().astype(np.float64)
    if problem.bias == 0:
        assert solution.bias[row] == 0
        return w
    return np.append(w, np.float64(solution.bias[row]) / problem.bias)


def check(problem, solution, tolerance):
    """The certificates of an unpruned solution are true: P is that of the weights, D a bound, the gap met."""
    X = objective.design_matrix(problem)
    for row, label in enumerate(trained_labels(problem)):
        y, c = objective.signs_and_costs(problem, int(label))
        w = dense_weights(problem, solution, row)
        primal = solution.certificate.primal[row]
        # The weights are float32 and so known exactly: nothing but float64's own rounding may differ.
        assert objective.primal(X, y, c, w) == pytest.approx(primal, rel=1e-9)
        assert objective.dual(X, y, c, objective.dual_point(X, y, c, w)) <= primal * (1 + 1e-9)
    gap = solution.certificate.gap
    assert np.all(gap <= tolerance), gap.max()
    assert np.all(gap >= -1e-9), gap.min()
