"""Solutions on some features only, and objectives of given weights, against LIBLINEAR and plain NumPy."""

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.problems import problem_of, random_problem
from helpers.solving import check, dense_weights, solve_all
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec import CSR, Dense, native
from pwdismec.solvers import BlockDualCD, LibLinear, Problem, objective


def as_dense(problem):
    values = Dense(problem.features.to_scipy().toarray())
    return Problem(values, problem.label_instances, problem.positive_weights, problem.C, problem.bias)


def random_lists(rng, n_labels, n_features, share):
    """A list of features for each label; the values stored beside them mean nothing."""
    mask = sp.random(n_labels, n_features, share, "csr", np.float32, random_state=rng)
    return CSR.from_scipy(mask)


def solve_within(solver, problem, allowed):
    return solver.prepare(problem).solve_within(np.arange(allowed.n_rows), allowed)


def on_columns_of(problem, label, features):
    """The problem of one label with the columns `features` only."""
    X = problem.features.to_scipy()[:, features]
    Y = problem.label_instances.to_scipy()[[label]].T
    return problem_of(X, Y, problem.positive_weights[[label]], problem.C, problem.bias)


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**31),
    n=st.integers(1, 120),
    d=st.integers(1, 60),
    density=st.sampled_from([0.02, 0.2, 1.0]),
    share=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    C=st.sampled_from([0.01, 1.0, 100.0]),
    bias=st.sampled_from([0.0, 1.0, 0.5]),
    dense=st.booleans(),
)
def test_every_label_is_solved_on_its_features_and_no_others(seed, n, d, density, share, C, bias, dense):
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, n, d, 6, density, positives=(1, n + 1), weights=(0.5, 20.0), C=C, bias=bias)
    if dense:
        problem = as_dense(problem)
    allowed = random_lists(rng, 6, d, share)
    solution = solve_within(BlockDualCD(1e-4), problem, allowed)
    outside = solution.weights.to_scipy().multiply(allowed.to_scipy().toarray() == 0)
    assert outside.count_nonzero() == 0
    gap, X = solution.certificate.gap, objective.design_matrix(problem)
    assert np.all(gap <= 1e-4) and np.all(gap >= -1e-9)
    for label in range(6):
        y, c = objective.signs_and_costs(problem, label)
        primal, dual = solution.certificate.primal[label], solution.certificate.dual[label]
        assert objective.primal(X, y, c, dense_weights(problem, solution, label)) == pytest.approx(primal)
        features = allowed.indices[allowed.indptr[label] : allowed.indptr[label + 1]]
        restricted = on_columns_of(problem, label, features)
        exact = solve_all(LibLinear(1e-8), restricted).certificate
        assert dual <= exact.primal[0] * (1 + 1e-9)
        assert primal >= exact.dual[0] * (1 - 1e-9)


@pytest.mark.parametrize("C", [1.0, 1e3])
def test_a_tight_gap_is_met(C):
    """At the larger cost by Newton's method."""
    rng = np.random.default_rng(1)
    problem = random_problem(rng, n=300, d=80, n_labels=32, C=C)
    allowed = random_lists(rng, 32, 80, 0.4)
    solution = solve_within(BlockDualCD(1e-7), problem, allowed)
    assert solution.certificate.gap.max() <= 1e-7


@pytest.mark.parametrize("dense", [False, True])
def test_few_features_and_very_many_instances_inside_the_margin(dense):
    problem = random_problem(np.random.default_rng(8), n=4000, d=40, n_labels=6, positives=(40, 400))
    if dense:
        problem = as_dense(problem)
    allowed = random_lists(np.random.default_rng(8), 6, 40, 0.1)
    solution = solve_within(BlockDualCD(1e-6), problem, allowed)
    assert solution.certificate.gap.max() <= 1e-6 and solution.certificate.epochs.max() <= 45  # else 148
    for label in range(6):
        features = allowed.indices[allowed.indptr[label] : allowed.indptr[label + 1]]
        exact = solve_all(LibLinear(1e-8), on_columns_of(problem, label, features)).certificate
        assert solution.certificate.dual[label] <= exact.primal[0] * (1 + 1e-9)
        assert solution.certificate.primal[label] <= exact.primal[0] * (1 + 1e-6)


def test_all_features_give_the_bits_of_the_whole_problem():
    rng = np.random.default_rng(2)
    problem = random_problem(rng, n=300, d=70, n_labels=40)
    whole = solve_all(BlockDualCD(), problem)
    found = solve_within(BlockDualCD(), problem, random_lists(rng, 40, 70, 1.0))
    check(problem, found, 1e-3)
    for name in ("indptr", "indices", "data"):
        assert getattr(found.weights, name).tobytes() == getattr(whole.weights, name).tobytes()
    for name in ("primal", "dual", "epochs"):
        assert getattr(found.certificate, name).tobytes() == getattr(whole.certificate, name).tobytes()


def test_rare_features_are_kept_apart_too():
    rng = np.random.default_rng(3)
    X = sp.random(400, 30_000, 0.002, "csr", np.float32, random_state=rng)
    Y = sp.csr_matrix(np.arange(400)[:, None] % [3, 7, 11] == 0).astype(np.float32)
    problem = problem_of(X, Y)
    allowed = random_lists(rng, 3, 30_000, 0.3)
    solution = solve_within(BlockDualCD(), problem, allowed)
    assert solution.certificate.gap.max() <= 1e-3
    for label in range(3):
        features = allowed.indices[allowed.indptr[label] : allowed.indptr[label + 1]]
        exact = solve_all(LibLinear(1e-8), on_columns_of(problem, label, features)).certificate
        assert solution.certificate.dual[label] <= exact.primal[0]
        assert solution.certificate.primal[label] <= exact.primal[0] * (1 + 1e-3)


