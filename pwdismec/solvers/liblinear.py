"""The reference solver: LIBLINEAR's trust-region Newton method, as in DiSMEC, one label at a time."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import liblinear.liblinear as lib
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.dense import Features
from pwdismec.data.validation import check_csr, check_features
from pwdismec.solvers import objective
from pwdismec.solvers.contract import Certificate, Memory, Problem, Solution, concatenate


@dataclass(frozen=True)
class LibLinear:
    """LIBLINEAR ``-s 2`` (L2-regularised L2-loss SVC, primal; Fan et al. 2008).

    Parameters
    ----------
    tolerance
        LIBLINEAR's ``-e``: on the gradient's norm, relative to that at 0 and times the rarer class's share.
    """

    tolerance: float = 1e-3

    @property
    def block_size(self) -> int:
        """Labels are trained one by one."""
        return 1

    @property
    def labels_per_pass(self) -> int:
        """Labels are trained one by one."""
        return 1

    def memory(self, features: Features, n_used: int, most_positives: int) -> Memory:
        """See `Solver.memory`; measured.

        The copies of the features that `prepare` makes on the way to its two forms take twice what it keeps,
        80 bytes a stored value. A label takes some vectors of float64, for LIBLINEAR and for the certificate.
        """
        n, d = features.n_rows, features.n_columns
        return Memory(80 * (features.nnz + n), 80 * (n + d))

    def narrowed(self) -> None:
        """See `Solver.narrowed`."""

    def prepare(self, problem: Problem) -> PreparedLibLinear:
        """See `Solver.prepare`: LIBLINEAR's problem (16 bytes a stored value), and SciPy's matrix."""
        check_features(problem.features, "features")
        features = problem.features.to_scipy().astype(np.float64)
        instances = lib.problem(
            np.zeros(features.shape[0]), features, problem.bias if problem.bias > 0 else -1
        )
        return PreparedLibLinear(self, problem, instances, objective.design_matrix(problem))


@dataclass(frozen=True, eq=False)
class PreparedLibLinear:
    """What `LibLinear.prepare` gives; see `PreparedProblem`.

    Attributes
    ----------
    solver, problem
        Who prepared what.
    instances
        In LIBLINEAR's form.
    design
        In SciPy's, for the certificates.
    """

    solver: LibLinear
    problem: Problem
    instances: Any
    design: sp.csr_matrix

    def solve(self, label_ids: NDArray[np.integer], prune: float) -> Solution:
        """Train labels one after the other; see `PreparedProblem.solve`.

        The certificate's dual point is derived from the weights (`objective.dual_point`), as LIBLINEAR's
        primal solver has none; its epochs are given as 0, since LIBLINEAR does not tell them.
        """
        return self.solve_path([self.problem], label_ids, prune)[0]

    def solve_path(
        self, path: Sequence[Problem], label_ids: NDArray[np.integer], prune: float
    ) -> list[Solution]:
        """See `PreparedProblem.solve_path`; each problem is solved from nothing."""
        return [
            concatenate([self._solve_one(problem, int(label), prune) for label in label_ids])
            for problem in path
        ]

    def solve_within(self, label_ids: NDArray[np.integer], allowed: CSR) -> Solution:
        """See `PreparedProblem.solve_within`; each label is solved on a copy of its features' columns."""
        check_csr(allowed, "allowed")
        X, n_features = self.problem.features.to_scipy(), self.problem.features.n_columns
        solutions = []
        for row, label in enumerate(label_ids):
            columns = allowed.rows(row, row + 1).stored().indices
            part = replace(self.problem, features=CSR.from_scipy(X[:, columns]))
            solution = self.solver.prepare(part).solve(np.array([label]), 0.0)
            own = solution.weights
            weights = CSR(own.indptr, columns[own.indices], own.values, n_features)
            solutions.append(replace(solution, weights=weights))
        return concatenate(solutions)

    def certificate(self, label_ids: NDArray[np.integer]) -> Certificate:
        """See `PreparedProblem.certificate`."""
        return self.solve(label_ids, np.inf).certificate

    def objective(
        self, label_ids: NDArray[np.integer], weights: CSR, bias: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """See `PreparedProblem.objective`; by the oracle."""
        W = weights.to_scipy().astype(np.float64)
        if self.problem.bias > 0:
            W = sp.hstack([W, bias[:, None].astype(np.float64) / self.problem.bias], "csr")
        found = np.zeros(len(label_ids))
        for row, label in enumerate(label_ids):
            y, c = objective.signs_and_costs(self.problem, int(label))
            found[row] = objective.primal(self.design, y, c, W[[row]].toarray().ravel())
        return found

    def interrupt(self) -> None:
        """Nothing to do: a call trains one label."""

    def _solve_one(self, problem: Problem, label: int, prune: float) -> Solution:
        y, c = objective.signs_and_costs(problem, label)
        w = self._train(y, problem.C, float(problem.positive_weights[label]))
        X = self.design
        alpha = objective.dual_point(X, y, c, w)
        certificate = Certificate(
            np.array([objective.primal(X, y, c, w)]),
            np.array([objective.dual(X, y, c, alpha)]),
            np.zeros(1, np.int32),
        )
        n_features = problem.features.n_columns
        weights = w[:n_features].astype(np.float32)
        kept = np.flatnonzero((np.abs(weights) >= prune) & (weights != 0)).astype(np.int32)
        bias = np.array([w[n_features] * problem.bias if problem.bias > 0 else 0.0], np.float32)
        pruned = CSR(np.array([0, len(kept)], np.int64), kept, weights[kept], n_features)
        return Solution(pruned, bias, certificate)

    def _train(self, y: NDArray[np.float64], C: float, weight: float) -> NDArray[np.float64]:
        """The weights of one label, with the constant feature's last; float64, shape (n_columns,)."""
        own, shared = lib.problem.__new__(lib.problem), self.instances
        # The rows are shared with every thread, y is this call's own.
        own.l, own.n, own.x, own.bias = shared.l, shared.n, shared.x, shared.bias
        own.y = y.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
        option = f"-s 2 -q -e {self.solver.tolerance!r} -c {C!r} -w1 {weight!r}"
        parameter = lib.parameter(option)
        pointer = lib.liblinear.train(ctypes.byref(own), ctypes.byref(parameter))
        try:
            model = pointer.contents
            w = np.ctypeslib.as_array(model.w, (shared.n,)).copy()
            return w if model.label[0] == 1 else -w
        finally:
            lib.liblinear.free_and_destroy_model(ctypes.byref(pointer))
