"""Engines: results in the order of the tasks, workers that die, and what cannot be."""

from contextlib import closing
from pathlib import Path

import pytest
from worker_tasks import die, die_once, fail, slow_square

from pwdismec.cluster import Backend
from pwdismec.errors import ConfigError, DataError, PwdismecError


@pytest.fixture
def loky(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))  # for worker_tasks
    return Backend("loky", workers=2)


@pytest.mark.parametrize("ahead", [None, 1, 3])
def test_results_come_in_order(loky, ahead):
    assert list(loky.in_order(slow_square, range(9), ahead)) == [n * n for n in range(9)]


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