@pytest.mark.parametrize("dense", [False, True])
def test_a_label_does_not_depend_on_those_beside_it(dense):
    rng = np.random.default_rng(4)
    problem = random_problem(rng, n=150, n_labels=70)
    if dense:
        problem = as_dense(problem)
    allowed = random_lists(rng, 70, 50, 0.3)
    together = solve_within(BlockDualCD(), problem, allowed)
    solver = BlockDualCD(labels_per_pass=native.LABELS_PER_PASS // 2)
    prepared = solver.prepare(problem)
    for label in (0, 33, 69):
        rows = np.array([label])
        alone = prepared.solve_within(rows, allowed.take(rows))
        assert alone.weights.data.tobytes() == together.weights.take(rows).data.tobytes()
        assert alone.certificate.dual[0] == together.certificate.dual[label]


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 2**31),
    n=st.integers(1, 100),
    d=st.integers(1, 50),
    n_labels=st.integers(1, 70),
    bias=st.sampled_from([0.0, 1.0, 0.5]),
    scale=st.sampled_from([1e-3, 1.0, 100.0]),
    dense=st.booleans(),
)
def test_objectives_are_those_of_float64(seed, n, d, n_labels, bias, scale, dense):
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, n, d, n_labels, 0.3, positives=(1, n + 1), bias=bias)
    if dense:
        problem = as_dense(problem)
    weights = sp.random(n_labels, d, 0.5, "csr", random_state=rng, data_rvs=rng.standard_normal)
    weights = CSR.from_scipy((scale * weights).astype(np.float32))
    biases = (rng.normal(size=n_labels) * (bias > 0)).astype(np.float32)
    solver = BlockDualCD()
    found = solver.prepare(problem).objective(np.arange(n_labels), weights, biases)
    X = objective.design_matrix(problem)
    for label in range(n_labels):
        y, c = objective.signs_and_costs(problem, label)
        w = weights.to_scipy()[[label]].toarray().ravel().astype(np.float64)
        w = w if bias == 0 else np.append(w, np.float64(biases[label]) / bias)
        assert found[label] == pytest.approx(objective.primal(X, y, c, w), rel=1e-9)


@pytest.mark.parametrize("bias", [0.0, 0.5])
def test_liblinear_solves_on_some_features_and_measures_as_the_block_solver_does(bias):
    rng = np.random.default_rng(9)
    problem = random_problem(rng, n=120, d=30, n_labels=6, bias=bias)
    allowed, labels = random_lists(rng, 6, 30, 0.3), np.array([4, 0, 5, 2])
    reference, ours = LibLinear(1e-8).prepare(problem), BlockDualCD(1e-6).prepare(problem)
    found = reference.solve_within(labels, allowed.take(labels))
    assert np.all(found.certificate.gap < 1e-5)
    outside = found.weights.to_scipy().multiply(allowed.take(labels).to_scipy().toarray() == 0)
    assert outside.count_nonzero() == 0
    exact = ours.solve_within(labels, allowed.take(labels))
    np.testing.assert_allclose(found.certificate.primal, exact.certificate.primal, rtol=1e-5)
    measured = reference.objective(labels, found.weights, found.bias)
    np.testing.assert_allclose(measured, ours.objective(labels, found.weights, found.bias), rtol=1e-9)
    np.testing.assert_allclose(measured, found.certificate.primal, rtol=1e-6)  # of float32 weights


def test_arrays_that_do_not_fit_are_refused():
    problem = random_problem(np.random.default_rng(5), n=50, n_labels=4)
    solver, allowed = BlockDualCD(), random_lists(np.random.default_rng(5), 3, 50, 0.5)
    prepared = solver.prepare(problem)
    with pytest.raises(ValueError, match="allowed_indptr: must be of every label"):
        prepared.solve_within(np.arange(4), allowed)
    with pytest.raises(ValueError, match="must be as many as labels"):
        prepared.objective(np.arange(4), allowed, np.zeros(4, np.float32))


def test_an_interrupted_objective_ends_with_an_error():
    problem = random_problem(np.random.default_rng(6), n=50, n_labels=4)
    solver = BlockDualCD()
    prepared = solver.prepare(problem)
    prepared.interrupt()
    weights = random_lists(np.random.default_rng(6), 4, 50, 0.5)
    with pytest.raises(RuntimeError, match="interrupted"):
        prepared.objective(np.arange(4), weights, np.zeros(4, np.float32))


def test_no_label_at_all_is_solved_and_measured():
    problem = random_problem(np.random.default_rng(7), n=50)
    solver, none = BlockDualCD(), np.zeros(0, np.int32)
    prepared, empty = solver.prepare(problem), CSR(np.zeros(1, np.int64), none, none.astype(np.float32), 50)
    assert prepared.solve_within(none, empty).weights.n_rows == 0
    assert prepared.objective(none, empty, none.astype(np.float32)).shape == (0,)


def test_labels_without_a_feature_have_the_best_bias():
    problem = problem_of(sp.eye(4, format="csr", dtype=np.float32), sp.csr_matrix([[1.0], [0], [0], [0]]))
    empty = CSR(np.zeros(2, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32), 4)
    solution = solve_within(BlockDualCD(1e-9), problem, empty)
    # the least of b²/2 + (1 − b)² + 3 (1 + b)²
    assert solution.bias[0] == pytest.approx(-4 / 9, abs=1e-5)
    assert solution.weights.nnz == 0
