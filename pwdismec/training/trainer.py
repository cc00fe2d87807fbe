"""Training a model: shard after shard, each written when it is done, so that nothing done is ever lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from pwdismec.cluster import Part, Stopped, never
from pwdismec.cluster.leases import claims_in
from pwdismec.cluster.stop import Stop
from pwdismec.data.dataset import Dataset
from pwdismec.errors import ConfigError
from pwdismec.files import clear_os_errors, replacing_folder, sweep, sweep_beside, sweep_replacement
from pwdismec.model.model import Model, open_finished
from pwdismec.model.model_manifest import CLAIMS, Run, run_at
from pwdismec.model.model_writer import model_output
from pwdismec.model.shard_plan import how_far
from pwdismec.outputs import check_apart, followed, is_taken
from pwdismec.parallel import THREADS, Backend, Workers
from pwdismec.patience import patient
from pwdismec.training.config import TrainingConfig
from pwdismec.training.in_memory import check_trainable
from pwdismec.training.memory_plan import OnMemory, plan_memory, warn_if_too_large
from pwdismec.training.runs import begin, finish, is_done, missing_shards, run_of
from pwdismec.training.session import Session
from pwdismec.training.training_progress import OnProgress, Tracker, progress_at_start
from pwdismec.training.workers import Errand, spread


def train(
    dataset: Dataset,
    path: str | Path,
    config: TrainingConfig | None = None,
    *,
    jobs: int = -1,
    memory: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
    backend: Backend | None = None,
    stop: Stop = never,
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
        Threads; −1 for every core (for another backend see `Backend.threads`). The model is the same, bit for
        bit, whatever their number.
    memory
        Bytes to keep to: fewer labels share a pass, then there are fewer threads (`plan_memory`). The model
        is the same. With another backend it is for each worker.
    resume
        Go on with a training of the same data set and settings that was broken off at `path`, or join one
        that runs; finished shards are kept. Where there is none, a new one begins.
    overwrite
        Train in a hidden folder beside `path`, and let it take the place of what is there once the model is
        whole. With `resume` such a training goes on.
    backend
        Where shards are trained; default in threads of this process. The model is the same.
    stop
        Asked before a shard is begun; once it is true no more are.
    on_memory
        Told what memory the training is going to take, before it starts.
    on_progress
        Called from this thread after every block of labels, or of another backend after every shard.

    Returns
    -------
    Model
        Opened from `path`.

    Raises
    ------
    ConfigError
        If a setting is out of range, the memory does not suffice, or another backend is to train on a data
        set that is not in a folder.
    DataError
        If the data set has no instances or no positives, or a file of weights does not fit.
    ModelError
        If `path` holds a model already, something else, or a training of other settings or data; or a
        finished shard there is damaged.
    OutputError
        If a model must not be written there (`pwdismec.outputs`).
    Stopped
        If it was time to stop before the model was whole.
    PwdismecError
        If a file cannot be written, or workers of another backend die again and again.
    """
    training = _Training.of(dataset, path, config, jobs, memory, backend or Backend())
    how = stop, on_memory, on_progress
    if not (overwrite and training.is_in_the_way(resume)):
        model = training.do(None, resume, *how)
    else:
        model_output(training.folder, (), overwrite=True)
        with replacing_folder(training.folder, overwrite=True, kept=True, resume=resume) as aside:
            replace(training, folder=aside).do(None, True, *how)
        model = Model.open(path)
    assert model is not None
    return model


def train_part(
    dataset: Dataset,
    path: str | Path,
    part: Part,
    config: TrainingConfig | None = None,
    *,
    jobs: int = -1,
    memory: int | None = None,
    stop: Stop = never,
    on_memory: OnMemory | None = None,
    on_progress: OnProgress | None = None,
) -> Model | None:
    """Train some shards of a model, in a folder that several machines share; begin it, join it or go on.

    Parameters
    ----------
    part
        Which shards: a range counts them as their files are numbered.

    Returns
    -------
    Model
        If that was the last part; None if shards of other parts are missing.

    Raises
    ------
    ConfigError, DataError, ModelError, Stopped, PwdismecError
        As `train`, whose other parameters are the same.
    """
    training = _Training.of(dataset, path, config, jobs, memory, Backend())
    return training.do(part, True, stop, on_memory, on_progress)


