"""The native solver against the float64 oracle and LIBLINEAR."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.problems import problem_of, random_problem
from helpers.solving import check, solve_all
from helpers.xmc_reference import read_xmc
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec import CSR, Dense, native
from pwdismec.solvers import BlockDualCD, LibLinear, objective
from pwdismec.weighting import positive_weights


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**31),
    n=st.integers(1, 120),
    d=st.integers(1, 60),
    n_labels=st.integers(1, 20),
    density=st.sampled_from([0.0, 0.02, 0.2, 1.0]),
    C=st.sampled_from([0.01, 1.0, 10.0]),
    bias=st.sampled_from([0.0, 1.0, 0.5]),
)
def test_every_problem_is_solved_and_certified(seed, n, d, n_labels, density, C, bias):
    rng = np.random.default_rng(seed)
    problem = random_problem(
        rng, n, d, n_labels, density, positives=(1, n + 1), weights=(0.5, 20.0), C=C, bias=bias
    )
    solution = solve_all(BlockDualCD(tolerance=1e-3), problem)
    check(problem, solution, 1e-3)


@pytest.mark.parametrize("tolerance", [1e-1, 1e-3, 1e-5, 1e-7])
@pytest.mark.parametrize("C", [1.0, 1e3])
def test_rounding_fakes_no_convergence(tolerance, C):
    problem = random_problem(np.random.default_rng(3), n=300, d=80, n_labels=32, C=C)
    found = solve_all(BlockDualCD(tolerance), problem)
    check(problem, found, tolerance)
    exact = solve_all(LibLinear(tolerance=1e-9), problem).certificate
    assert np.all(found.certificate.dual <= exact.primal * (1 + 1e-9))
    assert np.all(found.certificate.primal >= exact.dual * (1 - 1e-9))
    assert found.certificate.gap.max() > 1e-2 * tolerance  # it stops early, so that the above says something


def test_fewer_labels_per_pass_give_the_same_bits():
    problem = random_problem(np.random.default_rng(11), n=300, n_labels=70)
    expected = solve_all(BlockDualCD(), problem)
    found = solve_all(BlockDualCD(labels_per_pass=native.LABELS_PER_PASS // 2), problem)
    for name in ("indptr", "indices", "data"):
        assert getattr(found.weights, name).tobytes() == getattr(expected.weights, name).tobytes()
    for name in ("primal", "dual", "epochs"):
        assert getattr(found.certificate, name).tobytes() == getattr(expected.certificate, name).tobytes()


def test_many_values_of_rare_features_are_solved_as_well():
    """So many that they do not all get columns, however the features are numbered."""
    X = sp.csr_matrix(np.random.default_rng(12).random((320, 24_000), np.float32) / 100)
    Y = sp.csr_matrix(np.arange(320)[:, None] % [3, 7] == 0).astype(np.float32)
    problem = problem_of(X, Y)
    solution = solve_all(BlockDualCD(), problem)
    check(problem, solution, 1e-3)


def test_features_that_no_label_of_a_pass_has_change_nothing():
    """So many frequent features that most are looked at only where a label has them."""
    rng = np.random.default_rng(31)
    n, per_row, apart = 20_000, 300, 200
    columns = apart * np.arange(per_row) + rng.integers(0, apart, (n, per_row))
    X = sp.csr_matrix(
        (rng.random(n * per_row, np.float32) / 10, columns.ravel(), per_row * np.arange(n + 1)),
        shape=(n, per_row * apart),
    )
    Y = np.zeros((n, 36), np.float32)
    for label in range(36):
        Y[rng.choice(n, 1 + label % 5, replace=False), label] = 1
    problem = problem_of(X, sp.csr_matrix(Y))
    solution = solve_all(BlockDualCD(), problem)
    check(problem, solution, 1e-3)
    prepared = BlockDualCD().prepare(problem)
    alone = prepared.solve(np.array([7], np.int32), 0.0)
    assert alone.weights.values.tobytes() == solution.weights.rows(7, 8).stored().values.tobytes()
    assert alone.certificate.primal[0] == solution.certificate.primal[7]


def test_labels_begin_by_the_rare_features_they_have():
    """Half of the labels are on instances of frequent features only, and wait for a pass to begin."""
    rng = np.random.default_rng(21)
    n, frequent, rare = 4000, 40, 8000
    X = sp.random(n, frequent, 0.3, "csr", np.float32, random_state=rng)
    others = sp.random(n // 2, rare, 0.004, "csr", np.float32, random_state=rng)
    X = sp.hstack([X, sp.vstack([others, sp.csr_matrix((n - n // 2, rare), dtype=np.float32)])]).tocsr()
    of = [np.arange(label % 2 * (n // 2), (label % 2 + 1) * (n // 2)) for label in range(24)]
    Y = np.zeros((n, len(of)), np.float32)
    for label, instances in enumerate(of):
        Y[rng.choice(instances, int(rng.integers(1, 20)), replace=False), label] = 1
    problem = problem_of(X, sp.csr_matrix(Y), rng.uniform(1.0, 20.0, len(of)))
    solution = solve_all(BlockDualCD(tolerance=1e-4), problem)
    check(problem, solution, 1e-4)


def test_a_copy_must_be_as_large_as_was_said():
    features = random_problem(np.random.default_rng(13), n=100).features
    arrays = features.indptr, features.indices, features.values
    copy = native.SparseCopy(features.column_counts(), 101, 1.0)
    copy.append(*arrays)
    with pytest.raises(ValueError, match="fewer instances than was said"):
        copy.finish()
    with pytest.raises(ValueError, match="more instances, or more values, than was said"):
        copy.append(*arrays)
    with pytest.raises(ValueError, match="more instances, or more values, than was said"):
        native.SparseCopy(features.column_counts() // 2, 100, 1.0).append(*arrays)


def spread(matrix, columns, n_columns):
    """The matrix with its columns at `columns` of `n_columns`, the others empty."""
    return CSR(matrix.indptr, columns[matrix.indices].astype(np.int32), matrix.data, n_columns)


@pytest.mark.parametrize("n_columns", [61, 1 << 22])
def test_empty_columns_change_no_bit(n_columns):
    rng = np.random.default_rng(31)
    problem = random_problem(rng, n=120, d=60, density=0.3)
    columns = np.sort(rng.choice(n_columns, 60, replace=False))
    wide = replace(problem, features=spread(problem.features, columns, n_columns))
    a, b = (solve_all(BlockDualCD(), each, prune=0.01) for each in (problem, wide))
    assert np.array_equal(columns[a.weights.indices], b.weights.indices)
    assert a.weights.data.tobytes() == b.weights.data.tobytes()
    assert a.certificate.primal.tobytes() == b.certificate.primal.tobytes()


def test_weights_of_empty_columns_count_in_the_norm_alone():
    rng = np.random.default_rng(32)
    problem = random_problem(rng, n=100, d=40, n_labels=3, density=0.3)
    wide = replace(problem, features=spread(problem.features, 2 * np.arange(40), 80))
    solver, ids = BlockDualCD(), np.arange(3)
    weights = CSR.from_scipy(sp.random(3, 80, 0.5, "csr", np.float32, random_state=rng))
    bias = rng.normal(size=3).astype(np.float32)
    found = solver.prepare(wide).objective(ids, weights, bias)
    X = objective.design_matrix(wide)
    for label in ids:
        y, c = objective.signs_and_costs(wide, int(label))
        w = np.append(weights.to_scipy()[[label]].toarray().ravel().astype(np.float64), bias[label])
        assert found[label] == pytest.approx(objective.primal(X, y, c, w), rel=1e-9)


def test_lists_of_features_may_name_empty_columns():
    rng = np.random.default_rng(33)
    problem = random_problem(rng, n=100, d=40, n_labels=6, density=0.3)
    wide = replace(problem, features=spread(problem.features, 2 * np.arange(40), 80))
    allowed = CSR.from_scipy(sp.random(6, 40, 0.5, "csr", np.float32, random_state=rng))
    more = sp.random(6, 40, 0.5, "csr", np.float32, random_state=rng)  # on the odd columns, which are empty
    both = spread(allowed, 2 * np.arange(40), 80).to_scipy() + sp.csr_matrix(
        (more.data, 2 * more.indices + 1, more.indptr), (6, 80)
    )
    solver, ids = BlockDualCD(), np.arange(6)
    a = solver.prepare(problem).solve_within(ids, allowed)
    b = solver.prepare(wide).solve_within(ids, CSR.from_scipy(both))
    assert np.array_equal(2 * a.weights.indices, b.weights.indices)
    assert a.weights.data.tobytes() == b.weights.data.tobytes()


def test_a_view_of_rows_is_solved_like_its_copy():
    problem = random_problem(np.random.default_rng(6), n=100)
    X, Y = problem.features.to_scipy(), problem.label_instances.to_scipy().T.tocsr()
    copy = problem_of(X[20:80], Y[20:80], problem.positive_weights)
    view = type(problem)(problem.features.rows(20, 80), copy.label_instances, problem.positive_weights)
    a = solve_all(BlockDualCD(), view)
    b = solve_all(BlockDualCD(), copy)
    assert a.weights.data.tobytes() == b.weights.data.tobytes()


@pytest.mark.parametrize("prune", [0.01, 0.1, "one of the weights"])
def test_pruning_cuts_what_is_smaller_and_nothing_else(prune):
    problem = random_problem(np.random.default_rng(7))
    whole = solve_all(BlockDualCD(), problem)
    if isinstance(prune, str):  # and that weight stays
        prune = float(np.sort(np.abs(whole.weights.values))[whole.weights.nnz // 3])
    pruned = solve_all(BlockDualCD(), problem, prune)
    expected = whole.weights.to_scipy().toarray()
    expected[np.abs(expected) < prune] = 0
    np.testing.assert_array_equal(pruned.weights.to_scipy().toarray(), expected)
    np.testing.assert_array_equal(pruned.bias, whole.bias)
    assert np.all(np.diff(pruned.weights.indptr) > 0)


def test_a_label_that_runs_out_of_epochs_says_so_by_its_gap():
    problem = random_problem(np.random.default_rng(9), n=2000, d=300, C=1000.0)
    solution = solve_all(BlockDualCD(tolerance=1e-7, max_epochs=1), problem)
    assert solution.certificate.gap.max() > 1e-7


@pytest.mark.parametrize("max_epochs", [2, 4])
def test_passes_over_all_instances_are_epochs_like_the_solvers_visits(max_epochs):
    """A label ends after the pass that finds nothing left of its epochs."""
    problem = random_problem(np.random.default_rng(9), n=20_000, d=50, n_labels=4, positives=(1, 3))
    epochs = solve_all(BlockDualCD(tolerance=1e-12, max_epochs=max_epochs), problem).certificate.epochs
    assert (epochs == max_epochs + 1).all()


def test_a_pass_and_a_few_visits_are_two_epochs():
    """What a label has begun counts in full: none is trained and certified in less."""
    problem = random_problem(np.random.default_rng(9), n=6000, d=300, positives=(1, 3))
    assert solve_all(BlockDualCD(tolerance=0.5), problem).certificate.epochs.min() >= 2


@pytest.mark.parametrize("weighting", ["vanilla", "pw-cb"])
def test_every_label_of_bibtex_is_within_a_thousandth_of_liblinear(real_data, weighting):
    X, Y = read_xmc(real_data / "bibtex" / "bibtex_train.txt.xz")
    counts = np.asarray(Y.sum(axis=0)).ravel().astype(np.int64)
    problem = problem_of(X, Y, positive_weights(weighting, counts, X.shape[0]))
    solution = solve_all(BlockDualCD(), problem)
    assert len(solution.bias) == 159
    check(problem, solution, 1e-3)
    reference = LibLinear(tolerance=1e-6)
    exact = solve_all(reference, problem)
    optimum = exact.certificate.primal
    distance = (solution.certificate.primal - optimum) / optimum
    assert distance.max() <= 1e-3
    assert np.all(distance <= solution.certificate.gap + 1e-6)
    assert np.all(solution.certificate.dual <= optimum * (1 + 1e-9))


@pytest.mark.parametrize("isa", ["v2", "v3", "v4"])
def test_every_instruction_set_solves_alike(isa, tmp_path):
    if native.instruction_set == "baseline" or isa > native.instruction_set:
        pytest.skip(f"this machine does not run {isa}")
    script = (
        "import numpy as np\n"
        "from helpers.problems import random_problem\n"
        "from pwdismec.solvers import BlockDualCD\n"
        "problem = random_problem(np.random.default_rng(10), n_labels=16)\n"
        "solver = BlockDualCD(tolerance=1e-5)\n"
        "solution = solver.prepare(problem).solve(np.arange(16), 0.0)\n"
        "print(*solution.certificate.primal)\n"
    )
    tests = Path(__file__).resolve().parents[1]
    environment = {**os.environ, "PWDISMEC_ISA": isa, "PYTHONPATH": str(tests)}
    run = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    here = solve_all(BlockDualCD(tolerance=1e-5), random_problem(np.random.default_rng(10), n_labels=16))
    np.testing.assert_allclose([float(p) for p in run.stdout.split()], here.certificate.primal, rtol=2e-5)


def test_an_interrupted_call_ends_with_an_error_and_later_ones_too():
    problem = random_problem(np.random.default_rng(15), n_labels=4)
    solver = BlockDualCD()
    prepared = solver.prepare(problem)
    prepared.solve(np.arange(4), 0.0)
    prepared.interrupt()
    with pytest.raises(RuntimeError, match="interrupted"):
        prepared.solve(np.arange(4), 0.0)


@pytest.mark.parametrize("n", [1, 10, 3000])
@pytest.mark.parametrize("labels_per_pass", [32, 16])
def test_the_memory_told_is_the_sum_that_is_documented(n, labels_per_pass):
    """Of a working set of a sixteenth of the instances and two for each of the label's 20 positives."""
    d, stored = 50, 7 * n
    sparse = CSR(
        7 * np.arange(n + 1), np.tile(np.arange(7, dtype=np.int32), n), np.ones(stored, np.float32), d
    )
    in_set = min(n, n // 16 + 40)
    thread = 4 * (labels_per_pass * n + native.LABELS_PER_PASS * d) + 20 * d + 60 * in_set
    solver = BlockDualCD(labels_per_pass=labels_per_pass)
    copies = 2 * (8 * (n + 1) + 8 * stored)
    columns = 8 * min(native.MOST_IN_COLUMNS, stored)
    found = solver.memory(sparse, d, 20)
    numbers = 16 * d + d // 4
    assert found == (copies + 8 * n + numbers + columns, thread + 8 * min(native.MOST_COPIED, 7 * in_set))
    dense = Dense(np.ones((n, d), np.float32))
    assert solver.memory(dense, d, 20) == (4 * n * d + 8 * n, thread)
