"""What a process keeps ready to train the shards of a run, and how it trains them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np

from pwdismec.cluster import Leases
from pwdismec.cluster.stop import Stop
from pwdismec.data.csr import CSR
from pwdismec.data.dataset import Dataset
from pwdismec.errors import PwdismecError
from pwdismec.model.model_manifest import CLAIMS, Run, ShardPlan
from pwdismec.model.shard import Shard, write_shard
from pwdismec.solvers import Certificate, Solution, concatenate
from pwdismec.training.config import TrainingConfig
from pwdismec.training.gap_sample import GapSample
from pwdismec.training.memory_plan import MemoryPlan
from pwdismec.training.runs import PAUSE
from pwdismec.training.shard_work import size_of_blocks, solve_shards
from pwdismec.training.training_progress import Tracker, trained_in


class Session:
    """The instances as the solver wants them, made once for all shards that a process trains.

    Parameters
    ----------
    dataset, config
        What is trained, as `train` takes them.
    folder, run
        The model's folder, and the run that it holds.
    plan
        The solver, and how many threads.
    """

    def __init__(
        self, dataset: Dataset, config: TrainingConfig, folder: Path, run: Run, plan: MemoryPlan
    ) -> None:
        self._counts = dataset.label_counts
        self._n_features = dataset.n_features
        self._config, self._folder, self._run = config, folder, run
        self._block_size, self._threads = plan.solver.block_size, plan.threads
        self._prepared = plan.solver.prepare(config.make_problem(dataset))
        self._sample = GapSample(self._prepared, config, dataset.label_counts)

    def train(self, shards: Sequence[ShardPlan], tracker: Tracker, stop: Stop) -> None:
        """Train those of `shards` that are missing, unless it is time to `stop`.

        What another worker is at is left to it, and waited for in the end.
        """
        with Leases(self._folder / CLAIMS) as leases:
            left = [place for place in shards if not self._is_there(place)]
            while left and not stop():
                written = self._train_free(left, leases, tracker, stop)
                there = [place for place in left if self._is_there(place)]
                for place in there:
                    if place.file not in written:
                        tracker.shard_done(trained_in(place, self._counts))
                left = [place for place in left if place not in there]
                if left and not stop():
                    time.sleep(PAUSE)

    def _train_free(
        self, shards: Sequence[ShardPlan], leases: Leases, tracker: Tracker, stop: Stop
    ) -> set[str]:
        """Train what nobody else is at; the files written."""
        written = set()
        n_labels = sum(trained_in(place, self._counts) for place in shards)
        solving = solve_shards(
            partial(self._prepared.solve, prune=self._config.prune),
            self._taken(shards, leases, stop),
            self._counts,
            size_of_blocks(n_labels, self._block_size, self._threads),
            self._threads,
            tracker,
            self._prepared.interrupt,
        )
        with closing(solving):
            for place, solutions in solving:
                shard = self._shard_of(place, solutions)
                solutions.clear()  # before there are the file's bytes as well
                self._write(place, shard)
                leases.give_back(_name(place))
                written.add(place.file)
                tracker.shard_done()
        return written

    def _write(self, place: ShardPlan, shard: Shard) -> None:
        """Write a shard, unless another worker has, who took this one for dead."""
        if self._is_there(place):
            return
        try:
            write_shard(self._folder, place, self._run.id, shard)
        except PwdismecError:
            if not self._is_there(place):  # else the model has become whole, and was tidied up
                raise

    def _taken(self, shards: Sequence[ShardPlan], leases: Leases, stop: Stop) -> Iterator[ShardPlan]:
        """Those of the shards that nobody is at, each claimed when its turn comes."""
        for place in shards:
            if stop():
                return
            if self._is_there(place) or not leases.take(_name(place)):
                continue
            if self._is_there(place):  # it was finished just before
                leases.give_back(_name(place))
            else:
                yield place

    def _is_there(self, place: ShardPlan) -> bool:
        return (self._folder / place.file).exists()

    def _shard_of(self, place: ShardPlan, solutions: list[Solution]) -> Shard:
        counts = self._counts[place.first : place.stop]
        trained = np.flatnonzero(counts)
        label_ids = (place.first + trained).astype(np.int32)
        solution = concatenate(solutions) if solutions else _nothing(self._n_features)
        solution = self._sample.measured(label_ids, solution)
        return Shard(
            label_ids,
            counts[trained],
            solution.weights,
            solution.bias,
            solution.certificate,
            self._config.gap_tolerance,
        )


def _name(place: ShardPlan) -> str:
    """What a shard's claim is called."""
    return Path(place.file).stem


def _nothing(n_features: int) -> Solution:
    """The solution of a shard none of whose labels has a positive."""
    none = np.zeros(0)
    weights = CSR(np.zeros(1, np.int64), none.astype(np.int32), none.astype(np.float32), n_features)
    return Solution(weights, none.astype(np.float32), Certificate(none, none, none.astype(np.int32)))
