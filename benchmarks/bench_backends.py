"""What it costs to spread a training over processes: two threads against two workers of loky, and of dask.

    python benchmarks/bench_backends.py DATASET [--labels 4000] [--shard-size 250] [--rounds 3]

Trains the first labels of the data set that have a positive, from a copy of it in a folder, as each
contender in turn:

    threads        one process, two threads
    loky           two processes of one thread
    dask 2x1       two dask workers of one thread, started before as docs/cluster.md says
    dask 1x2       one dask worker of two threads, started likewise

Time is of `train` as a whole: loky's processes start within it. Memory is the sum of the proportional set
sizes (PSS: a page that several processes share is divided among them) of all processes that take part, at its
peak. It is looked at twice a second: ten times took 3 % of the cores from dask's, and half of that from the
threads. Rounds are interleaved, medians reported.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np
from environment import environment
from rounds import medians

from pwdismec import Dataset, TrainingConfig, Weighting, train
from pwdismec.parallel import DASK, LOKY, Backend

MB = 1e6
_SECONDS_BETWEEN_LOOKS = 0.5
CONTENDERS = ("threads", "loky", "dask 2x1", "dask 1x2")


def descendants(pid: int) -> set[int]:
    """A process and all below it."""
    found, new = set[int](), {pid}
    while new:
        found |= new
        new = {child for parent in new for child in _children(parent)} - found
    return found


def _children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            yield from map(int, task.read_text().split())
        except OSError:  # it has ended
            continue


def pss(pid: int) -> int:
    """A process's proportional set size in bytes; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


@contextmanager
def peak_of(*roots: int) -> Iterator[list[float]]:
    """Watch the memory of processes and their descendants; the list holds the peak of the sum in the end."""
    ended, peak = threading.Event(), [0.0]

    def watch() -> None:
        while not ended.wait(_SECONDS_BETWEEN_LOOKS):
            pids = set().union(*map(descendants, roots))
            peak[0] = max(peak[0], float(sum(map(pss, pids))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()


@contextmanager
def dask_workers(n_workers: int, n_threads: int, folder: Path) -> Iterator[tuple[str, list[int]]]:
    """A scheduler and workers on this machine; its address, and the workers' process ids."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(name: str, *arguments: str) -> None:
        command = [sys.executable, "-m", f"distributed.cli.dask_{name}", *arguments]
        log = (folder / f"{name}.log").open("ab")
        processes.append(subprocess.Popen(command, cwd=folder, stdout=log, stderr=log))

    file = folder / "scheduler.json"
    start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file), "--no-dashboard")
    for _ in range(n_workers):
        own = ["--host", "127.0.0.1", "--nthreads", str(n_threads), "--no-nanny", "--no-dashboard"]
        own += ["--preload", "pwdismec.dask_preload"]
        start("worker", "--scheduler-file", str(file), *own)
    try:
        from dask.distributed import Client

        with Client(scheduler_file=str(file), set_as_default=False) as client:
            client.wait_for_workers(n_workers, timeout=60)
            address = client.scheduler.address
        yield address, [process.pid for process in processes[1:]]
    finally:
        for process in processes:
            process.kill()
            process.wait()
        file.unlink(missing_ok=True)


def run(contender: str, dataset: Path, shard_size: int, work: Path) -> dict[str, float]:
    """Train as the contender does, in a fresh process: seconds, and megabytes at the peak."""
    child = [sys.executable, __file__, str(dataset), "--shard-size", str(shard_size), "--child", contender]
    if not contender.startswith(DASK):
        return _measured(child, [])
    workers, threads = map(int, contender.removeprefix("dask ").split("x"))
    with dask_workers(workers, threads, work) as (address, pids):
        return _measured([*child, "--scheduler", address], pids)


def _measured(command: list[str], others: list[int]) -> dict[str, float]:
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process,
        peak_of(process.pid, *others) as peak,
    ):
        out, _ = process.communicate()
    if process.returncode:
        raise SystemExit(process.returncode)
    return {"seconds": float(out.split()[-1]), "megabytes": peak[0] / MB}


def train_as(contender: str, dataset: Path, shard_size: int, scheduler: str | None) -> float:
    """What the fresh process does; the seconds of `train`."""
    backend, jobs = Backend(), 2
    if contender == LOKY:
        backend, jobs = Backend(LOKY, workers=2), 1
    elif scheduler is not None:
        backend, jobs = Backend(DASK, scheduler=scheduler), 1
    config = TrainingConfig(Weighting("pw"), shard_size=shard_size)
    data = Dataset.open(dataset)
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        train(data, Path(folder) / "model", config, jobs=jobs, backend=backend)
        return time.monotonic() - started


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--labels", default=4000, show_default=True)
@click.option("--shard-size", default=250, show_default=True)
@click.option("--rounds", default=3, show_default=True)
@click.option("--only", multiple=True, type=click.Choice(CONTENDERS), help="Leave the others out.")
@click.option("--child", hidden=True)
@click.option("--scheduler", hidden=True)
def main(
    dataset: Path,
    labels: int,
    shard_size: int,
    rounds: int,
    only: tuple[str, ...],
    child: str | None,
    scheduler: str | None,
) -> None:
    if child is not None:
        click.echo(train_as(child, dataset, shard_size, scheduler))
        return
    print(environment("joblib", "distributed"))
    with tempfile.TemporaryDirectory() as folder:
        data = Dataset.open(dataset)
        some = Path(folder) / "some"
        data.select_labels(np.flatnonzero(data.label_counts)[:labels]).save(some)
        megabytes: dict[str, list[float]] = {}

        def seconds(contender: str) -> float:
            found = run(contender, some, shard_size, Path(folder))
            megabytes.setdefault(contender, []).append(found["megabytes"])
            return found["seconds"]

        chosen = only or CONTENDERS
        times = medians({name: lambda name=name: seconds(name) for name in chosen}, rounds)
        first = times[chosen[0]]
        print(f"{dataset.name}, first {labels:,} labels, shards of {shard_size}\n")
        print("| | s | times the first | PSS at the peak, MB |\n|---|---|---|---|")
        for name, taken in times.items():
            print(f"| {name} | {taken:.1f} | {taken / first:.2f} | {np.median(megabytes[name]):,.0f} |")


if __name__ == "__main__":
    main()
