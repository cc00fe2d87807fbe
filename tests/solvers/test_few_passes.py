"""Labels solved in a fixed number of passes: no certificate, and weights whose distance a sample tells."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.problems import problem_of, random_problem
from helpers.solving import dense_weights, solve_all, trained_labels
from helpers.xmc_reference import read_xmc

from pwdismec.solvers import BlockDualCD, objective


@pytest.fixture(scope="module")
def bibtex(real_data):
    X, Y = read_xmc(real_data / "bibtex" / "bibtex_train.txt.xz")
    rng = np.random.default_rng(0)
    return problem_of(X, Y, rng.uniform(1, 20, Y.shape[1]))


def gaps(problem, solution, best):
    """The relative gaps of unpruned weights, their objective by NumPy, to lower bounds on the optima."""
    X, found = objective.design_matrix(problem), []
    for row, label in enumerate(trained_labels(problem)):
        y, c = objective.signs_and_costs(problem, int(label))
        primal = objective.primal(X, y, c, dense_weights(problem, solution, row))
        found.append(objective.relative_gap(primal, best[row]))
    return np.array(found)


def test_more_passes_come_nearer_to_the_optimum(bibtex):
    best = solve_all(BlockDualCD(1e-5), bibtex).certificate.dual
    means = []
    for passes in (0, 1, 2, 20):
        solution = solve_all(BlockDualCD(passes=passes), bibtex)
        certificate = solution.certificate
        assert np.isnan(certificate.primal).all() and np.isnan(certificate.gap).all()
        assert (certificate.dual <= best * (1 + 1e-9)).all()
        found = gaps(bibtex, solution, best)
        assert (found > -1e-9).all()
        means.append(found.mean())
    assert means[0] > means[1] > means[2] and means[3] < 1e-3
    assert means[0] < 0.5  # the first working set alone tells most


@pytest.mark.parametrize("passes", [0, 1, 3])
def test_a_label_has_the_same_bits_whichever_share_its_block(passes):
    problem = random_problem(np.random.default_rng(1), n=600, n_labels=40)
    solver = BlockDualCD(passes=passes)
    together, alone = (solve_all(solver, problem, block_size=size) for size in (40, 1))
    for one, other in zip(together.weights.to_scipy(), alone.weights.to_scipy(), strict=True):
        np.testing.assert_array_equal(one.indices, other.indices)
        np.testing.assert_array_equal(one.data, other.data)
    np.testing.assert_array_equal(together.bias, alone.bias)
    np.testing.assert_array_equal(together.certificate.dual, alone.certificate.dual)


@pytest.mark.parametrize("passes", [0, 1])
def test_each_problem_of_a_path_has_its_passes(passes):
    first = random_problem(np.random.default_rng(2), n=600, n_labels=16)
    path = [replace(first, C=C) for C in (0.1, 1.0, 10.0)]
    labels = np.arange(16)
    solutions = BlockDualCD(passes=passes).prepare(first).solve_path(path, labels, 0.0)
    for problem, solution in zip(path, solutions, strict=True):
        best = solve_all(BlockDualCD(1e-5), problem).certificate.dual
        assert np.isnan(solution.certificate.primal).all()
        assert np.median(gaps(problem, solution, best)) < 0.2


@pytest.mark.parametrize("passes", [None, 0, 1])
def test_the_certificate_is_of_the_weights_that_solve_gives(bibtex, passes):
    """P is that of the short way's weights, by NumPy; D is as near the optimum as a certified solution's."""
    labels = np.arange(0, 159, 7)
    prepared = BlockDualCD(passes=passes).prepare(bibtex)
    certificate, solution = prepared.certificate(labels), prepared.solve(labels, 0.0)
    best = BlockDualCD(1e-5).prepare(bibtex).solve(labels, 0.0).certificate
    X = objective.design_matrix(bibtex)
    for row, label in enumerate(labels):
        y, c = objective.signs_and_costs(bibtex, int(label))
        primal = objective.primal(X, y, c, dense_weights(bibtex, solution, row))
        assert certificate.primal[row] == pytest.approx(primal, rel=1e-6)
    assert (certificate.dual <= best.primal).all()
    assert (certificate.dual >= best.dual * (1 - 1e-3)).all()
    np.testing.assert_array_equal(certificate.epochs, solution.certificate.epochs)


def test_dense_instances_have_a_pass_to_find_the_first_set():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(500, 12)).astype(np.float32)
    Y = (X @ rng.normal(size=(12, 5)) > 2).astype(np.float32)
    sparse = problem_of(X, Y)
    from pwdismec.data.dense import Dense

    dense = replace(sparse, features=Dense(X))
    best = solve_all(BlockDualCD(1e-5), dense).certificate.dual
    solution = solve_all(BlockDualCD(passes=0), dense)
    assert np.isnan(solution.certificate.primal).all()
    assert (gaps(sparse, solution, best) < 0.5).all()
