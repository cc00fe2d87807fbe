"""A run on disk: begun or joined, and made whole by whoever finds its last shard done."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from pwdismec.cluster import Leases
from pwdismec.cluster.leases import claims_in
from pwdismec.data.dataset import Dataset
from pwdismec.errors import DamagedError, ModelError, PwdismecError
from pwdismec.files import clear_os_errors
from pwdismec.model.beside import Beside
from pwdismec.model.model import Model, finish_run, open_finished, write_run
from pwdismec.model.model_manifest import (
    CLAIMS,
    MANIFEST,
    RUN,
    Run,
    ShardPlan,
    check_resumed,
    difference,
    run_at,
    write_record,
)
from pwdismec.model.shard import entry_of
from pwdismec.model.shard_plan import plan_shards, shards_there
from pwdismec.outputs import is_taken
from pwdismec.patience import patient
from pwdismec.training.config import TrainingConfig
from pwdismec.weighting import checksum_of, positive_weights

_MENDED = "the same command with --resume makes it again of the shards that are intact"

_log = logging.getLogger(__name__)

PAUSE = 1.0
"""Seconds between two looks at what others are at work on."""


def run_of(dataset: Dataset, config: TrainingConfig) -> Run:
    """What `train` would do with these; its `id` tells whether a model is the one wanted."""
    weights = positive_weights(config.weighting, dataset.label_counts, dataset.n_instances)
    return Run(
        written_by=f"pwdismec {version('pwdismec')}",
        n_instances=dataset.n_instances,
        n_features=dataset.n_features,
        n_labels=dataset.n_labels,
        dataset_fingerprint=dataset.fingerprint,
        tfidf=dataset.transforms.idf is not None,
        l2_normalize=dataset.transforms.l2_normalize,
        label_names=dataset.label_names is not None,
        label_uris=dataset.label_uris is not None,
        vectorizer=dataset.vectorizer is not None,
        positive_weights_sha256=checksum_of(weights),
        config=config.to_json(),
        plan=plan_shards(dataset.n_labels, config.shard_size),
    )


def is_done(folder: Path, run: Run, resume: bool) -> bool:
    """Whether the very model is there already, and intact; what is damaged is told, and will be made again.

    Raises
    ------
    ModelError
        If anything else stands in the way.
    """
    taken = is_taken(folder)
    try:
        found = run_at(folder)  # looked for last: what is strange by now may be another worker's beginning
    except DamagedError as error:
        if not resume:
            raise DamagedError(error.path, f"{error.message}; {_MENDED}") from error
        return _reopened(folder, run, error)
    if found is None:
        if taken:
            raise ModelError(f"{folder}: exists and is not a model; expected a new folder")
        return False
    whole = (folder / MANIFEST).exists()
    check_resumed(
        folder,
        found,
        run,
        same=found.id == run.id,
        what="train",
        state=_state(folder),
        whole=whole,
        resume=resume,
    )
    if not whole:
        return False
    try:
        Model.open(folder).check()
    except DamagedError as error:
        return _reopened(folder, found, error)
    return True


def _reopened(folder: Path, run: Run, error: DamagedError) -> bool:
    """Let a model that is damaged be a training again that is not finished: its intact shards are kept."""
    _log.warning("%s: %s; training it again", error.path, error.message.partition("; train")[0])
    write_record(folder / RUN, run)
    (folder / MANIFEST).unlink(missing_ok=True)
    return False


@patient
def missing_shards(folder: Path, shards: Iterable[ShardPlan], run: Run) -> list[ShardPlan]:
    """Those of a run's shards that have to be trained; one that is damaged is told, and removed.

    Raises
    ------
    ModelError
        If one is another run's.
    """
    missing = []
    for shard in shards:
        try:
            if entry_of(folder, shard, run.id) is None:
                missing.append(shard)
        except DamagedError as error:
            _log.warning("%s; training labels %d to %d again", error, shard.first, shard.stop - 1)
            with clear_os_errors(error.path):
                error.path.unlink(missing_ok=True)
            missing.append(shard)
    return missing


def _state(folder: Path) -> str:
    if (folder / MANIFEST).exists():
        return "a finished model"
    at_work = sorted({str(claim) for claim in claims_in(folder / CLAIMS).values() if not claim.is_dead})
    return f"a running training ({'; '.join(at_work)})" if at_work else "an interrupted training"


def begin(folder: Path, run: Run, dataset: Dataset) -> Run:
    """Begin a run's folder, or join whoever has begun it just now; the run that it holds.

    Raises
    ------
    ModelError
        If that is another.
    """
    write_run(folder, run, Beside.of(dataset))
    found = run_at(folder)
    if found is None or found.id != run.id:
        changes = "" if found is None else f": {difference(found, run)}"
        raise ModelError(
            f"{folder}: another training has just begun there, with other settings or data{changes}"
        )
    return found


def finish(folder: Path, run: Run) -> Model | None:
    """Make the model whole and open it; None if a shard is missing.

    Every shard is read, and its content checked, before the manifest is written. Of several processes that
    find the last shard done, one does so; the others wait for it, and take over if it dies.

    Raises
    ------
    ModelError
        If a shard is damaged, or another run's.
    """
    with Leases(folder / CLAIMS) as leases:
        while not (folder / MANIFEST).exists():
            if not all(shards_there(folder, run)):
                return None
            if not leases.take(MANIFEST):
                time.sleep(PAUSE)
                continue
            if (folder / MANIFEST).exists():  # it was written just before
                break
            entries = [entry_of(folder, shard, run.id) for shard in run.plan]
            try:
                return finish_run(folder, run, [entry for entry in entries if entry])
            except PwdismecError:
                if not (folder / MANIFEST).exists():  # else another, who took this one for dead, has done it
                    raise
    return open_finished(folder)
