"""How much memory a training takes, and how it is kept within a limit."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from pwdismec.bounds import MAX_BYTES, thread_count, whole_number
from pwdismec.data.dataset import Dataset
from pwdismec.errors import ConfigError
from pwdismec.machine import memory as memory_here
from pwdismec.model.plan import plan_shards
from pwdismec.sizes import size_text
from pwdismec.solvers import Solver
from pwdismec.training.blocks import LEAST_LABELS
from pwdismec.training.config import TrainingConfig

# The interpreter and its libraries (70 MB), the command line's, and what the C library keeps of freed memory.
_PROGRAM = 120_000_000

# A shard's weights are held as they come, joined, and as the bytes of their file.
_COPIES_OF_A_SHARD = 3
_BYTES_A_WEIGHT = 8

# Weights that a label keeps, for each stored value of a mean row, at most: before training nobody knows.
# TIBKAT's labels keep 22 at 0.01, 7 at the default, 96 if nothing is pruned.
_KEPT, _KEPT_UNPRUNED = 32, 256
_PRUNED = 0.01


@dataclass(frozen=True)
class MemoryPlan:
    """What a training takes, about, and how it is fitted into a limit. Sizes are in bytes.

    Attributes
    ----------
    solver
        That of the settings, or a narrower one with the same results.
    threads
        How many of them solve.
    data
        Features as the solver keeps them, labels, names.
    thread
        What each thread takes besides.
    program
        The program itself, and a shard's weights.
    narrowed
        What was made smaller for the limit's sake; empty if nothing.
    """

    solver: Solver
    threads: int
    data: int
    thread: int
    program: int
    narrowed: str = ""

    @property
    def total(self) -> int:
        """The peak of the process's resident memory."""
        return self.data + self.threads * self.thread + self.program

    def __str__(self) -> str:
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        parts = (
            f"data {size_text(self.data)}, {threads} of {size_text(self.thread)}, "
            f"program {size_text(self.program)}"
        )
        return f"about {size_text(self.total)} of memory: {parts}{self.narrowed and f'; {self.narrowed}'}"


OnMemory = Callable[[MemoryPlan], None]


def plan_memory(
    dataset: Dataset, config: TrainingConfig | None = None, *, jobs: int = -1, limit: int | None = None
) -> MemoryPlan:
    """What `train` with these takes; docs/scaling.md says what makes it up. Nothing is read but sizes.

    Parameters
    ----------
    dataset, config, jobs
        As `train` takes them.
    limit
        Bytes that it is to keep to: labels a pass are halved first, then threads are left out. Default: the
        machine's memory.

    Raises
    ------
    ConfigError
        If the least that it can do with is above the limit, or a setting is out of range.
    """
    config = config or TrainingConfig()
    solver, most_positives = config.make_solver(), int(dataset.label_counts.max(initial=0))
    memory = solver.memory(dataset.features, most_positives)
    least = min(solver.block_size, LEAST_LABELS)
    threads = min(thread_count(jobs), _most_blocks(dataset, config, least))
    data = memory.shared + dataset.labels.nbytes + dataset.label_instances.nbytes + _names(dataset)
    plan = MemoryPlan(solver, threads, data, memory.thread, _PROGRAM + _weights(dataset, config))
    limit = memory_here() if limit is None else whole_number("memory", limit, 0, MAX_BYTES)
    return _fitted(plan, dataset, most_positives, limit)


def _fitted(plan: MemoryPlan, dataset: Dataset, most_positives: int, limit: int) -> MemoryPlan:
    """The plan, made smaller as far as the limit asks for."""
    lanes, threads = plan.solver.lanes, plan.threads
    while plan.total > limit and (solver := plan.solver.narrowed()):
        plan = replace(plan, solver=solver, thread=solver.memory(dataset.features, most_positives).thread)
    while plan.total > limit and plan.threads > 1:
        plan = replace(plan, threads=plan.threads - 1)
    if plan.total > limit:
        raise ConfigError(f"memory: the limit is {size_text(limit)}, but training takes at the least {plan}")
    changes = []
    if plan.solver.lanes < lanes:
        changes.append(f"{plan.solver.lanes} labels a pass instead of {lanes}")
    if plan.threads < threads:
        changes.append(f"{plan.threads} instead of {threads} threads")
    return replace(plan, narrowed=f"to keep to {size_text(limit)}, {', '.join(changes)}" if changes else "")


def _most_blocks(dataset: Dataset, config: TrainingConfig, block_size: int) -> int:
    """Blocks of labels that there can be; more threads have nothing to do."""
    counts = dataset.label_counts
    shards = plan_shards(dataset.n_labels, config.shard_size)
    trained = (int(np.count_nonzero(counts[shard.first : shard.stop])) for shard in shards)
    return max(1, sum(-(-n // block_size) for n in trained))


def _weights(dataset: Dataset, config: TrainingConfig) -> int:
    """Bytes of a shard's weights, all copies."""
    features = dataset.features
    mean_row = features.nnz / max(1, features.n_rows)
    kept = min(features.n_columns, (_KEPT if config.prune >= _PRUNED else _KEPT_UNPRUNED) * mean_row)
    labels = min(config.shard_size, dataset.n_labels)
    return int(_COPIES_OF_A_SHARD * _BYTES_A_WEIGHT * labels * kept)


def _names(dataset: Dataset) -> int:
    """Bytes of the labels' and features' names."""
    names = [*(dataset.label_names or ()), *(dataset.feature_names or ())]
    return sum(map(sys.getsizeof, names)) + 8 * len(names)
