"""What a solver takes and gives.

A solver trains labels one-vs-rest: for label j, over all instances i with
y_i = +1 for its positives and −1 for the rest,

    min_w  ½‖w‖² + Σ_i c_i max(0, 1 − y_i wᵀx_i)²,    c_i = C·weight_j for positives, else C,

which is LIBLINEAR's L2R_L2LOSS_SVC (Fan et al. 2008) and, with
``weight_j = W_j⁺·C_j⁺``, Eq. 22 of Qaraei et al., WWW 2021. Every x carries a
constant feature of value `bias` that is regularised like the rest.

``solver.prepare(problem)`` gives a `PreparedProblem`, whose methods train and
measure labels.

Where a wider problem would come in:

- Another loss is another `pwdismec.solvers.loss` and another struct in
  ``native/solver/loss.hpp``, named by `Problem`; nothing else has a formula of
  it. Newton's method (``newton.cpp``) is for losses that are quadratic inside
  the margin.
- Costs of instances, or of (instance, label) pairs, stand in `Problem` beside
  `positive_weights`, and reach the oracle through `objective.signs_and_costs`
  and the kernels as `Problem.positive_costs` does. In a working set every
  instance has its own cost already; the sums of losses in ``certificate.cpp``
  and ``block_dual_cd.cpp`` have one for the positives and one for all others.
- A starting point w₀, in min ½‖w − w₀‖² + …, stands in `Problem`, by label. A
  working set's weights begin there, w(α) = w₀ + Σ α_i y_i x_i; the norms in P
  and D are those of w − w₀, and D is less by Σ α_i y_i w₀ᵀx_i.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.dense import Features
from pwdismec.data.validation import check_csr, check_form, checked_ids
from pwdismec.errors import ArrayError


@dataclass(frozen=True, eq=False)
class Problem:
    """The training problem of all labels.

    Attributes
    ----------
    features
        Shape (n_instances, n_features).
    label_instances
        Shape (n_labels, n_instances), binary: each label's positives.
    positive_weights
        float64, shape (n_labels,): the weight of each label's positives; the negatives' is 1.
    C
        Cost of an instance of weight 1, > 0.
    bias
        Value of the constant feature; 0 for none.
    """

    features: Features
    label_instances: CSR
    positive_weights: NDArray[np.float64]
    C: float = 1.0
    bias: float = 1.0

    def __post_init__(self) -> None:
        """Raise ArrayError unless there are as many instances, and weights, as there have to be."""
        check_form(self.features, "features")
        check_form(self.label_instances, "label_instances", binary=True)
        n_instances, weights = self.features.n_rows, self.positive_weights
        if self.label_instances.n_columns != n_instances:
            found = f"of {self.label_instances.n_columns} instances; expected {n_instances}, as in features"
            raise ArrayError("label_instances", found)
        if weights.dtype != np.float64 or weights.shape != (self.label_instances.n_rows,):
            found = f"{weights.dtype} of shape {weights.shape}"
            raise ArrayError("positive_weights", f"{found}; expected a float64 for each label")

    def positives(self, label_ids: NDArray[np.integer]) -> CSR:
        """The instances that have each of some labels, checked; shape (len(label_ids), n_instances).

        Raises
        ------
        ArrayError
            If a label is out of range, or its instances are.
        """
        found = self.label_instances.take(checked_ids(label_ids, self.label_instances.n_rows, "label"))
        check_csr(found, "label_instances")
        return found

    def positive_costs(self, label_ids: NDArray[np.integer]) -> NDArray[np.float64]:
        """float64, shape (len(label_ids),): c_i of each label's positives."""
        return np.asarray(self.C * self.positive_weights[label_ids], np.float64)


@dataclass(frozen=True, eq=False)
class Certificate:
    """How near each label's weights, before pruning, are to the optimum; float64 throughout.

    Attributes
    ----------
    primal
        Shape (n,): the objective P of the weights; NaN where it was not computed.
    dual
        Shape (n,): a lower bound D on the optimum, from a feasible dual point.
    epochs
        int32, shape (n,): the solver's passes over the data.
    """

    primal: NDArray[np.float64]
    dual: NDArray[np.float64]
    epochs: NDArray[np.int32]

    @property
    def gap(self) -> NDArray[np.float64]:
        """Shape (n,): the relative duality gap (P − D) / P; the optimum lies within it."""
        with np.errstate(divide="ignore", invalid="ignore"):  # 0 / 0 is not certified
            return (self.primal - self.dual) / self.primal


