"""The default solver: native dual coordinate descent on sixteen labels at once, each certified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pwdismec import native
from pwdismec.data.csr import CSR
from pwdismec.solvers.contract import Certificate, Problem, Solution

# The common start is solved more tightly than the labels: it is done once, and they all stand on it.
_START_TOLERANCE = 1e-3


_Negatives = tuple[NDArray[np.float32], float, NDArray[np.int32], NDArray[np.float32], float]


@dataclass(frozen=True, eq=False)
class Start:
    """The solver's view of the data, and where all labels start: by C, the solution for no positives."""

    instances: tuple[
        NDArray[np.int64],
        NDArray[np.int32],
        NDArray[np.float32],
        NDArray[np.float32],
        NDArray[np.int32],
        float,
    ]
    negatives: dict[float, _Negatives]


@dataclass(frozen=True)
class BlockDualCD:
    """Dual coordinate descent with the labels of a block as SIMD lanes (docs/solver.md).

    A label's result depends, below the tolerance, on who shares its block, and on nothing else: the same
    labels in the same block give the same bits for the same instruction set.

    Parameters
    ----------
    tolerance
        On each label's relative duality gap, certified in float64.
    max_epochs
        The most visits to instances a block may take, in passes over the data.
    seed
        Of the order of visits.
    """

    tolerance: float = 1e-3
    max_epochs: int = 1000
    seed: int = 0

    @property
    def block_size(self) -> int:
        """The lanes of a block."""
        return int(native.LANES)

    def prepare(self, problem: Problem) -> Start:
        """Renumber the features (a copy, 8 bytes a stored value) and solve for no positives at all."""
        features = problem.features
        indices, values, ranks, sq_norms = native.view_by_frequency(
            features.indptr, features.indices, features.values, features.n_columns, problem.bias
        )
        instances = (features.indptr - features.indptr[0], indices, values, sq_norms, ranks, problem.bias)
        start = Start(instances, {})
        self._negatives(start, problem.C)
        return start

    def _negatives(self, start: Start, C: float) -> _Negatives:
        """Where labels start at cost `C`, found once (two threads that ask at once find the same)."""
        if C not in start.negatives:
            tolerance = min(self.tolerance, _START_TOLERANCE)
            start.negatives[C] = native.solve_all_negative(
                *start.instances, float(C), tolerance, self.max_epochs, self.seed
            )
        return start.negatives[C]

    def solve(self, problem: Problem, label_ids: NDArray[np.integer], start: Start, prune: float) -> Solution:
        """Train one block of labels; see `Solver.solve`."""
        positives = problem.label_instances.take(label_ids)
        indptr, indices, values, bias, primal, dual, epochs = native.solve_block(
            *start.instances,
            *self._negatives(start, problem.C),
            positives.indptr,
            positives.indices,
            problem.positive_costs(label_ids),
            float(problem.C),
            self.tolerance,
            self.max_epochs,
            self.seed,
            prune,
        )
        certificate = Certificate(primal, dual, np.full(len(label_ids), epochs, np.int32))
        return Solution(CSR(indptr, indices, values, problem.features.n_columns), bias, certificate)

    def solve_path(
        self, problems: Sequence[Problem], label_ids: NDArray[np.integer], start: Start, prune: float
    ) -> list[Solution]:
        """Train on one problem after the other; see `Solver.solve_path`."""
        return [self.solve(problem, label_ids, start, prune) for problem in problems]
