"""The engines that spread work over processes and machines: joblib's loky, and dask.distributed.

What is sent is small, paths and numbers; each process maps the files that it
needs. joblib's `Parallel` is not used: over dask it waits for ever for a task
whose worker was killed too often.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from pwdismec.cluster.pools import Dask, Loky, Pool, Prepare, Result, Task
from pwdismec.cluster.worker_side import do, log_again
from pwdismec.errors import ConfigError, PwdismecError, StorageError

THREADS: Final = "threads"
LOKY: Final = "loky"
DASK: Final = "dask"
BACKENDS: Final = (THREADS, LOKY, DASK)

# Times in a row that workers may die before anything more is done.
_DEATHS = 3


@dataclass(frozen=True)
class Backend:
    """Where work is done.

    Attributes
    ----------
    name
        "threads": in this process. "loky": in processes of this machine. "dask": wherever the workers of a
        dask.distributed scheduler are.
    workers
        Processes, for loky; default one for each core.
    scheduler
        The scheduler's address, for dask.

    Raises
    ------
    ConfigError
        If these do not go together.
    """

    name: str = THREADS
    workers: int | None = None
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if self.name not in BACKENDS:
            raise ConfigError(f"backend: {self.name!r}; expected {', '.join(BACKENDS)}")
        if self.workers is not None and (self.name != LOKY or self.workers < 1):
            raise ConfigError(f"workers: {self.workers}; expected 1 or more, with the backend {LOKY}")
        if (self.scheduler is not None) != (self.name == DASK):
            raise ConfigError(f"scheduler: {self.scheduler}; expected an address, with the backend {DASK}")

    def threads(self, jobs: int) -> int:
        """How many threads a task is to have; −1 shares this machine's cores among loky's workers.

        A dask worker has tasks for all of its threads, so that −1 is one for each task.
        """
        if jobs != -1:
            return jobs
        return max(1, _cores() // self._processes) if self.name == LOKY else 1

    @property
    def _processes(self) -> int:
        return self.workers or _cores()

    @contextmanager
    def reached(self) -> Iterator[Workers]:
        """The workers, of dask once its scheduler is reached; what is under way in the end is dropped.

        Raises
        ------
        PwdismecError
            If the scheduler cannot be reached, or has no workers.
        """
        pool = Dask(str(self.scheduler)) if self.name == DASK else Loky(self._processes)
        with closing(pool):
            yield Workers(pool)

    def in_order(
        self, function: Callable[[Task], Result], tasks: Iterable[Task], ahead: int | None = None
    ) -> Generator[Result, None, None]:
        """`Workers.in_order` of workers that are reached for that alone."""
        with self.reached() as workers:
            yield from workers.in_order(function, tasks, ahead)


class Workers:
    """What does tasks; made by `Backend.reached`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def in_order(
        self,
        function: Callable[[Task], Result],
        tasks: Iterable[Task],
        ahead: int | None = None,
        prepare: Prepare | None = None,
    ) -> Generator[Result, None, None]:
        """What `function` makes of each task, in order; tasks of a worker that died are done again.

        Parameters
        ----------
        function
            Of a module that the workers can import.
        tasks
            Small, and picklable.
        ahead
            Tasks a worker may be given before their turn to be yielded; default all.
        prepare
            Makes what `function` would make at a worker's first task, and leaves it where that looks for it.
            Called here before processes are forked, which then share it; other workers see to it themselves.

        Raises
        ------
        StorageError
            If the scheduler is lost.
        PwdismecError
            If workers die again and again.
        """
        pool = self._pool
        pool.begin(prepare)
        ahead = None if ahead is None else ahead * pool.size()
        for result, records in _in_order(pool, partial(do, function), iter(tasks), ahead):
            log_again(records)
            yield result


def _in_order(
    pool: Pool, function: Callable[[Task], Result], tasks: Iterator[Task], ahead: int | None
) -> Iterator[Result]:
    waiting: deque[tuple[Task, Future[Result]]] = deque()
    deaths = 0
    while True:
        while ahead is None or len(waiting) < ahead:
            try:
                task = next(tasks)
            except StopIteration:
                break
            waiting.append((task, pool.submit(function, task)))
        if not waiting:
            return
        try:
            result = waiting[0][1].result()
        except CancelledError as error:
            raise StorageError(
                "the scheduler has let go of what was to be done, and may have ended"
            ) from error
        except Exception as error:
            if not pool.died(error):
                raise
            deaths += 1
            if deaths == _DEATHS:
                raise PwdismecError(
                    f"workers died {deaths} times in a row before anything was done; is memory too scarce?"
                ) from error
            waiting = deque((task, _again(pool, function, task, future)) for task, future in waiting)
            continue
        deaths = 0
        waiting.popleft()
        yield result


def _again(
    pool: Pool, function: Callable[[Task], Result], task: Task, future: Future[Result]
) -> Future[Result]:
    """The same future, unless its worker died."""
    if future.done() and (error := future.exception()) is not None and pool.died(error):
        return pool.submit(function, task)
    return future


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
