"""The default solver: native dual coordinate descent on each label's working set, every label certified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pwdismec import native
from pwdismec.data.csr import CSR
from pwdismec.data.dense import Dense
from pwdismec.solvers.contract import Certificate, Problem, Solution

# Labels of one call. They come and go through the lanes of a pass, and the last ones leave lanes empty:
# the more labels, the less of that.
_BLOCK_SIZE = 8 * int(native.LANES)


@dataclass(frozen=True)
class BlockDualCD:
    """Dual coordinate descent on working sets, which passes shared by many labels fill (docs/solver.md).

    The same problem, label and settings give the same bits for the same instruction set, whichever labels
    are solved beside it.

    Parameters
    ----------
    tolerance
        On each label's relative duality gap, certified in float64.
    max_epochs
        The most visits to instances a label may take, in passes over the data.
    seed
        Of the order of visits.
    """

    tolerance: float = 1e-3
    max_epochs: int = 1000
    seed: int = 0

    @property
    def block_size(self) -> int:
        """How many labels one call of `solve` takes at the most."""
        return _BLOCK_SIZE

    def prepare(self, problem: Problem) -> native.Instances:
        """The kernel's view of the instances.

        Of sparse ones a copy with the features renumbered: 8 bytes a stored value, and 8 more for those of
        rare features. Dense ones are read where they are.
        """
        features = problem.features
        if isinstance(features, Dense):
            return native.dense_instances(features.values, problem.bias)
        return native.sparse_instances(
            features.indptr, features.indices, features.values, features.n_columns, problem.bias
        )

    def solve(
        self, problem: Problem, label_ids: NDArray[np.integer], start: native.Instances, prune: float
    ) -> Solution:
        """Train one block of labels; see `Solver.solve`."""
        return self.solve_path([problem], label_ids, start, prune)[0]

    def solve_path(
        self,
        problems: Sequence[Problem],
        label_ids: NDArray[np.integer],
        start: native.Instances,
        prune: float,
    ) -> list[Solution]:
        """Train on one problem after the other, each from the last one's α; see `Solver.solve_path`."""
        positives = problems[0].label_instances.take(label_ids)
        solved = native.solve_block(
            start,
            positives.indptr,
            positives.indices,
            np.array([problem.positive_costs(label_ids) for problem in problems]),
            np.array([problem.C for problem in problems], np.float64),
            self.tolerance,
            self.max_epochs,
            self.seed,
            prune,
        )
        n_features = problems[0].features.n_columns
        return [
            Solution(CSR(indptr, indices, values, n_features), bias, Certificate(primal, dual, epochs))
            for indptr, indices, values, bias, primal, dual, epochs in solved
        ]
