"""The settings of a training run: what, with the data set, determines the model."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from pwdismec.errors import ConfigError
from pwdismec.solvers import BlockDualCD, LibLinear, Solver
from pwdismec.weighting import Weighting

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
        Cost of an instance of weight 1 against ½‖w‖² (LIBLINEAR's ``-c``), > 0.
    bias
        Value of the constant feature (LIBLINEAR's ``-B``); 0 for none.
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
        If a value is out of range.
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
        _expect(self.solver in SOLVERS, "solver", self.solver, " or ".join(SOLVERS))
        for name in ("C", "tolerance", "bias", "prune"):  # 1 and 1.0 are the same setting
            object.__setattr__(self, name, float(getattr(self, name)))
        for name in ("C", "tolerance"):
            value = getattr(self, name)
            _expect(math.isfinite(value) and value > 0, name, value, "a finite number above 0")
        _expect(self.tolerance < 1, "tolerance", self.tolerance, "less than 1")
        for name in ("bias", "prune"):
            value = getattr(self, name)
            _expect(math.isfinite(value) and value >= 0, name, value, "a finite number, 0 or above")
        for name in ("max_epochs", "shard_size"):
            _expect(getattr(self, name) >= 1, name, getattr(self, name), "1 or more")
        _expect(0 <= self.seed < 2**63, "seed", self.seed, "0 to 2⁶³ − 1")

    @property
    def gap_tolerance(self) -> float | None:
        """What the solver promises of each label's relative gap; LIBLINEAR stops by its gradient."""
        return None if self.solver == "liblinear" else self.tolerance

    def make_solver(self) -> Solver:
        """The solver these settings name."""
        if self.solver == "liblinear":
            return LibLinear(self.tolerance)
        return BlockDualCD(self.tolerance, self.max_epochs, self.seed)

    def to_json(self) -> dict[str, Any]:
        """Plain values, for a manifest."""
        return asdict(self)


def _expect(holds: bool, name: str, value: object, expected: str) -> None:
    if not holds:
        raise ConfigError(f"{name}: {value!r}; expected {expected}")
