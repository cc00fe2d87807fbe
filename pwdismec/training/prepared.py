"""A data set's training problem and the instances as the solver wants them, made once for all its labels."""

from __future__ import annotations

from pwdismec.data.dataset import Dataset
from pwdismec.solvers import Problem, Solution, Solver
from pwdismec.training.blocks import Block
from pwdismec.training.config import TrainingConfig
from pwdismec.weighting import positive_weights


class Prepared:
    """What solves blocks of labels of one data set; threads may call it at will.

    Parameters
    ----------
    dataset, config
        What is trained, as `train` takes them.
    solver
        The settings' solver, or a narrower one with the same results.
    """

    def __init__(self, dataset: Dataset, config: TrainingConfig, solver: Solver) -> None:
        weights = positive_weights(config.weighting, dataset.label_counts, dataset.n_instances)
        self._problem = Problem(dataset.features, dataset.label_instances, weights, config.C, config.bias)
        self._solver, self._prune = solver, config.prune
        self._start = solver.prepare(self._problem)

    def solve(self, block: Block) -> Solution:
        """Train a block of labels."""
        return self._solver.solve(self._problem, block, self._start, self._prune)

    def interrupt(self) -> None:
        """Make calls of `solve` that run in other threads end early, with an error."""
        self._solver.interrupt(self._start)
