"""Engines: results in the order of the tasks, workers that die, and what cannot be."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import pytest
from helpers.worker_tasks import die, die_once, fail, slow_square

from pwdismec.errors import ConfigError, DataError, PwdismecError
from pwdismec.parallel import Backend, worker_side
from pwdismec.parallel.ordered import _again, _UnderWay


@pytest.fixture
def loky(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))  # for worker_tasks
    return Backend("loky", workers=2)


@pytest.mark.parametrize("ahead", [None, 1, 3])
def test_results_come_in_order(loky, ahead):
    assert list(loky.in_order(slow_square, range(9), ahead)) == [n * n for n in range(9)]


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux")
@pytest.mark.parametrize("threads", [1, 2])
def test_what_is_prepared_before_processes_are_forked_is_theirs(threads):
    """Where another thread runs forking is not safe, so that they prepare for themselves."""
    script = (
        "import os, threading\n"
        "from pwdismec.parallel import Backend\n"
        "from helpers.worker_tasks import prepare, who_prepared\n"
        "event = threading.Event()\n"
        f"if {threads} == 2: threading.Thread(target=event.wait).start()\n"
        "with Backend('loky', workers=2).reached() as workers:\n"
        "    found = list(workers.in_order(who_prepared, range(6), prepare=prepare))\n"
        "event.set()\n"
        f"assert found == 6 * [[os.getpid()][: {2 - threads}]], found\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)


def test_what_is_not_asked_for_is_not_begun(loky):
    given = []

    def tasks():
        for number in range(1000):
            given.append(number)
            yield number

    with closing(loky.in_order(slow_square, tasks(), 2)) as results:
        assert next(results) == 0
    assert len(given) == 4


def test_tasks_of_workers_that_die_are_done_again(loky, tmp_path):
    tasks = [(number, str(tmp_path)) for number in range(6)]
    assert list(loky.in_order(die_once, tasks)) == list(range(6))


def test_workers_that_die_again_and_again_are_told_of(loky):
    with pytest.raises(PwdismecError, match="workers died 3 times in a row before anything was done"):
        list(loky.in_order(die, range(3)))


def test_a_workers_error_comes_as_it_was(loky):
    with pytest.raises(DataError, match=r"^file\.txt:7: a fault$") as error:
        list(loky.in_order(fail, range(3)))
    assert (error.value.path, error.value.line) == (Path("file.txt"), 7)


@pytest.mark.parametrize("threads", [1, 2], ids=["forked", "begun anew"])
def test_what_a_worker_logs_is_logged_here_and_nowhere_else(threads):
    script = (
        "import logging, threading\n"
        "from pwdismec.parallel import Backend\n"
        "from helpers.worker_tasks import warn\n"
        "logging.basicConfig(format='here %(name)s %(message)s')\n"
        "event = threading.Event()\n"
        f"if {threads} == 2: threading.Thread(target=event.wait, daemon=True).start()\n"
        "assert list(Backend('loky', workers=2).in_order(warn, range(3))) == [0, 1, 2]\n"
        "event.set()\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", script]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    lines = run.stderr.splitlines()
    retries = [f"here pwdismec.patience file {number}: failed; trying again" for number in range(3)]
    assert [line for line in lines if "patience" in line] == retries
    warned = [line for line in lines if "RuntimeWarning: of a library" in line]
    assert warned and all(line.startswith("here py.warnings ") for line in warned)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "mpi"}, "backend: 'mpi'; expected threads, loky, dask"),
        ({"workers": 2}, "workers: 2; expected 1 or more, with the backend loky"),
        ({"name": "loky", "workers": 0}, "workers: 0; expected 1 or more"),
        ({"name": "dask"}, "scheduler: None; expected an address, with the backend dask"),
        ({"name": "loky", "scheduler": "tcp://x:1"}, "scheduler: tcp://x:1; expected an address, with"),
    ],
)
def test_settings_that_do_not_go_together(settings, message):
    with pytest.raises(ConfigError, match=message):
        Backend(**settings)


@pytest.mark.parametrize(
    ("settings", "jobs", "threads"),
    [
        ({"name": "loky", "workers": 3}, -1, 2),
        ({"name": "loky", "workers": 16}, -1, 1),
        ({"name": "loky"}, -1, 1),
        ({"name": "dask", "scheduler": "tcp://x:1"}, -1, 1),
        ({"name": "loky", "workers": 3}, 5, 5),
    ],
)
def test_workers_share_the_machines_cores(monkeypatch, settings, jobs, threads):
    monkeypatch.setattr("pwdismec.parallel.backends._cores", lambda: 8)
    assert Backend(**settings).threads(jobs) == threads


def test_a_task_is_given_again_if_its_worker_died_and_only_then():
    """Not where it is under way, has succeeded, or has failed by a fault of its own."""

    class Dead(Exception):
        pass

    class Pool:
        def submit(self, function, task):
            return "again"

        def died(self, error):
            return isinstance(error, Dead)

    under_way, done, failed, dead = (Future() for _ in range(4))
    done.set_result(1)
    failed.set_exception(DataError("file", "a fault"))
    dead.set_exception(Dead())
    waiting = threading.Timer(30, under_way.set_result, [0])
    waiting.start()
    for future in (under_way, done, failed):
        assert _again(Pool(), print, _UnderWay(0, 0, future)) is future
    assert not under_way.done(), "it was waited for"
    waiting.cancel()
    assert _again(Pool(), print, _UnderWay(0, 0, dead)) == "again"


def test_a_worker_told_to_end_that_has_nothing_to_do_ends(monkeypatch):
    ended = []
    monkeypatch.setattr(worker_side, "_under_way", [])
    monkeypatch.setattr(worker_side.os, "_exit", lambda code: ended.append(code) or sys.exit())
    with pytest.raises(SystemExit):
        worker_side._drop(signal.SIGTERM, None)
    assert ended == [128 + signal.SIGTERM]  # as a shell says it


def test_a_worker_told_to_end_drops_what_is_under_way(monkeypatch):
    handled = []
    monkeypatch.setattr(worker_side.signal, "signal", lambda *how: handled.append(how))
    monkeypatch.setattr(worker_side, "_under_way", [True])
    with pytest.raises(worker_side._Dropped):
        worker_side._drop(signal.SIGTERM, None)
    assert handled == [(signal.SIGTERM, signal.SIG_IGN)]  # once is enough
