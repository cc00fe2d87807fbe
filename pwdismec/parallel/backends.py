"""The engines that spread work over processes and machines: joblib's loky, and dask.distributed.

What is sent is small, paths and numbers; each process maps the files that it
needs. joblib's `Parallel` is not used: over dask it waits for ever for a task
whose worker was killed too often.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from pwdismec.errors import ConfigError
from pwdismec.parallel.ordered import in_order
from pwdismec.parallel.pools import Dask, Prepare, Processes, Result, Task
from pwdismec.parallel.worker_side import do, log_again

THREADS: Final = "threads"
LOKY: Final = "loky"
DASK: Final = "dask"
BACKENDS: Final = (THREADS, LOKY, DASK)


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
        pool = Dask(str(self.scheduler)) if self.name == DASK else Processes(self._processes)
        with closing(pool):
            yield Workers(pool)

    def in_order(
        self,
        function: Callable[[Task], Result],
        tasks: Iterable[Task],
        ahead: int | None = None,
        size_of: Callable[[Task], int] | None = None,
    ) -> Generator[Result, None, None]:
        """`Workers.in_order` of workers that are reached for that alone."""
        with self.reached() as workers:
            yield from workers.in_order(function, tasks, ahead, size_of)


class Workers:
    """What does tasks; made by `Backend.reached`."""

    def __init__(self, pool: Processes | Dask) -> None:
        self._pool = pool

    def in_order(
        self,
        function: Callable[[Task], Result],
        tasks: Iterable[Task],
        ahead: int | None = None,
        size_of: Callable[[Task], int] | None = None,
        prepare: Prepare | None = None,
    ) -> Generator[Result, None, None]:
        """What `function` makes of each task, in order; tasks of a worker that died are done again.

        Parameters
        ----------
        function
            Of a module that the workers can import.
        tasks
            Picklable.
        ahead
            Tasks a worker may be given before their turn to be yielded; default all.
        size_of
            As `in_order` takes it.
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
        for result, records in in_order(pool, partial(do, function), tasks, ahead, size_of):
            log_again(records)
            yield result


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
