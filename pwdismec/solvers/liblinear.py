"""The reference solver: LIBLINEAR's trust-region Newton method, as in DiSMEC, one label at a time."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import liblinear.liblinear as lib
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.dense import Features
from pwdismec.data.validation import check_features
from pwdismec.solvers import objective
from pwdismec.solvers.contract import Certificate, Memory, Problem, Solution, concatenate


@dataclass(frozen=True, eq=False)
class Start:
    """The instances in LIBLINEAR's form, shared by all labels, and in SciPy's, for the certificates."""

    problem: Any
    design: sp.csr_matrix


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

    def prepare(self, problem: Problem) -> Start:
        """Build LIBLINEAR's problem (16 bytes a stored value) once."""
        check_features(problem.features, "features")
        features = problem.features.to_scipy().astype(np.float64)
        bias = problem.bias if problem.bias > 0 else -1
        return Start(
            lib.problem(np.zeros(features.shape[0]), features, bias), objective.design_matrix(problem)
        )

    def solve(self, problem: Problem, label_ids: NDArray[np.integer], start: Start, prune: float) -> Solution:
        """Train labels one after the other; see `Solver.solve`.

        The certificate's dual point is derived from the weights (`objective.dual_point`), as LIBLINEAR's
        primal solver has none; its epochs are given as 0, since LIBLINEAR does not tell them.
        """
        return concatenate([self._solve_one(problem, int(label), start, prune) for label in label_ids])

    def interrupt(self, start: Start) -> None:
        """Nothing to do: a call trains one label."""

    def solve_path(
        self, problems: Sequence[Problem], label_ids: NDArray[np.integer], start: Start, prune: float
    ) -> list[Solution]:
        """Train on one problem after the other, each from nothing; see `Solver.solve_path`."""
        return [self.solve(problem, label_ids, start, prune) for problem in problems]

    def _solve_one(self, problem: Problem, label: int, start: Start, prune: float) -> Solution:
        y, c = objective.signs_and_costs(problem, label)
        w = self._train(start.problem, y, problem, float(problem.positive_weights[label]))
        X = start.design
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

    def _train(
        self, shared: Any, y: NDArray[np.float64], problem: Problem, weight: float
    ) -> NDArray[np.float64]:
        """The weights of one label, with the constant feature's last; float64, shape (n_columns,)."""
        own = lib.problem.__new__(lib.problem)
        # The rows are shared with every thread, y is this call's own.
        own.l, own.n, own.x, own.bias = shared.l, shared.n, shared.x, shared.bias
        own.y = y.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
        option = f"-s 2 -q -e {self.tolerance!r} -c {problem.C!r} -w1 {weight!r}"
        parameter = lib.parameter(option)
        pointer = lib.liblinear.train(ctypes.byref(own), ctypes.byref(parameter))
        try:
            model = pointer.contents
            w = np.ctypeslib.as_array(model.w, (shared.n,)).copy()
            return w if model.label[0] == 1 else -w
        finally:
            lib.liblinear.free_and_destroy_model(ctypes.byref(pointer))
