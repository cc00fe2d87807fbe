"""Tuning: every setting is trained shard by shard; what is kept of a shard is how its labels rank."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pwdismec.bounds import thread_count
from pwdismec.data.dataset import Dataset
from pwdismec.files import replacing_folder, sweep_beside
from pwdismec.metrics import evaluate
from pwdismec.model.shard_plan import plan_shards
from pwdismec.outputs import check_apart, followed, output_folder
from pwdismec.prediction.dense_features import check_features
from pwdismec.prediction.search import check_scores
from pwdismec.solvers import Problem, Solution, concatenate
from pwdismec.training.config import TrainingConfig
from pwdismec.training.shard_work import size_of_blocks, solve_shards
from pwdismec.training.training_progress import OnProgress, Tracker, progress_at_start
from pwdismec.tuning.folder import STANDINGS, begin, contents, find_finished, finish, run_in
from pwdismec.tuning.grid import Grid, described
from pwdismec.tuning.results import DEFAULT_METRIC, KS, Outcome, Tuning, TuningRun, check_metric, plain
from pwdismec.tuning.split import split
from pwdismec.tuning.standings import Standings
from pwdismec.weighting import PRESETS, Weighting, inverse_propensities, positive_weights


def tune(
    dataset: Dataset,
    path: str | Path,
    grid: Grid | None = None,
    config: TrainingConfig | None = None,
    *,
    holdout: float = 0.2,
    by: str = DEFAULT_METRIC,
    a: float = PRESETS["default"].a,
    b: float = PRESETS["default"].b,
    jobs: int = -1,
    resume: bool = False,
    overwrite: bool = False,
    on_tuned: Callable[[Path, Tuning], None] = lambda folder, tuning: None,
    on_progress: OnProgress | None = None,
) -> Tuning:
    """Train every setting of a grid on a part of `dataset` and judge it on the rest; docs/tuning.md.

    In memory are a copy of the data set, 8 bytes for each of the best five labels of a held-out instance,
    setting and pruning level, and one shard's weights of every setting.

    Parameters
    ----------
    dataset
        The training set.
    path
        A folder for the results, and until then for what is done.
    grid
        What to try; the default is `Grid.of()`.
    config
        The settings that all share (weighting, C and prune are the grid's). Its seed chooses the
        held-out instances, too.
    holdout
        The share of the instances that is held out.
    by
        The metric that decides, such as ``P@1``.
    a, b
        A and B of the propensities that PSP is measured with.
    jobs
        Threads; −1 for every core. The result is the same, bit for bit, whatever their number.
    resume
        Go on with the same tuning that was broken off at `path`, or give the results of one that is done.
    overwrite
        Tune in a hidden folder beside `path`, and let it take the place of the tuning that is there once the
        results are whole. With `resume` such a tuning goes on.
    on_tuned
        Called with the folder and the results before these are written there.
    on_progress
        Called from this thread after every block of labels.

    Raises
    ------
    ConfigError
        If a setting is out of range.
    DataError
        If a part of the data set has no labels, or a file of weights does not fit.
    ModelError
        If `path` holds something else, a tuning and `resume` is not set, one of other settings or data, or
        a damaged one.
    OutputError
        If a tuning must not be written there (`pwdismec.outputs`).
    PwdismecError
        If a file cannot be written, or a score overflows.
    """
    thread_count(jobs)
    check_metric(by)
    check_features(dataset.n_features, dataset.path or "data set")
    inverse_propensities(
        dataset.label_counts, dataset.n_instances, a, b
    )  # better now than after the training
    job = _Job.of(dataset, grid or Grid.of(), config or TrainingConfig(), holdout, a, b)
    folder = followed(path)
    check_apart(folder, [dataset.path, *(weighting.weights_file for weighting in job.weights)])
    how = by, jobs, on_tuned, on_progress
    if not overwrite or _is_resumed(folder, job.run, resume):
        sweep_beside(folder)
        return _tune(job, folder, resume, *how)
    output_folder(folder, contents=contents, overwrite=True)
    with replacing_folder(folder, overwrite=True, kept=True, resume=resume) as aside:
        return _tune(job, aside, True, *how)


def _is_resumed(folder: Path, run: TuningRun, resume: bool) -> bool:
    """Whether what is there is to be gone on with; if nothing is, it is begun there."""
    found = run_in(folder)
    return found is None or (resume and found.id == run.id)


def _tune(
    job: _Job,
    folder: Path,
    resume: bool,
    by: str,
    jobs: int,
    on_tuned: Callable[[Path, Tuning], None],
    on_progress: OnProgress | None,
) -> Tuning:
    tuning = find_finished(folder, job.run, resume)
    if tuning is None:
        standings = begin(folder, job.run) or job.at_start()
        job.train(standings, folder, jobs, on_progress)
        tuning = Tuning(run=job.run, by=by, outcomes=job.outcomes(standings))
    tuning = tuning.sorted_by(by)
    on_tuned(folder, tuning)
    finish(folder, tuning)
    return tuning


@dataclass(frozen=True, eq=False)
class _Job:
    """A tuning's data and settings."""

    dataset: Dataset
    training: Dataset
    held_out: Dataset
    grid: Grid
    configs: list[TrainingConfig]
    weights: dict[Weighting, NDArray[np.float64]]
    run: TuningRun

    @classmethod
    def of(
        cls, dataset: Dataset, grid: Grid, config: TrainingConfig, holdout: float, a: float, b: float
    ) -> _Job:
        training, held_out = split(dataset, holdout, config.seed)
        weights = {
            w: positive_weights(w, training.label_counts, training.n_instances) for w in grid.weightings
        }
        run = TuningRun(
            written_by=f"pwdismec {version('pwdismec')}",
            dataset_fingerprint=dataset.fingerprint,
            holdout=holdout,
            n_train=training.n_instances,
            n_held_out=held_out.n_instances,
            n_labels=dataset.n_labels,
            training_part=training.fingerprint,
            positive_weights_sha256=_hash(weights),
            weightings=tuple(map(described, grid.weightings)),
            C=grid.costs,
            prune=grid.prunes,
            A=a,
            B=b,
            config=plain(config),
        )
        return cls(dataset, training, held_out, grid, grid.configs(config), weights, run)

    def at_start(self) -> Standings:
        return Standings.at_start(
            len(self.configs), len(self.grid.prunes), self.held_out.n_instances, max(KS)
        )

    def train(self, standings: Standings, folder: Path, jobs: int, on_progress: OnProgress | None) -> None:
        """Take every shard that is left through every setting."""
        config, data, counts = self.configs[0], self.training, self.training.label_counts
        problems = [
            Problem(data.features, data.label_instances, self.weights[c.weighting], c.C, c.bias)
            for c in self.configs
        ]
        shards, done = plan_shards(data.n_labels, config.shard_size), standings.shards_done
        tracker = Tracker(progress_at_start(shards, shards[done:], counts), on_progress)
        solver, threads = config.make_solver(), thread_count(jobs)
        size = size_of_blocks(int(np.count_nonzero(counts)), solver.block_size, threads)
        if done == len(shards):
            return
        prepared = solver.prepare(problems[0])
        solve = partial(prepared.solve_path, problems, prune=config.prune)
        solving = solve_shards(solve, shards[done:], counts, size, threads, tracker, prepared.interrupt)
        with closing(solving):
            for shard, paths in solving:
                trained = (shard.first + np.flatnonzero(counts[shard.first : shard.stop])).astype(np.int32)
                self._judge(trained, paths, standings, threads)
                paths.clear()  # before the next shard's are gathered
                standings.shards_done += 1
                standings.write(folder / STANDINGS, self.run.id)
                tracker.shard_done()

    def _judge(
        self, labels: NDArray[np.int32], paths: list[list[Solution]], standings: Standings, jobs: int
    ) -> None:
        """Let a shard's labels compete in every setting."""
        tolerance = self.configs[0].gap_tolerance
        for setting in range(len(self.configs) if paths else 0):
            solution = concatenate([path[setting] for path in paths])
            standings.add(setting, labels, solution, self.grid.prunes, self.held_out.features, jobs)
            if tolerance is not None:
                standings.beyond[setting] += int((solution.certificate.gap > tolerance).sum())

    def outcomes(self, standings: Standings) -> tuple[Outcome, ...]:
        """The metrics of every setting at every pruning level."""
        outcomes = []
        for setting, config in enumerate(self.configs):
            for level, prune in enumerate(self.grid.prunes):
                top = standings.top(setting, level)
                check_scores(top)
                report = evaluate(
                    top,
                    self.held_out.labels,
                    ks=KS,
                    label_counts=self.dataset.label_counts,
                    n_train=self.dataset.n_instances,
                    a=self.run.A,
                    b=self.run.B,
                )
                kept, beyond = int(standings.weights[setting, level]), int(standings.beyond[setting])
                outcomes.append(Outcome.of(replace(config, prune=prune), kept, beyond, report.percent))
        return tuple(outcomes)


def _hash(weights: dict[Weighting, NDArray[np.float64]]) -> str:
    digest = hashlib.sha256()
    for positive in weights.values():
        digest.update(positive.astype("<f8").tobytes())
    return digest.hexdigest()
