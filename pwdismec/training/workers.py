"""Shards trained by workers of another engine: each opens data set and model by their paths."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pwdismec.cluster import never
from pwdismec.cluster.stop import Stop
from pwdismec.data.dataset import Dataset
from pwdismec.errors import ModelError
from pwdismec.model.model_manifest import ShardPlan
from pwdismec.parallel import Once, Workers
from pwdismec.training.config import TrainingConfig
from pwdismec.training.memory_plan import plan_memory
from pwdismec.training.runs import run_of
from pwdismec.training.session import Session
from pwdismec.training.training_progress import Progress, Tracker, trained_in


@dataclass(frozen=True)
class Errand:
    """What a worker is told of a training.

    Attributes
    ----------
    dataset, folder
        The paths of the data set and of the model; absolute.
    run_id
        The run that the folder holds.
    config, threads, memory
        As `train` takes them.
    """

    dataset: Path
    folder: Path
    run_id: str
    config: TrainingConfig
    threads: int
    memory: int | None


def spread(
    workers: Workers,
    errand: Errand,
    shards: Sequence[ShardPlan],
    label_counts: NDArray[np.int64],
    tracker: Tracker,
    stop: Stop,
) -> None:
    """Have shards trained, the most work first, and tell the tracker in that order.

    At a `stop` what is under way is dropped.
    """

    def positives(shard: ShardPlan) -> int:
        """About in proportion to the work."""
        return int(label_counts[shard.first : shard.stop].sum())

    shards = sorted(shards, key=positives, reverse=True)  # in the end, workers wait for a short one
    trained = workers.in_order(partial(_train, errand), shards, prepare=partial(_session, errand))
    try:
        with closing(trained):
            for shard, _ in zip(shards, trained, strict=True):
                tracker.shard_done(trained_in(shard, label_counts))
                if stop():
                    return
    finally:
        _session.forget()  # what was prepared here


def _train(errand: Errand, shard: ShardPlan) -> None:
    """Train one shard, in a worker."""
    try:
        _session(errand).train([shard], Tracker(Progress(0, 0, 0, 0, 0), None), never)
    except BaseException:  # the solver has been interrupted
        _session.forget()
        raise


@Once
def _session(errand: Errand) -> Session:
    """The session for an errand, kept from shard to shard."""
    dataset = Dataset.open(errand.dataset)
    run = run_of(dataset, errand.config)
    if run.id != errand.run_id:
        raise ModelError(f"{errand.folder}: in this worker, the data set {errand.dataset} is another")
    plan = plan_memory(dataset, errand.config, jobs=errand.threads, limit=errand.memory)
    return Session(dataset, errand.config, errand.folder, run, plan)