@dataclass(frozen=True, eq=False)
class Solution:
    """Weights of some labels and their certificates, in the order of the label ids asked for.

    Attributes
    ----------
    weights
        Shape (n, n_features): |w| < prune cut.
    bias
        float32, shape (n,): the constant feature's weight times its value; added to each score, never pruned.
    certificate
        Of the weights before they were pruned.
    """

    weights: CSR
    bias: NDArray[np.float32]
    certificate: Certificate


class Memory(NamedTuple):
    """Bytes that a solver needs, about.

    Attributes
    ----------
    shared
        What all threads share: the features as they are kept in memory, the data set's own included.
    thread
        What each thread that solves takes besides.
    """

    shared: int
    thread: int


class PreparedProblem(Protocol):
    """A problem whose instances are in its solver's form, shared by all labels; threads may call it."""

    def solve(self, label_ids: NDArray[np.integer], prune: float) -> Solution:
        """Train `label_ids`, each with a positive at least; cut weights of absolute value below `prune`.

        At most `Solver.block_size` of them.
        """

    def solve_path(
        self, path: Sequence[Problem], label_ids: NDArray[np.integer], prune: float
    ) -> list[Solution]:
        """Train one block of labels on each problem of `path`, in order: a certified solution for each.

        They share features, labels and bias with this one, and differ in `C` and `positive_weights` alone.
        Neighbours should be near and costs rise, as each may be solved from the last one's solution; the
        result is a function of the whole path.
        """

    def solve_within(self, label_ids: NDArray[np.integer], allowed: CSR) -> Solution:
        """Train one block of labels whose weights may have some features only, besides the bias.

        Parameters
        ----------
        label_ids
            As `solve` takes them.
        allowed
            Shape (len(label_ids), n_features): what is stored for a label are its features; the values do
            not matter.

        Returns
        -------
        Solution
            That of the problem in which all other weights are 0, and so is what certifies it.
        """

    def certificate(self, label_ids: NDArray[np.integer]) -> Certificate:
        """How near `solve`'s weights are to the optimum, also where it does not certify them itself.

        At most `Solver.block_size` labels. Where `solve` leaves the certificate out, the labels are trained
        twice, the other time with it: for a sample of them.
        """

    def objective(
        self, label_ids: NDArray[np.integer], weights: CSR, bias: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """P of weights that are given, computed in float64.

        Parameters
        ----------
        label_ids
            As `solve` takes them.
        weights
            Shape (len(label_ids), n_features).
        bias
            Shape (len(label_ids),): as `Solution.bias`.

        Returns
        -------
        NDArray
            float64, shape (len(label_ids),).
        """

    def interrupt(self) -> None:
        """Make calls that run in other threads end early, with an error."""


class Solver(Protocol):
    """Trains the labels of a problem; immutable."""

    @property
    def block_size(self) -> int:
        """How many labels one call of `PreparedProblem.solve` takes at the most."""

    @property
    def labels_per_pass(self) -> int:
        """How many labels share a pass over the data."""

    def memory(self, features: Features, n_used: int, most_positives: int) -> Memory:
        """What preparing a problem and solving it are going to need, from sizes alone.

        `n_used` features have a value in some instance; `most_positives` are those of the label that has most
        of them.
        """

    def narrowed(self) -> Solver | None:
        """A like solver with fewer labels a pass: less memory a thread, the same bits; or None."""

    def prepare(self, problem: Problem) -> PreparedProblem:
        """Bring the instances into the solver's form, once a process."""


def concatenate(solutions: list[Solution]) -> Solution:
    """The solutions of several blocks as one, in order."""
    weights = CSR.concatenate([s.weights for s in solutions], solutions[0].weights.n_columns)
    certificate = Certificate(
        np.concatenate([s.certificate.primal for s in solutions]),
        np.concatenate([s.certificate.dual for s in solutions]),
        np.concatenate([s.certificate.epochs for s in solutions]),
    )
    return Solution(weights, np.concatenate([s.bias for s in solutions]), certificate)
