"""The settings of a training run: what, with the data set, determines the model."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from pwdismec.bounds import (
    MAX_COUNT,
    MAX_SEED,
    check_settings,
    choice_setting,
    real_setting,
    refused,
    whole_setting,
)
from pwdismec.data.dataset import Dataset
from pwdismec.solvers import BlockDualCD, LibLinear, Problem, Solver
from pwdismec.weighting import Weighting, positive_weights

SOLVERS = ("block-dcd", "liblinear")

DISMEC_PRUNE = 0.01
"""Where DiSMEC cuts weights (Babbar and Schölkopf, WSDM 2017): ``dismec`` in settings and options."""


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
        ``block-dcd``: the most visits to instances that a label may take, in passes over the data.
    passes
        ``block-dcd``: passes over the data for each label after its first working set, without certificates;
        None: until certified.
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
    # Kernels hold bias² and 1/(2C) in float32, with room for sums.
    C: float = real_setting(
        1.0,
        "Cost of an error of weight 1.",
        lambda value: 1e-30 <= value <= 1e30,
        "a number from 1e-30 to 1e30",
    )
    bias: float = real_setting(
        1.0,
        "Value of the bias feature; 0 for none.",
        lambda value: 0 <= value <= 1e15,
        "a number from 0 to 1e15",
    )
    solver: str = choice_setting("block-dcd", "Algorithm of the optimisation.", SOLVERS)
    tolerance: float = real_setting(
        1e-3,
        "Largest relative duality gap per label; for liblinear, its -e.",
        lambda value: 0 < value < 1,
        "a number above 0 and below 1",
    )
    max_epochs: int = whole_setting(1000, "Most passes over the data per label.", 1, MAX_COUNT)
    passes: int | None = whole_setting(
        None,
        "Passes over the data per label after its first working set, without certificates.  "
        "[default: until certified]",
        0,
        MAX_COUNT,
    )
    prune: float = real_setting(
        0.03,
        f"Drop weights below this in absolute value; dismec: {DISMEC_PRUNE:g}.",
        lambda value: 0 <= value <= 1e30,
        "a number from 0 to 1e30",
        {"dismec": DISMEC_PRUNE},
    )
    shard_size: int = whole_setting(
        1000, "Labels per shard, the unit that is saved and resumed.", 1, MAX_COUNT
    )
    seed: int = whole_setting(
        0, "Random seed for the order of instances and, in tune, the held-out part.", 0, MAX_SEED
    )

    def __post_init__(self) -> None:
        if not isinstance(self.weighting, Weighting):
            raise refused("weighting", self.weighting, "a Weighting")
        check_settings(self)
        if self.passes is not None and self.solver == "liblinear":
            raise refused("passes", self.passes, "none of liblinear, which counts no passes")

    @property
    def gap_tolerance(self) -> float | None:
        """What the solver promises of each label's relative gap; LIBLINEAR stops by its gradient."""
        return self.tolerance if self.solver == "block-dcd" and self.passes is None else None

    def make_solver(self) -> Solver:
        """The solver these settings name."""
        if self.solver == "liblinear":
            return LibLinear(self.tolerance)
        return BlockDualCD(self.tolerance, self.max_epochs, self.seed, passes=self.passes)

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
        """Plain values, for a manifest; `passes`, which older versions do not know, only where it is set."""
        return {name: value for name, value in asdict(self).items() if name != "passes" or value is not None}
