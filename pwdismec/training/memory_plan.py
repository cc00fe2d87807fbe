"""How much memory a training takes, and how it is kept within a limit."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from pwdismec.bounds import MAX_BYTES, thread_count, whole_number
from pwdismec.data.dataset import Dataset
from pwdismec.data.dataset_manifest import files_of_vectorizer
from pwdismec.data.dense import Dense, Features
from pwdismec.errors import ConfigError
from pwdismec.machine import memory as memory_here
from pwdismec.model.shard_plan import plan_shards
from pwdismec.plain_text import size_text
from pwdismec.solvers import Solver
from pwdismec.training.config import TrainingConfig
from pwdismec.training.shard_work import LEAST_LABELS

# The interpreter and its libraries (70 MB), the command line's, and what the C library keeps of freed memory.
_PROGRAM = 120_000_000

# A shard's weights are held as they come, joined, and as the bytes of their file.
_COPIES_OF_A_SHARD = 3
_BYTES_A_WEIGHT = 8

# Weights that a label keeps, for each stored value of a mean row, at most: before training nobody knows.
# TIBKAT's labels keep 22 at 0.01, 7 at the default, 96 if nothing is pruned.
_KEPT, _KEPT_UNPRUNED = 32, 256
_PRUNED = 0.01

# Idf values are written as mapped, as bytes, and as those of their file.
_COPIES_OF_IDF = 3
_BYTES_A_COUNT = 8  # of a feature's instances

_log = logging.getLogger(__name__)


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
    begin
        What is held before threads solve, and no longer: it grows with all features, used or not.
    narrowed
        What was made smaller for the limit's sake; empty if nothing.
    """

    solver: Solver
    threads: int
    data: int
    thread: int
    program: int
    begin: int
    narrowed: str = ""

    @property
    def total(self) -> int:
        """The peak of the process's resident memory."""
        return max(self.begin, self.data + self.threads * self.thread) + self.program

    def __str__(self) -> str:
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        parts = (
            f"data {size_text(self.data)}, {threads} of {size_text(self.thread)}, "
            f"program {size_text(self.program)}"
        )
        if self.begin + self.program == self.total:
            parts += f"; features and files {size_text(self.begin)} before they start"
        return f"about {size_text(self.total)} of memory: {parts}{self.narrowed and f'; {self.narrowed}'}"


OnMemory = Callable[[MemoryPlan], None]


def plan_memory(
    dataset: Dataset, config: TrainingConfig | None = None, *, jobs: int = -1, limit: int | None = None
) -> MemoryPlan:
    """What `train` with these takes; docs/scaling.md says what makes it up.

    Nothing is read but sizes, and which features have a value.

    Parameters
    ----------
    dataset, config, jobs
        As `train` takes them.
    limit
        Bytes that it is to keep to: labels a pass are halved first, then threads are left out. Default: the
        machine's memory, as far as that goes.

    Raises
    ------
    ConfigError
        If the least that it can do with is above `limit`, or a setting is out of range.
    """
    config = config or TrainingConfig()
    limit = None if limit is None else whole_number("memory", limit, 0, MAX_BYTES)
    solver, n_used = config.make_solver(), _n_used(dataset.features)
    most_positives = int(dataset.label_counts.max(initial=0))
    memory = solver.memory(dataset.features, n_used, most_positives)
    least = min(solver.block_size, LEAST_LABELS)
    threads = min(thread_count(jobs), _most_blocks(dataset, config, least))
    data = memory.shared + dataset.labels.nbytes + dataset.label_instances.nbytes + _names(dataset)
    program = _PROGRAM + _weights(dataset, config, n_used)
    plan = MemoryPlan(solver, threads, data, memory.thread, program, _begin(dataset))

    def narrower(solver: Solver) -> MemoryPlan:
        return replace(
            plan, solver=solver, thread=solver.memory(dataset.features, n_used, most_positives).thread
        )

    plan = _fitted(plan, narrower, memory_here() if limit is None else limit)
    if limit is not None and plan.total > limit:
        raise ConfigError(f"memory: the limit is {size_text(limit)}, but training takes at the least {plan}")
    return plan


def warn_if_too_large(plan: MemoryPlan, limit: int | None) -> None:
    """Warn of a training without a `limit` that takes more memory than this machine has."""
    here = memory_here()
    if limit is not None or plan.total <= here:
        return
    if plan.program > plan.total - plan.program:
        smaller = "a smaller --shard-size or a larger --prune needs less"
    else:
        smaller = "a data set of fewer features or instances needs less"
    said = f"training takes {plan}, but this machine has {size_text(here)}: the system may end it"
    _log.warning("%s; %s, and --memory SIZE refuses what does not fit", said, smaller)


def _fitted(plan: MemoryPlan, narrower: Callable[[Solver], MemoryPlan], limit: int) -> MemoryPlan:
    """The plan, made smaller as far as the limit asks for and it can be."""
    at_first, threads = plan.solver.labels_per_pass, plan.threads
    while plan.total > limit and (solver := plan.solver.narrowed()):
        plan = narrower(solver)
    while plan.total > limit and plan.threads > 1:
        plan = replace(plan, threads=plan.threads - 1)
    changes = []
    if plan.solver.labels_per_pass < at_first:
        changes.append(f"{plan.solver.labels_per_pass} labels a pass instead of {at_first}")
    if plan.threads < threads:
        changes.append(f"{plan.threads} instead of {threads} threads")
    return replace(plan, narrowed=f"to keep to {size_text(limit)}, {', '.join(changes)}" if changes else "")


def _most_blocks(dataset: Dataset, config: TrainingConfig, block_size: int) -> int:
    """Blocks of labels that there can be; more threads have nothing to do."""
    counts = dataset.label_counts
    shards = plan_shards(dataset.n_labels, config.shard_size)
    trained = (int(np.count_nonzero(counts[shard.first : shard.stop])) for shard in shards)
    return max(1, sum(-(-n // block_size) for n in trained))


def _n_used(features: Features) -> int:
    """How many features some instance has."""
    if isinstance(features, Dense):
        return features.n_columns
    found = np.count_nonzero(features.column_counts())
    features.release()
    return int(found)


def _begin(dataset: Dataset) -> int:
    """Bytes that are held while features are counted, or what prediction needs is written; all features."""
    counts = 0 if isinstance(dataset.features, Dense) else _BYTES_A_COUNT * dataset.n_features
    idf = 0 if dataset.transforms.idf is None else _COPIES_OF_IDF * dataset.transforms.idf.nbytes
    texts = () if dataset.vectorizer is None else files_of_vectorizer(dataset.vectorizer)
    return max(counts, idf, *(file.stat().st_size for file in texts))


def _weights(dataset: Dataset, config: TrainingConfig, n_used: int) -> int:
    """Bytes of a shard's weights, all copies."""
    features = dataset.features
    mean_row = features.nnz / max(1, features.n_rows)
    kept = min(n_used, (_KEPT if config.prune >= _PRUNED else _KEPT_UNPRUNED) * mean_row)
    labels = min(config.shard_size, dataset.n_labels)
    return int(_COPIES_OF_A_SHARD * _BYTES_A_WEIGHT * labels * kept)


def _names(dataset: Dataset) -> int:
    """Bytes of the labels' and features' names, and of what the source calls labels and records."""
    names = [*(dataset.label_names or ()), *(dataset.label_uris or ()), *(dataset.feature_names or ())]
    ids = dataset.record_ids
    of_ids = 0 if ids is None or ids.is_mapped else ids.nbytes  # no more is read of those that are mapped
    return sum(map(sys.getsizeof, names)) + 8 * len(names) + of_ids
