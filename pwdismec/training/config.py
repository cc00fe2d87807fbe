"""The settings of a training run: what, with the data set, determines the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from pwdismec.bounds import MAX_COUNT, MAX_SEED, real_number, refused, whole_number
from pwdismec.data.dataset import Dataset
from pwdismec.solvers import BlockDualCD, LibLinear, Problem, Solver
from pwdismec.weighting import Weighting, positive_weights

SOLVERS = ("block-dcd", "liblinear")

DISMEC_PRUNE = 0.01
"""Where DiSMEC cuts weights (Babbar and Schölkopf, WSDM 2017): ``dismec`` in settings and options."""

# Kernels hold bias² and 1/(2C) in float32, with room for sums.
_NUMBERS: Final[tuple[tuple[str, Callable[[float], bool], str], ...]] = (
    ("C", lambda value: 1e-30 <= value <= 1e30, "a number from 1e-30 to 1e30"),
    ("bias", lambda value: 0 <= value <= 1e15, "a number from 0 to 1e15"),
    ("tolerance", lambda value: 0 < value < 1, "a number above 0 and below 1"),
    ("prune", lambda value: 0 <= value <= 1e30, "a number from 0 to 1e30"),
)
_COUNTS: Final = (
    ("max_epochs", 1, MAX_COUNT),
    ("shard_size", 1, MAX_COUNT),
    ("seed", 0, MAX_SEED),
)


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of a run; equal settings on the same data set give the same model.

    Attributes
    ----------
    weighting
        How much a label's positives outweigh its negatives.
    C
        Cost of an instance of weight 1 against ½‖w‖² (LIBLINEAR's ``-c``), from 1e-30 to 1e30.
    bias
        Value of the constant feature (LIBLINEAR's ``-B``), at most 1e15; 0 for none.
    solver
        ``block-dcd`` (default) or ``liblinear`` (the reference, far slower).
    tolerance
        ``block-dcd``: on each label's relative duality gap; ``liblinear``: its ``-e``.
    max_epochs
        ``block-dcd``: the most passes over the data a block may take.
    prune
        Weights below it in absolute value are cut (DiSMEC's Δ, which was 0.01 there: `DISMEC_PRUNE`).
    shard_size
        Labels a shard.
    seed
        Of the order in which instances are visited.

    Raises
    ------
    ConfigError
        If a value is of another kind or out of range; the message names it and what was expected.
    """

    weighting: Weighting = field(default_factory=lambda: Weighting("pw"))
    C: float = 1.0
    bias: float = 1.0
    solver: str = "block-dcd"
    tolerance: float = 1e-3
    max_epochs: int = 1000
    prune: float = 0.03
    shard_size: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.weighting, Weighting):
            raise refused("weighting", self.weighting, "a Weighting")
        if not isinstance(self.solver, str) or self.solver not in SOLVERS:
            raise refused("solver", self.solver, " or ".join(SOLVERS))
        for name, holds, expected in _NUMBERS:  # 1 and 1.0 are the same setting
            object.__setattr__(self, name, real_number(name, getattr(self, name), holds, expected))
        for name, least, most in _COUNTS:
            object.__setattr__(self, name, whole_number(name, getattr(self, name), least, most))

    @property
    def gap_tolerance(self) -> float | None:
        """What the solver promises of each label's relative gap; LIBLINEAR stops by its gradient."""
        return None if self.solver == "liblinear" else self.tolerance

    def make_solver(self) -> Solver:
        """The solver these settings name."""
        if self.solver == "liblinear":
            return LibLinear(self.tolerance)
        return BlockDualCD(self.tolerance, self.max_epochs, self.seed)

    def make_problem(self, dataset: Dataset) -> Problem:
        """What the solver is to solve on a data set.

        Raises
        ------
        DataError
            If a file of weights cannot be read, or does not fit the data set.
        """
        weights = positive_weights(self.weighting, dataset.label_counts, dataset.n_instances)
        return Problem(dataset.features, dataset.label_instances, weights, self.C, self.bias)

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a manifest."""
        return asdict(self)
