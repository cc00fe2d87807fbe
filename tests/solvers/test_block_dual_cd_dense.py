"""The native solver on dense rows: certified, and the same as on the sparse form of the same data."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.dense_data import labels_of
from helpers.solving import check, solve_all
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec import Dense, native
from pwdismec.solvers import BlockDualCD, LibLinear, Problem


def dense_problem(seed, n, d, n_labels, C=1.0, bias=1.0):
    """A problem, and the same with its features as CSR."""
    rng = np.random.default_rng(seed)
    features = Dense(rng.normal(size=(n, d)).astype(np.float32) / np.float32(np.sqrt(d)))
    Y = np.zeros((n_labels, n))
    for label in range(n_labels):
        Y[label, rng.choice(n, int(rng.integers(1, n + 1)), replace=False)] = 1
    weights = rng.uniform(0.5, 20.0, n_labels)
    return tuple(Problem(x, labels_of(Y), weights, C, bias) for x in (features, features.to_csr()))


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**31),
    n=st.integers(1, 100),
    d=st.integers(0, 40),
    n_labels=st.integers(1, 20),
    C=st.sampled_from([0.01, 1.0, 10.0]),
    bias=st.sampled_from([0.0, 1.0, 0.5]),
)
def test_every_problem_is_solved_and_certified_as_in_sparse_form(seed, n, d, n_labels, C, bias):
    dense, sparse = dense_problem(seed, n, d, n_labels, C, bias)
    solver = BlockDualCD(tolerance=1e-3)
    solution, reference = solve_all(solver, dense), solve_all(solver, sparse)
    check(dense, solution, 1e-3)
    check(sparse, reference, 1e-3)
    # Each lower bound is below every primal, whichever form it is of.
    slack = 1 + 1e-9
    assert np.all(solution.certificate.dual <= reference.certificate.primal * slack)
    assert np.all(reference.certificate.dual <= solution.certificate.primal * slack)


def test_the_optimum_is_liblinears():
    dense, _ = dense_problem(1, 300, 64, 5)
    exact = solve_all(LibLinear(tolerance=1e-8), dense)
    found = solve_all(BlockDualCD(tolerance=1e-4), dense)
    assert np.all(found.certificate.primal <= exact.certificate.primal * (1 + 1e-4))
    assert np.all(found.certificate.dual <= exact.certificate.primal * (1 + 1e-9))


def test_liblinear_takes_both_forms_for_the_same():
    dense, sparse = dense_problem(2, 80, 16, 3)
    one, other = solve_all(LibLinear(), dense, 0.01), solve_all(LibLinear(), sparse, 0.01)
    np.testing.assert_array_equal(one.weights.data, other.weights.data)
    np.testing.assert_array_equal(one.certificate.dual, other.certificate.dual)


def test_rows_mapped_from_a_file_are_solved_like_a_copy(tmp_path):
    dense, _ = dense_problem(3, 90, 33, 4)
    np.save(tmp_path / "X.npy", np.concatenate([np.full((7, 33), np.nan, np.float32), dense.features.values]))
    mapped = Dense(np.asarray(np.load(tmp_path / "X.npy", mmap_mode="r")[7:]))
    view = Problem(mapped, dense.label_instances, dense.positive_weights)
    one, other = solve_all(BlockDualCD(), dense, 0.01), solve_all(BlockDualCD(), view, 0.01)
    assert one.weights.data.tobytes() == other.weights.data.tobytes()
    assert one.certificate.dual.tobytes() == other.certificate.dual.tobytes()


@pytest.mark.parametrize("prune", [0.01, 0.1])
def test_pruning_cuts_what_is_smaller_and_nothing_else(prune):
    dense, _ = dense_problem(4, 100, 30, 20)
    whole, pruned = solve_all(BlockDualCD(), dense), solve_all(BlockDualCD(), dense, prune)
    expected = whole.weights.to_scipy().toarray()
    expected[np.abs(expected) < prune] = 0
    np.testing.assert_array_equal(pruned.weights.to_scipy().toarray(), expected)
    np.testing.assert_array_equal(pruned.bias, whole.bias)


@pytest.mark.parametrize("isa", ["v2", "v3", "v4"])
def test_every_instruction_set_solves_alike(isa, tmp_path):
    if native.instruction_set == "baseline" or isa > native.instruction_set:
        pytest.skip(f"this machine does not run {isa}")
    dense, _ = dense_problem(5, 200, 37, 16)
    np.savez(
        tmp_path / "problem.npz",
        X=dense.features.values,
        Y=dense.label_instances.to_scipy().toarray(),
        weights=dense.positive_weights,
    )
    script = (
        "import numpy as np\n"
        "from helpers.dense_data import labels_of\n"
        "from pwdismec import Dense\n"
        "from pwdismec.solvers import BlockDualCD, Problem\n"
        "held = np.load('problem.npz')\n"
        "problem = Problem(Dense(held['X']), labels_of(held['Y']), held['weights'])\n"
        "solver = BlockDualCD(tolerance=1e-5)\n"
        "solution = solver.prepare(problem).solve(np.arange(16), 0.0)\n"
        "print(*solution.certificate.primal)\n"
    )
    environment = {**os.environ, "PWDISMEC_ISA": isa, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    run = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    here = solve_all(BlockDualCD(tolerance=1e-5), dense).certificate.primal
    np.testing.assert_allclose([float(p) for p in run.stdout.split()], here, rtol=2e-5)


def test_fewer_labels_per_pass_give_the_same_bits_on_dense_rows():
    problem, _ = dense_problem(14, 200, 37, 50)
    expected, found = (
        solve_all(BlockDualCD(labels_per_pass=n), problem)
        for n in (native.LABELS_PER_PASS, native.LABELS_PER_PASS // 2)
    )
    assert found.weights.data.tobytes() == expected.weights.data.tobytes()
    assert found.certificate.dual.tobytes() == expected.certificate.dual.tobytes()
