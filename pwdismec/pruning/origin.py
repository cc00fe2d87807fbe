"""The problem that a model's weights solve, put together again from its manifest and its training set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pwdismec import native
from pwdismec.data.dataset import Dataset
from pwdismec.errors import ModelError
from pwdismec.model import Model, Shard
from pwdismec.solvers import BlockDualCD, PreparedProblem
from pwdismec.training.config import TrainingConfig
from pwdismec.weighting import Weighting, checksum_of

_SETTINGS: Final = ("weighting", "C", "bias", "solver", "tolerance", "max_epochs", "seed")


@dataclass(frozen=True, eq=False)
class Origin:
    """What a model was trained on and with.

    Attributes
    ----------
    solver
        The block solver: with the training's settings if it was that one, else with the default ones.
    prepared
        The problem of all labels, the costs being those of the training.
    """

    solver: BlockDualCD
    prepared: PreparedProblem

    @classmethod
    def of(cls, model: Model, dataset: Dataset) -> Origin:
        """The origin of `model`, which was trained on `dataset`.

        Raises
        ------
        DataError
            If it was trained on another one, or a file of weights cannot be read.
        ModelError
            If the model does not say what it was trained on and how, or a file of weights has changed.
        """
        model.check_trained_on(dataset)
        settings = _settings(model)
        weighting = Weighting(**settings["weighting"])
        config = TrainingConfig(**settings | {"weighting": weighting})
        problem = config.make_problem(dataset)
        if checksum_of(problem.positive_weights) != model.manifest.run.positive_weights_sha256:
            raise ModelError(
                f"{model.path}: was trained with other weights of positives than {weighting.scheme} gives now"
            )
        solver = BlockDualCD()
        if config.solver == "block-dcd":
            solver = BlockDualCD(config.tolerance, config.max_epochs, config.seed)
        return cls(solver, solver.prepare(problem))

    def objective(self, shard: Shard) -> NDArray[np.float64]:
        """float64, shape (n,): P of each label of `shard`, with the weights and bias that it has there."""
        return self.prepared.objective(shard.label_ids, shard.weights, shard.bias)

    def refit(self, shard: Shard) -> Shard:
        """The labels with the weights that minimise P among those that are 0 where `shard` has no weight."""
        solution = self.prepared.solve_within(shard.label_ids, shard.weights)
        return replace(
            shard,
            weights=solution.weights,
            bias=solution.bias,
            certificate=solution.certificate,
            gap_tolerance=self.solver.tolerance,
            instruction_set=native.instruction_set,
        )


def _settings(model: Model) -> dict[str, Any]:
    """What the problem depends on, of the settings in the manifest."""
    config = model.manifest.run.config
    for name in _SETTINGS:
        if config.get(name) is None:
            raise ModelError(f"{model.path}: does not say with what {name} it was trained")
        if isinstance(config[name], list):
            raise ModelError(f"{model.path}: was merged of models trained with different {name}")
    return {name: config[name] for name in _SETTINGS}
