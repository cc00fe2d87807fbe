"""The engines that spread work over processes and machines: joblib's loky, and dask.distributed.

What is sent is small, paths and numbers; each process maps the files that it
needs. joblib's `Parallel` is not used: over dask it waits for ever for a task
whose worker was killed too often.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Future
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Final, Protocol, TypeVar

from pwdismec.errors import ConfigError, PwdismecError

THREADS: Final = "threads"
LOKY: Final = "loky"
DASK: Final = "dask"
BACKENDS: Final = (THREADS, LOKY, DASK)

Task = TypeVar("Task")
Result = TypeVar("Result")

# Times in a row that workers may die before anything more is done.
_DEATHS = 3

_SECONDS_FOR_A_WORKER = 60

# A worker of loky's looks that often whether the process that started it still runs.
_SECONDS_BETWEEN_LOOKS = 1.0


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

    def in_order(
        self,
        function: Callable[[Task], Result],
        tasks: Iterable[Task],
        ahead: int | None = None,
        prepare: Callable[[], object] | None = None,
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
        PwdismecError
            If workers die again and again, or there are none.
        """
        pool = self._pool(prepare)
        with closing(pool):
            yield from _in_order(pool, function, iter(tasks), None if ahead is None else ahead * pool.size())

    def _pool(self, prepare: Callable[[], object] | None) -> _Pool:
        return _Dask(str(self.scheduler)) if self.name == DASK else _Loky(self._processes, prepare)


class _Pool(Protocol):
    """Workers under one engine."""

    def size(self) -> int:
        """Tasks that run at a time, about."""

    def submit(self, function: Callable[[Task], Result], task: Task) -> Future[Result]: ...

    def died(self, error: BaseException) -> bool:
        """Whether a worker's death made a task end so; other tasks may be submitted."""

    def close(self) -> None:
        """Let go of the workers; what is under way is not wanted any more."""


class _Loky:
    def __init__(self, processes: int, prepare: Callable[[], object] | None) -> None:
        self._processes, self._prepare = processes, prepare
        self._executor = self._started()

    def _started(self) -> Any:
        """Processes forked where that is safe: they start at once, and share what is prepared."""
        from joblib.externals.loky import ProcessPoolExecutor

        context = None
        if sys.platform == "linux" and threading.active_count() == 1:
            context = get_context("fork")
            if self._prepare is not None:
                self._prepare()
        return ProcessPoolExecutor(
            self._processes, context=context, initializer=_begin, initargs=(os.getpid(),)
        )

    def size(self) -> int:
        return self._processes

    def submit(self, function: Callable[[Task], Result], task: Task) -> Future[Result]:
        try:
            future: Future[Result] = self._executor.submit(function, task)
        except BrokenExecutor:  # by the death of one worker
            self.close()
            self._executor = self._started()
            future = self._executor.submit(function, task)
        return future

    def died(self, error: BaseException) -> bool:
        return isinstance(error, BrokenExecutor)

    def close(self) -> None:
        # With `kill_workers`, loky's thread fails, with a traceback, at tasks that no worker has been given.
        for process in list(self._executor._processes.values()):
            process.terminate()
        self._executor.shutdown()


def _begin(parent: int) -> None:
    """In a process of loky's: heed no handlers that were forked along, and end soon after its parent.

    That may be killed, and loky's workers would wait for ever.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is the parent that is interrupted
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class _Dask:
    def __init__(self, scheduler: str) -> None:
        try:
            from dask.distributed import Client
        except ImportError as error:
            raise ConfigError(
                "the backend dask needs dask.distributed: pip install 'pwdismec[cluster]'"
            ) from error
        # A scheduler that dies is told of in one line here, without the client's traceback.
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        try:
            self._client = Client(scheduler, set_as_default=False)
        except (OSError, ValueError) as error:
            raise PwdismecError(f"scheduler {scheduler}: cannot be reached: {error}") from error
        try:
            self._client.wait_for_workers(1, timeout=_SECONDS_FOR_A_WORKER)
        except TimeoutError as error:
            self._client.close()
            raise PwdismecError(f"scheduler {scheduler}: no worker in {_SECONDS_FOR_A_WORKER} s") from error
        self._executor = self._client.get_executor(pure=False)

    def size(self) -> int:
        return sum(self._client.nthreads().values())

    def submit(self, function: Callable[[Task], Result], task: Task) -> Future[Result]:
        future: Future[Result] = self._executor.submit(function, task)
        return future

    def died(self, error: BaseException) -> bool:
        from dask.distributed import KilledWorker

        return isinstance(error, KilledWorker)

    def close(self) -> None:
        self._client.close()  # the scheduler forgets what nobody waits for


def _in_order(
    pool: _Pool, function: Callable[[Task], Result], tasks: Iterator[Task], ahead: int | None
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
            raise PwdismecError("the scheduler let go of what was to be done; does it still run?") from error
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
    pool: _Pool, function: Callable[[Task], Result], task: Task, future: Future[Result]
) -> Future[Result]:
    """The same future, unless its worker died."""
    if future.done() and (error := future.exception()) is not None and pool.died(error):
        return pool.submit(function, task)
    return future


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
