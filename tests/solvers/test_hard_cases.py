"""What is hard to solve is solved all the same: certified at the default settings, and LIBLINEAR agrees."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.problems import problem_of, random_problem
from helpers.solving import check, solve_all
from helpers.xmc_reference import read_xmc

from pwdismec import Dense
from pwdismec.solvers import BlockDualCD, LibLinear

N, D = 400, 60


def in_form(problem, form):
    """The problem with its features dense, or as they are."""
    if form == "sparse":
        return problem
    return replace(problem, features=Dense(problem.features.to_scipy().toarray()))


def hard_problems():
    rng = np.random.default_rng(8)
    X = sp.random(N, D, 0.1, "csr", np.float32, random_state=rng)
    one, half, every, but_one = np.zeros((N, 1)), np.zeros((N, 1)), np.ones((N, 1)), np.ones((N, 1))
    one[7], half[::2], but_one[7] = 1, 1, 0
    counts, many = X.copy(), X.copy()
    counts.data = np.ceil(counts.data * 100).astype(np.float32)
    many.data = np.ceil(np.exp(rng.normal(0, 3, X.nnz))).astype(np.float32)
    gaps = sp.diags((np.arange(N) % 3 > 0).astype(np.float32)) @ X
    twice = sp.vstack([X[: N // 2]] * 2).tocsr()  # each row once with the label and once without
    thrice = sp.vstack([X[:40]] * 10).tocsr()
    contradicting = (np.arange(N) < N // 2).astype(float)[:, None]
    constant = np.ones((N, 1), np.float32)
    for name, features, labels, settings in [
        ("one positive", X, one, {}),
        ("all positive", X, every, {}),
        ("all positive but one", X, but_one, {}),
        ("half positive", X, half, {}),
        ("one instance", X[:1], every[:1], {}),
        ("weight 10⁴, one positive", X, one, {"weights": [1e4]}),
        ("weight 10⁴, half positive", X, half, {"weights": [1e4]}),
        ("weight 10⁴, counts", counts, half, {"weights": [1e4]}),
        *((f"C 10^{e}", X, half, {"C": 10.0**e}) for e in range(-3, 4)),
        *((f"C 10^{e}, one positive", X, one, {"C": 10.0**e}) for e in (-3, 3)),
        ("C so small that nothing is learned", X, half, {"C": 1e-12}),
        ("counts", counts, half, {}),
        ("counts, C 10³", counts, half, {"C": 1e3}),
        ("counts over ten decades", many, half, {}),
        ("duplicate rows", thrice, half, {}),
        ("duplicate rows, contradictory labels", twice, contradicting, {}),
        ("duplicate rows, contradictory labels, C 10³", twice, contradicting, {"C": 1e3}),
        ("a feature in every row", sp.hstack([X, constant]).tocsr(), half, {}),
        ("a large feature in every row", sp.hstack([X, 1000 * constant]).tocsr(), half, {}),
        ("a large constant feature", X, half, {"bias": 128.0}),
        ("empty rows", gaps.tocsr(), half, {}),
        ("nothing but empty rows", 0 * X, half, {}),
        ("nothing but empty rows, no bias", 0 * X, half, {"bias": 0.0}),
        ("no features", X[:, :0], half, {}),
        ("no features, no bias", X[:, :0], half, {"bias": 0.0}),
        ("one feature", X[:, :1], half, {}),
    ]:
        yield pytest.param(problem_of(features, sp.csr_matrix(labels), **settings), id=name)


def check_against_liblinear(problem, solution):
    """Each lower bound is below each upper bound, whoever's they are."""
    check(problem, solution, 1e-3)
    ours, theirs = solution.certificate, solve_all(LibLinear(1e-8), problem).certificate
    assert np.all(ours.dual <= theirs.primal * (1 + 1e-9))
    assert np.all(theirs.dual <= ours.primal * (1 + 1e-9))
    assert np.all(ours.primal <= theirs.primal * (1 + 1e-9) / (1 - ours.gap))


