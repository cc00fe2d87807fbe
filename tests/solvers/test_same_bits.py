"""A label's bits depend on its problem, the settings and the machine's instructions; not on its block."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from helpers.problems import random_problem
from helpers.solving import solve_all, trained_labels
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec import Dense
from pwdismec.solvers import BlockDualCD, concatenate


def bits(solution):
    """All of a solution, to be compared bit for bit."""
    certificate, weights = solution.certificate, solution.weights
    arrays = (weights.indptr, weights.indices, weights.data, solution.bias)
    return [a.tobytes() for a in (*arrays, certificate.primal, certificate.dual, certificate.epochs)]


def problem_in(form, seed=0, C=1.0, **shape):
    """A random problem; not every label of it is equally hard."""
    problem = random_problem(np.random.default_rng(seed), C=C, **shape)
    if form == "sparse":
        return problem
    return replace(problem, features=Dense(problem.features.to_scipy().toarray()))


@settings(deadline=None, max_examples=30)
@given(
    form=st.sampled_from(["sparse", "dense"]),
    seed=st.integers(0, 2**31),
    n=st.integers(31, 700),
    d=st.integers(1, 60),
    n_labels=st.integers(1, 40),
    C=st.sampled_from([0.01, 1.0, 100.0]),
    block_size=st.integers(1, 40),
    order=st.randoms(use_true_random=False),
)
def test_neither_on_the_labels_beside_it_nor_on_their_order(form, seed, n, d, n_labels, C, block_size, order):
    problem, solver = problem_in(form, seed, C, n=n, d=d, n_labels=n_labels), BlockDualCD()
    ids = list(range(n_labels))
    order.shuffle(ids)
    prepared = solver.prepare(problem)
    shuffled = prepared.solve(np.array(ids), 0.01)
    in_blocks = solve_all(solver, problem, 0.01, block_size)
    one_by_one = [prepared.solve(np.array([label]), 0.01) for label in range(n_labels)]
    assert bits(in_blocks) == bits(concatenate(one_by_one))
    assert bits(shuffled) == bits(concatenate([one_by_one[label] for label in ids]))


@pytest.mark.parametrize("form", ["sparse", "dense"])
@pytest.mark.parametrize("block_size", [1, 31, 32, 33, 100])
def test_nor_on_how_many_share_a_block(form, block_size):
    problem = problem_in(form, n=1500, d=200, n_labels=100, density=0.05)
    assert bits(solve_all(BlockDualCD(), problem, 0.0, block_size)) == bits(solve_all(BlockDualCD(), problem))


@pytest.mark.parametrize("form", ["sparse", "dense"])
def test_nor_on_the_threads(form):
    problem, solver = problem_in(form, n=1500, d=200, n_labels=60, density=0.05), BlockDualCD()
    prepared, labels = solver.prepare(problem), trained_labels(problem)
    with ThreadPoolExecutor(4) as threads:
        blocks = threads.map(lambda ids: prepared.solve(ids, 0.0), np.array_split(labels, 8))
    assert bits(concatenate(list(blocks))) == bits(solve_all(solver, problem))


@pytest.mark.parametrize("form", ["sparse", "dense"])
@pytest.mark.parametrize("C", [0.1, 100.0])
def test_nor_on_what_comes_after_it_on_a_path(form, C):
    problem, solver = problem_in(form, n=900, n_labels=40, C=C), BlockDualCD()
    path = [problem, replace(problem, C=10 * C), replace(problem, positive_weights=np.full(40, 5.0))]
    prepared = solver.prepare(problem)
    first, second, _ = prepared.solve_path(path, np.arange(40), 0.01)
    assert bits(first) == bits(prepared.solve(np.arange(40), 0.01))
    alone = [prepared.solve_path(path, np.array([label]), 0.01)[1] for label in range(40)]
    assert bits(second) == bits(concatenate(alone))
