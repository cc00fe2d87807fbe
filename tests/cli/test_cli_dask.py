"""A real dask.distributed scheduler on this machine, and workers in processes that are killed."""

import os
import re
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from helpers.command_line import DISK, output, refusal, start
from helpers.killing import kill_claimants
from helpers.small_data import files_of
from helpers.waiting import wait_until
from helpers.worker_tasks import fail, slow_square

from pwdismec.errors import DataError
from pwdismec.parallel import Backend

dask = pytest.importorskip("dask")
Client = pytest.importorskip("distributed").Client


@pytest.fixture
def processes():
    """Of a scheduler and its workers, in this order."""
    begun = []
    yield begun
    for process in begun:
        process.kill()
    for process in begun:
        process.wait()


@pytest.fixture
def scheduler(tmp_path, processes):
    """The address of a scheduler with two workers; a worker that dies is not started again.

    The first is started as docs/cluster.md says, the second without the preload. Both, and not the scheduler,
    find modules of the tests.
    """

    def begin(name, *arguments, **variables):
        log = tmp_path / f"{name}.log"
        command = [sys.executable, "-m", "distributed.cli.dask_" + name.split("-")[0], *arguments]
        with log.open("w") as file:
            process = subprocess.Popen(
                command, cwd=tmp_path, stdout=file, stderr=file, env=os.environ | variables
            )
        processes.append(process)
        return log

    log = begin("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")
    address = wait_for(r"Scheduler at: +(tcp://\S+)", log, processes[-1])
    for number, preload in ((1, ["--preload", "pwdismec.dask_preload"]), (2, [])):
        mine = ["--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard", *preload]
        log = begin(f"worker-{number}", address, *mine, PYTHONPATH=str(Path(__file__).parents[1]))
        wait_for("Registered to:", log, processes[-1])
    return address


def wait_for(pattern, log, process):
    found = wait_until(lambda: re.search(pattern, log.read_text()), process, told=log.read_text)
    return found[1] if found.groups() else None


def test_the_scheduler_need_not_import_what_the_workers_do(scheduler):
    backend = Backend("dask", scheduler=scheduler)
    assert list(backend.in_order(slow_square, range(9))) == [n * n for n in range(9)]
    with pytest.raises(DataError, match=r"^file\.txt:7: a fault$"):
        list(backend.in_order(fail, range(3)))


def test_a_worker_has_at_hand_what_it_preloads(scheduler):
    def at_hand(dask_worker):
        modules = "pwdismec.training.workers", "pwdismec.steps.prediction_workers", "pwdismec.steps.evaluate"
        return {*modules} <= sys.modules.keys(), "profile" in dask_worker.periodic_callbacks

    with Client(scheduler, set_as_default=False) as client:
        assert sorted(client.run(at_hand).values()) == [(False, True), (True, False)]


@pytest.mark.slow
def test_a_worker_that_is_killed_in_the_middle_of_a_shard(delicious, scheduler, tmp_path):
    ended = threading.Event()
    with ThreadPoolExecutor() as beside:
        killing = beside.submit(kill_claimants, tmp_path / "m" / "claims", ended, 1)
        on_dask = "--backend", "dask", "--scheduler", scheduler
        output("train", delicious.train, tmp_path / "m", *delicious.options, *on_dask)
        ended.set()
        (killed,) = killing.result()
    assert killed != os.getpid()
    assert files_of(tmp_path / "m") == files_of(delicious.one)


def test_dask_trains_predicts_and_evaluates_the_same(scheduler, job, tmp_path):
    on_dask = "--backend", "dask", "--scheduler", scheduler
    output("train", job.train, tmp_path / "m", "--shard-size", 10, *on_dask)
    assert files_of(tmp_path / "m") == files_of(job.model)
    output("predict", job.model, job.test, tmp_path / "p.txt", *on_dask)
    assert (tmp_path / "p.txt").read_bytes() == job.predictions.read_bytes()
    command = "evaluate", job.predictions, job.test, "--train", job.train
    assert output(*command, *on_dask) == output(*command)


def test_workers_do_not_take_what_they_had_read_for_what_is_there_now(scheduler, job, tmp_path):
    on_dask = "--backend", "dask", "--scheduler", scheduler
    for number, options in enumerate((["--C", 1], ["--C", 0.001, "--weighting", "vanilla"])):
        output("train", job.train, tmp_path / "m", *options)
        expected, found = tmp_path / f"expected-{number}", tmp_path / f"p-{number}.txt"
        output("predict", tmp_path / "m", job.test, expected)
        output("predict", tmp_path / "m", job.test, found, *on_dask)
        assert found.read_bytes() == expected.read_bytes()
        report = output("evaluate", found, job.test, *on_dask)
        assert report == output("evaluate", expected, job.test)
        shutil.rmtree(tmp_path / "m")
    assert (tmp_path / "expected-0").read_bytes() != (tmp_path / "expected-1").read_bytes()


def test_a_scheduler_that_dies(scheduler, processes, job, tmp_path):
    command = "train", job.train, tmp_path / "m", "--shard-size", 1, "--tolerance", 1e-12, "--quiet"
    training = start(*command, "--max-epochs", 10**6, "--backend", "dask", "--scheduler", scheduler)
    wait_until(lambda: list(tmp_path.glob("m/claims/*")), training)
    processes[0].kill()
    _, err = training.communicate()
    assert training.returncode == DISK
    assert err == (
        "pwdismec: error: the scheduler has let go of what was to be done, and may have ended; "
        "finished shards are kept; resume with the same command and --resume\n"
    )


@pytest.mark.parametrize("command", ["train", "predict"])
def test_a_scheduler_that_is_not_there(job, tmp_path, command):
    sources = {"train": (job.train,), "predict": (job.model, job.test)}[command]
    options = "--backend", "dask", "--scheduler", "tcp://127.0.0.1:1"
    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}):
        message = refusal(command, *sources, tmp_path / "m", *options)
    assert message.startswith("scheduler tcp://127.0.0.1:1: cannot be reached: ")
    assert list(tmp_path.iterdir()) == []