@pytest.mark.parametrize("form", ["sparse", "dense"])
@pytest.mark.parametrize("problem", list(hard_problems()))
def test_hard_cases(problem, form):
    problem = in_form(problem, form)
    solution = solve_all(BlockDualCD(), problem)
    check_against_liblinear(problem, solution)


@pytest.mark.parametrize("form", ["sparse", "dense"])
@pytest.mark.parametrize("C", [10.0, 1e3, 1e6])
def test_labels_that_few_features_hardly_tell_apart(C, form):
    problem = in_form(random_problem(np.random.default_rng(3), 300, 80, 32, C=C), form)
    check_against_liblinear(problem, solve_all(BlockDualCD(), problem))


@pytest.mark.parametrize("C", [1e2, 1e3])
def test_bibtex_where_errors_cost_a_thousand(real_data, C):
    X, Y = read_xmc(real_data / "bibtex" / "bibtex_train.txt.xz")
    problem = problem_of(X, Y[:, ::8], C=C)
    check(problem, solve_all(BlockDualCD(), problem), 1e-3)


@pytest.mark.parametrize("n", [1, 2, 3, 15, 16, 17, 31, 33])
@pytest.mark.parametrize("form", ["sparse", "dense"])
def test_fewer_instances_than_a_pass_takes_at_a_time(n, form):
    rng = np.random.default_rng(n)
    Y = rng.random((n, 40)) < 0.5
    Y[0] = True
    X = sp.random(n, 9, 0.4, "csr", np.float32, random_state=rng)
    problem = in_form(problem_of(X, Y, rng.uniform(1, 20, 40)), form)
    solution = solve_all(BlockDualCD(), problem)
    assert len(solution.bias) == 40
    check_against_liblinear(problem, solution)


def many_positives(n_values, form, n=120_000, d=2000):
    """A label of 10⁵ positives, to be told by frequent features from rare ones, and noise."""
    rng = np.random.default_rng(n_values)
    if form == "dense":
        features = sp.csr_matrix(rng.normal(size=(n, n_values)).astype(np.float32) / np.sqrt(n_values))
    else:
        columns = (d ** rng.random(n * n_values) - 1).astype(np.int32)
        at = np.arange(0, n * n_values + 1, n_values)
        features = sp.csr_matrix((rng.random(n * n_values, np.float32) / n_values, columns, at), (n, d))
        features.sum_duplicates()
    scores = features @ rng.normal(size=features.shape[1])
    scores += 0.3 * scores.std() * rng.normal(size=n)
    return in_form(problem_of(features, sp.csr_matrix(scores[:, None] > np.quantile(scores, 1 / 6))), form)


def hundred_thousand():
    # 40 values a row make the working set one that is not copied, 10 one that is.
    for name, n_values, form in [
        ("few values", 10, "sparse"),
        ("many", 40, "sparse"),
        ("dense", 16, "dense"),
    ]:
        for settings in {}, {"C": 1e-3}, {"C": 100.0}, {"positive_weights": np.array([20.0])}:
            slow = settings.get("C") == 100 or (n_values == 40 and settings.get("C") != 1e-3)
            marks = [pytest.mark.slow] if slow else []
            yield pytest.param(n_values, form, settings, marks=marks, id=f"{name}, {settings}")


@pytest.mark.parametrize(("n_values", "form", "settings"), list(hundred_thousand()))
def test_a_hundred_thousand_positives(n_values, form, settings):
    problem = replace(many_positives(n_values, form), **settings)
    solution = solve_all(BlockDualCD(), problem)
    assert problem.label_instances.row_lengths[0] == 100_000
    check_against_liblinear(problem, solution)


@pytest.mark.slow
@pytest.mark.parametrize(("n_values", "form"), [(10, "sparse"), (40, "sparse"), (16, "dense")])
def test_a_hundred_thousand_positives_that_weigh_ten_thousand(n_values, form):
    problem = replace(many_positives(n_values, form), positive_weights=np.array([1e4]))
    check(problem, solve_all(BlockDualCD(), problem), 1e-3)  # LIBLINEAR takes minutes
