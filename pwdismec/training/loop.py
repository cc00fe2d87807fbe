"""Training a model: shard after shard, each written when it is done, so that nothing done is ever lost."""

from __future__ import annotations

from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.dataset import Dataset
from pwdismec.errors import ConfigError, DataError, ModelError
from pwdismec.files import is_leftover
from pwdismec.model.manifest import MANIFEST, Run, ShardPlan, difference, run_at
from pwdismec.model.model import Model, finish_run, open_finished, write_run
from pwdismec.model.plan import plan_shards
from pwdismec.model.shard import Shard, entry_of, write_shard
from pwdismec.solvers import Certificate, Problem, Solution, concatenate
from pwdismec.training.config import TrainingConfig
from pwdismec.training.memory import OnMemory, plan_memory
from pwdismec.training.progress import OnProgress, Tracker
from pwdismec.training.work import Block, solve_shards
from pwdismec.weighting import checksum_of, positive_weights


def train(
    dataset: Dataset,
    path: str | Path,
    config: TrainingConfig | None = None,
    *,
    jobs: int = -1,
    memory: int | None = None,
    resume: bool = False,
    on_memory: OnMemory | None = None,
    on_progress: OnProgress | None = None,
) -> Model:
    """Train every label of `dataset` that has a positive, one-vs-rest.

    Parameters
    ----------
    dataset
        The training set.
    path
        The model's folder. Shards are written there one by one, the manifest last.
    config
        The settings; the default is PW weighting with the published constants.
    jobs
        Threads; −1 for every core. The model is the same, bit for bit, whatever their number.
    memory
        Bytes to keep to: fewer labels share a pass, then there are fewer threads (`plan_memory`). The model
        is the same.
    resume
        Go on with a training of the same data set and settings that was broken off at `path`; finished
        shards are kept. Where there is none, a new one begins.
    on_memory
        Told what memory the training is going to take, before it starts.
    on_progress
        Called from this thread after every block of labels.

    Returns
    -------
    Model
        Opened from `path`.

    Raises
    ------
    ConfigError
        If a setting is out of range, or the memory does not suffice.
    DataError
        If the data set has no instances or no positives, or a file of weights does not fit.
    ModelError
        If `path` holds a model already, something else, or a broken-off training of other settings or data;
        or a finished shard there is damaged.
    PwdismecError
        If a file cannot be written.
    """
    if jobs == 0:
        raise ConfigError("jobs: 0; expected a number of threads, or -1 for every core")
    config, folder = config or TrainingConfig(), Path(path)
    if dataset.n_instances == 0 or not dataset.label_counts.any():
        raise DataError(dataset.path or "data set", "has no positive of any label; there is nothing to train")
    weights = positive_weights(config.weighting, dataset.label_counts, dataset.n_instances)
    run = _run_of(dataset, config, weights)
    if _is_done(folder, run, resume):
        return open_finished(folder)
    plan = plan_memory(dataset, config, jobs=jobs, limit=memory)
    write_run(folder, run, dataset.transforms, dataset.label_names)
    entries = {shard.file: entry_of(folder, shard, run.id) for shard in run.plan}
    pending = [shard for shard in run.plan if entries[shard.file] is None]
    resumed = [entry for entry in entries.values() if entry]
    labels_resumed = sum(entry.n_trained for entry in resumed)
    if on_memory is not None:
        on_memory(plan)
    tracker = Tracker(dataset.label_counts, labels_resumed, len(resumed), len(run.plan), on_progress)
    problem = Problem(dataset.features, dataset.label_instances, weights, config.C, config.bias)
    solver = plan.solver
    start = solver.prepare(problem) if pending else None

    def solve(block: Block) -> Solution:
        return solver.solve(problem, block, start, config.prune)

    solving = solve_shards(
        solve,
        pending,
        dataset.label_counts,
        solver.block_size,
        plan.threads,
        tracker,
        lambda: solver.interrupt(start),
    )
    with closing(solving):
        for shard_plan, solutions in solving:
            shard = _shard_of(shard_plan, solutions, dataset, config.gap_tolerance)
            solutions.clear()  # before there are the file's bytes as well
            entries[shard_plan.file] = write_shard(folder, shard_plan, run.id, shard)
            tracker.shard_done()
    return finish_run(folder, run, [entry for entry in entries.values() if entry])


def run_of(dataset: Dataset, config: TrainingConfig) -> Run:
    """What `train` would do with these; its `id` tells whether a model is the one wanted."""
    return _run_of(
        dataset, config, positive_weights(config.weighting, dataset.label_counts, dataset.n_instances)
    )


def _run_of(dataset: Dataset, config: TrainingConfig, weights: NDArray[np.float64]) -> Run:
    return Run(
        written_by=f"pwdismec {version('pwdismec')}",
        n_instances=dataset.n_instances,
        n_features=dataset.n_features,
        n_labels=dataset.n_labels,
        dataset_fingerprint=dataset.fingerprint,
        tfidf=dataset.transforms.idf is not None,
        l2_normalize=dataset.transforms.l2_normalize,
        label_names=dataset.label_names is not None,
        positive_weights_sha256=checksum_of(weights),
        config=config.to_json(),
        plan=plan_shards(dataset.n_labels, config.shard_size),
    )


def _is_done(folder: Path, run: Run, resume: bool) -> bool:
    """Whether the very model is there already; raise if anything else stands in the way."""
    found, whole = run_at(folder), (folder / MANIFEST).exists()
    if found is None:
        if folder.exists() and not (folder.is_dir() and all(map(is_leftover, folder.iterdir()))):
            raise ModelError(f"{folder}: exists and is not a model; expected a new folder")
        return False
    state = "a model" if whole else "a training that was broken off"
    if not resume:
        raise ModelError(f"{folder}: holds {state}; go on with --resume, or train into another folder")
    if found.id != run.id:
        raise ModelError(f"{folder}: holds {state} of other settings or data: {difference(found, run)}")
    return whole


def _shard_of(
    plan: ShardPlan, solutions: list[Solution], dataset: Dataset, gap_tolerance: float | None
) -> Shard:
    counts = dataset.label_counts[plan.first : plan.stop]
    trained = np.flatnonzero(counts)
    solution = concatenate(solutions) if solutions else _nothing(dataset.n_features)
    label_ids = (plan.first + trained).astype(np.int32)
    certificate = solution.certificate
    return Shard(label_ids, counts[trained], solution.weights, solution.bias, certificate, gap_tolerance)


def _nothing(n_features: int) -> Solution:
    """The solution of a shard none of whose labels has a positive."""
    none = np.zeros(0)
    weights = CSR(np.zeros(1, np.int64), none.astype(np.int32), none.astype(np.float32), n_features)
    return Solution(weights, none.astype(np.float32), Certificate(none, none, none.astype(np.int32)))
