"""Training without files: for data that is in memory, and models that stay there."""

from __future__ import annotations

from contextlib import closing
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pwdismec.bounds import thread_count
from pwdismec.data.dataset import Dataset
from pwdismec.errors import DataError
from pwdismec.parallel import in_threads
from pwdismec.solvers import Solution, concatenate
from pwdismec.training.config import TrainingConfig
from pwdismec.training.gap_sample import GapSample
from pwdismec.training.memory_plan import plan_memory, warn_if_too_large
from pwdismec.training.shard_work import size_of_blocks


def train_in_memory(
    dataset: Dataset, config: TrainingConfig | None = None, *, jobs: int = -1
) -> tuple[NDArray[np.int32], Solution]:
    """Train every label of `dataset` that has a positive, as `train` does, to the same bits.

    Parameters
    ----------
    dataset, config, jobs
        As `train` takes them; what `config` says of shards does not matter.

    Returns
    -------
    label_ids
        int32, shape (n,): the trained labels, ascending.
    solution
        Theirs, in that order.

    Raises
    ------
    ConfigError
        If `jobs` is 0.
    DataError
        If the data set has no positives, or a file of weights does not fit.
    """
    config = config or TrainingConfig()
    check_trainable(dataset, jobs)
    plan = plan_memory(dataset, config, jobs=jobs)
    warn_if_too_large(plan, None)
    prepared = plan.solver.prepare(config.make_problem(dataset))
    solve = partial(prepared.solve, prune=config.prune)
    trained = np.flatnonzero(dataset.label_counts).astype(np.int32)
    size = size_of_blocks(len(trained), plan.solver.block_size, plan.threads)
    blocks = (trained[start : start + size] for start in range(0, len(trained), size))
    with closing(in_threads(solve, blocks, plan.threads, interrupt=prepared.interrupt)) as solved:
        solution = concatenate(list(solved))
    return trained, GapSample(prepared, config, dataset.label_counts).measured(trained, solution)


def check_trainable(dataset: Dataset, jobs: int) -> None:
    """Raise ConfigError where there are no threads, DataError where there is nothing to train on."""
    thread_count(jobs)
    if not isinstance(dataset, Dataset):
        raise DataError("data set", f"of type {type(dataset).__name__}; expected what Dataset.open gives")
    if dataset.n_instances == 0 or not dataset.label_counts.any():
        raise DataError(dataset.path or "data set", "has no positive of any label; there is nothing to train")
