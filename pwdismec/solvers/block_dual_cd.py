"""The default solver: native dual coordinate descent on each label's working set, every label certified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pwdismec import native
from pwdismec.data.csr import CSR, row_chunks
from pwdismec.data.dense import Dense, Features
from pwdismec.data.validation import check_csr, check_features
from pwdismec.solvers.contract import Certificate, Memory, Problem, Solution

# Labels of one call. They come and go, and the last ones leave places of their passes empty: the more labels,
# the less of that.
_BLOCK_SIZE = 8 * native.LABELS_PER_PASS

_CHUNK = 1 << 20  # stored values that are copied at a time


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
    labels_per_pass
        32, or 16, which take less memory and more passes to the same result.
    passes
        Passes over the data for each label after its first working set; after each the set is solved again.
        Then the label is done, without a certificate: its primal objective is NaN. A label whose first set
        cannot be found by features with columns has one pass more. None: as many as the tolerance takes.
    """

    tolerance: float = 1e-3
    max_epochs: int = 1000
    seed: int = 0
    labels_per_pass: int = native.LABELS_PER_PASS
    passes: int | None = None

    @property
    def block_size(self) -> int:
        """See `Solver.block_size`."""
        return _BLOCK_SIZE

    def memory(self, features: Features, n_used: int, most_positives: int) -> Memory:
        """See `Solver.memory`.

        Shared are the solver's copy of sparse features, 8 bytes an instance and 16 a used feature of norms,
        sizes and numbers, two bits a feature that tell which are used, and the columns of rare features for
        which a thread's weights of frequent features leave no room. A thread has the margins of
        `labels_per_pass` labels, the weights of frequent features or their columns, 20 bytes a used feature
        of vectors as long as a label's weights, and a working set: 60 bytes an instance, and a copy of its
        values. How large a set gets is not known before; a sixteenth of the instances and two for each
        positive are assumed.
        """
        n, stored = features.n_rows, features.nnz
        in_set = min(n, n // 16 + 2 * most_positives)
        thread = 4 * (self.labels_per_pass * n + native.LABELS_PER_PASS * n_used) + 20 * n_used + 60 * in_set
        if isinstance(features, Dense):
            return Memory(features.nbytes + 8 * n, thread)
        thread += 8 * min(native.MOST_COPIED, stored * in_set // max(1, n))
        # Features that are mapped make room for their copy.
        copies = (1 if features.is_mapped else 2) * features.nbytes
        numbers = 16 * n_used + features.n_columns // 4
        return Memory(copies + 8 * n + numbers + 8 * min(native.MOST_IN_COLUMNS, stored), thread)

    def narrowed(self) -> BlockDualCD | None:
        """See `Solver.narrowed`: half as many labels a pass, once."""
        half = native.LABELS_PER_PASS // 2
        return replace(self, labels_per_pass=half) if self.labels_per_pass > half else None

    def prepare(self, problem: Problem) -> PreparedBlocks:
        """See `Solver.prepare`.

        Of sparse instances a copy with the features renumbered: 8 bytes a stored value, and 8 more for those
        of features with columns. What is mapped gives its memory back as it is copied. Dense ones are read
        where they are.
        """
        features = problem.features
        check_features(features, "features")
        if isinstance(features, Dense):
            return PreparedBlocks(self, problem, native.dense_instances(features.values, problem.bias))
        # The counts are of all features, used or not: they go before the copy comes.
        copy = native.SparseCopy(features.column_counts(), features.n_rows, problem.bias)
        features.release()
        for start, stop in row_chunks(features.indptr, _CHUNK):
            part = features.rows(start, stop)
            copy.append(part.indptr, part.indices, part.values)
            part.release()
        features.release()
        return PreparedBlocks(self, problem, copy.finish())


@dataclass(frozen=True, eq=False)
class PreparedBlocks:
    """What `BlockDualCD.prepare` gives; see `PreparedProblem`.

    Attributes
    ----------
    solver, problem
        Who prepared what.
    instances
        As the kernels see them.
    """

    solver: BlockDualCD
    problem: Problem
    instances: native.Instances

    def solve(self, label_ids: NDArray[np.integer], prune: float) -> Solution:
        """See `PreparedProblem.solve`."""
        return self._solve([self.problem], label_ids, prune, None)[0]

    def solve_path(
        self, path: Sequence[Problem], label_ids: NDArray[np.integer], prune: float
    ) -> list[Solution]:
        """See `PreparedProblem.solve_path`; each problem is solved from the last one's α."""
        return self._solve(path, label_ids, prune, None)

    def solve_within(self, label_ids: NDArray[np.integer], allowed: CSR) -> Solution:
        """See `PreparedProblem.solve_within`."""
        check_csr(allowed, "allowed")
        return self._solve([self.problem], label_ids, 0.0, allowed.stored())[0]

    def certificate(self, label_ids: NDArray[np.integer]) -> Certificate:
        """See `PreparedProblem.certificate`."""
        if self.solver.passes is None:
            return self.solve(label_ids, np.inf).certificate
        short = self.solve(label_ids, 0.0)
        primal = self.objective(label_ids, short.weights, short.bias)
        whole = replace(self, solver=replace(self.solver, passes=None)).solve(label_ids, np.inf)
        return Certificate(primal, whole.certificate.dual, short.certificate.epochs)

    def objective(
        self, label_ids: NDArray[np.integer], weights: CSR, bias: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """See `PreparedProblem.objective`; in passes that labels share."""
        positives, own = self.problem.positives(label_ids), weights.stored()
        check_features(own, "weights")
        return native.objectives(
            self.instances,
            positives.indptr,
            positives.indices,
            self.problem.positive_costs(label_ids),
            self.problem.C,
            own.indptr,
            own.indices,
            own.values,
            bias,
            self.solver.labels_per_pass,
        )

    def interrupt(self) -> None:
        """See `PreparedProblem.interrupt`; calls end with their pass over the data."""
        self.instances.interrupt()

    def _solve(
        self, path: Sequence[Problem], label_ids: NDArray[np.integer], prune: float, allowed: CSR | None
    ) -> list[Solution]:
        positives, solver = path[0].positives(label_ids), self.solver
        path[0].label_instances.release()  # most of it is other blocks'
        solved = native.solve_block(
            self.instances,
            positives.indptr,
            positives.indices,
            np.array([problem.positive_costs(label_ids) for problem in path]),
            np.array([problem.C for problem in path], np.float64),
            solver.tolerance,
            solver.max_epochs,
            solver.seed,
            prune,
            solver.labels_per_pass,
            None if allowed is None else allowed.indptr,
            None if allowed is None else allowed.indices,
            -1 if solver.passes is None else solver.passes,
        )
        n_features = self.problem.features.n_columns
        return [
            Solution(CSR(indptr, indices, values, n_features), bias, Certificate(primal, dual, epochs))
            for indptr, indices, values, bias, primal, dual, epochs in solved
        ]
