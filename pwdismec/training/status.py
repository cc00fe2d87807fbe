"""How a training stands that many processes may share: what is done, who is at what, how long it takes."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from pwdismec.cluster.leases import EXPIRY, Claim, Sign, claim_files, read_claim
from pwdismec.errors import ModelError
from pwdismec.model.model_manifest import CLAIMS, MANIFEST, run_at
from pwdismec.model.shard_plan import shards_there

# The rate is that of so many shards of the latest, or a few for each that runs.
_LATEST = 20
_LATEST_A_WORKER = 4


@dataclass(frozen=True)
class Worker:
    """Who claims a shard.

    Attributes
    ----------
    shard
        As its file is numbered; "manifest" for checking all shards in the end.
    host, pid
        The process.
    seconds
        How long it was at it, to its last sign of life.
    silent
        Seconds since that.
    why
        Why it failed; None if it did not.
    """

    shard: str
    host: str
    pid: int
    seconds: float
    silent: float
    why: str | None


@dataclass(frozen=True)
class Status:
    """How a training stands.

    Attributes
    ----------
    model
        The folder.
    whole
        Whether it is a model by now.
    shards, done
        How many there are, and how many are written.
    running, lost, failed
        Claims on shards: of who is at work, who died or is silent, and who gave up.
    missing
        Shards that are neither done nor being worked on.
    shards_per_hour, seconds_left
        From the latest shards; None if there is nothing to tell it by, or nothing left.
    """

    model: str
    whole: bool
    shards: int
    done: int
    running: Sequence[Worker]
    lost: Sequence[Worker]
    failed: Sequence[Worker]
    missing: Sequence[int]
    shards_per_hour: float | None
    seconds_left: float | None


def status_of(path: str | Path) -> Status:
    """How the training at `path` stands; nothing but names and times of files is looked at.

    Raises
    ------
    ModelError
        If there is no model, nor one that is being trained.
    """
    folder = Path(path)
    run = run_at(folder) if folder.is_dir() else None
    if run is None:
        raise ModelError(f"{folder}: neither a model nor a training that is not finished")
    there = shards_there(folder, run)
    names = [Path(shard.file).stem for shard in run.plan]
    left = {name: number for number, name in enumerate(names) if not there[number]}
    now = _now(folder)
    workers: dict[str, list[Worker]] = {"running": [], "lost": [], "failed": []}
    for path in claim_files(folder / CLAIMS):
        found = read_claim(path) if path.stem in left or path.name == MANIFEST else None
        if found is not None:
            state, worker = _judged(path.stem, *found, now)
            workers[state].append(worker)
    at_work = {worker.shard for worker in workers["running"]}
    rate = _rate(
        [folder / shard.file for shard, done in zip(run.plan, there, strict=True) if done], at_work, now
    )
    return Status(
        model=str(folder),
        whole=(folder / MANIFEST).exists(),
        shards=len(names),
        done=sum(there),
        **workers,
        missing=[number for name, number in left.items() if name not in at_work],
        shards_per_hour=rate and 3600 * rate,
        seconds_left=rate and len(left) / rate,
    )


def _judged(shard: str, claim: Claim, sign: Sign, now: float) -> tuple[str, Worker]:
    """What a claim comes to, and who made it."""
    touched = sign.mtime_ns / 1e9
    silent, seconds = max(0.0, now - touched), max(0.0, touched - claim.since)
    worker = Worker(shard, claim.host, claim.pid, seconds, silent, claim.failed)
    if claim.failed is not None:
        return "failed", worker
    return "lost" if claim.is_dead or silent > EXPIRY else "running", worker


def _rate(done: Sequence[Path], at_work: Collection[str], now: float) -> float | None:
    """Shards a second, by the times of the latest files."""
    times = sorted(path.stat().st_mtime for path in done)[-max(_LATEST, _LATEST_A_WORKER * len(at_work)) :]
    if len(times) < 2:
        return None
    span = max(times[-1], now if at_work else 0) - times[0]
    return (len(times) - 1) / span if span > 0 else None


def _now(folder: Path) -> float:
    """The time by the clock that dates the files; by this machine's, where there is no writing."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            return os.fstat(file.fileno()).st_mtime
    except OSError:
        return time.time()
