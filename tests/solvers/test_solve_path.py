"""Several problems in a row: every solution is that of its own problem, within the tolerance."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.problems import problem_of, random_problem
from helpers.xmc_reference import read_xmc

from pwdismec.solvers import BlockDualCD, LibLinear, objective

COSTS = (0.1, 1.0, 10.0, 0.5)


@pytest.mark.parametrize("solver", [BlockDualCD(1e-4), LibLinear(1e-6)], ids=["block-dcd", "liblinear"])
def test_each_solution_is_certified_for_its_own_problem(solver):
    rng = np.random.default_rng(3)
    first = random_problem(rng, n_labels=16, C=COSTS[0])
    problems = [replace(first, C=C, positive_weights=rng.uniform(1, 20, 16)) for C in COSTS]
    labels = np.arange(16)[: max(solver.block_size, 3)].astype(np.int32)
    path = solver.prepare(first).solve_path(problems, labels, 0.0)
    assert len(path) == len(problems)
    X = objective.design_matrix(first)
    for problem, solution in zip(problems, path, strict=True):
        assert np.all(solution.certificate.gap < 1e-3)
        rows = solution.weights.to_scipy().toarray().astype(np.float64)
        alone = solver.prepare(problem).solve(labels[:1], 0.0)
        assert solution.certificate.primal[0] == pytest.approx(alone.certificate.primal[0], rel=1e-3)
        for label, row, bias, primal in zip(
            labels, rows, solution.bias, solution.certificate.primal, strict=True
        ):
            y, c = objective.signs_and_costs(problem, label)
            assert objective.primal(X, y, c, np.append(row, bias)) == pytest.approx(primal, rel=1e-5)


def test_a_setting_takes_less_work_from_its_neighbours_solution(real_data):
    X, Y = read_xmc(real_data / "bibtex" / "bibtex_train.txt.xz")
    first, solver = problem_of(X, Y[:, ::8], C=0.1), BlockDualCD()
    problems = [replace(first, C=C) for C in (0.1, 0.3, 1.0, 3.0)]
    labels, prepared = np.arange(first.label_instances.n_rows), solver.prepare(first)
    path = prepared.solve_path(problems, labels, 0.0)
    for problem, solution in zip(problems[1:], path[1:], strict=True):
        alone = prepared.solve_path([problem], labels, 0.0)[0].certificate
        assert solution.certificate.epochs.sum() < 0.8 * alone.epochs.sum()
        assert np.all(solution.certificate.gap <= 1e-3)