@dataclass(frozen=True)
class _Training:
    dataset: Dataset
    folder: Path
    config: TrainingConfig
    jobs: int
    memory: int | None
    backend: Backend

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        path: str | Path,
        config: TrainingConfig | None,
        jobs: int,
        memory: int | None,
        backend: Backend,
    ) -> _Training:
        check_trainable(dataset, jobs)
        if backend.name != THREADS:
            jobs = backend.threads(jobs)
            if dataset.path is None:
                raise ConfigError(
                    f"backend: {backend.name}; the data set is not in a folder that workers can open"
                )
        config = config or TrainingConfig()
        check_apart(path, [dataset.path, config.weighting.weights_file])
        return cls(dataset, followed(path), config, jobs, memory, backend)

    def is_in_the_way(self, resume: bool) -> bool:
        """Whether there is something other than what is to be resumed."""
        found = run_at(self.folder)
        resumed = resume and found is not None and found.id == run_of(self.dataset, self.config).id
        return is_taken(self.folder) and not resumed

    def do(
        self,
        part: Part | None,
        resume: bool,
        stop: Stop,
        on_memory: OnMemory | None,
        on_progress: OnProgress | None,
    ) -> Model | None:
        """Train a part, or all."""
        run = run_of(self.dataset, self.config)
        if is_done(self.folder, run, resume):
            sweep_replacement(self.folder)  # the older model, if a kill came just behind the exchange
            return open_finished(self.folder)
        if part is not None or not resume:  # else what was begun to calibrate this one may be there
            sweep_beside(self.folder)
        told = on_memory, on_progress
        if self.backend.name == THREADS:
            return self._train(run, part, None, stop, *told)
        with self.backend.reached() as workers:  # before anything is written
            return self._train(run, part, workers, stop, *told)

    def _train(
        self,
        run: Run,
        part: Part | None,
        workers: Workers | None,
        stop: Stop,
        on_memory: OnMemory | None,
        on_progress: OnProgress | None,
    ) -> Model | None:
        """Train what is missing: by workers, or in threads."""
        folder = self.folder
        shards = run.plan if part is None else [run.plan[i] for i in part.scattered(len(run.plan))]
        plan = plan_memory(self.dataset, self.config, jobs=self.jobs, limit=self.memory)
        if workers is None:
            warn_if_too_large(plan, self.memory)
        run = begin(folder, run, self.dataset)
        if part is None:
            _sweep_if_alone(folder)
        missing = missing_shards(folder, shards, run)
        if on_memory is not None:
            on_memory(plan)
        tracker = Tracker(progress_at_start(shards, missing, self.dataset.label_counts), on_progress)
        if missing and workers is None:
            Session(self.dataset, self.config, folder, run, plan).train(missing, tracker, stop)
        elif missing and workers is not None:
            assert self.dataset.path is not None
            paths = self.dataset.path.resolve(), folder.resolve()
            errand = Errand(*paths, run.id, self.config, self.jobs, self.memory)
            spread(workers, errand, missing, self.dataset.label_counts, tracker, stop)
        model = finish(folder, run)
        if model is None and (part is None or not all((folder / shard.file).exists() for shard in shards)):
            raise Stopped(f"{folder}: stopped in time, {how_far(folder, run)}")
        return model


@patient
def _sweep_if_alone(folder: Path) -> None:
    """Remove what a kill left half-written, unless another worker is at it."""
    if all(claim.is_dead for claim in claims_in(folder / CLAIMS).values()):
        with clear_os_errors(folder):
            sweep(folder / "shards")
