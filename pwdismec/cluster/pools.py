"""Workers under one engine, started or reached: joblib's loky, and dask.distributed."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent import futures
from concurrent.futures import BrokenExecutor, Future
from multiprocessing import get_context
from multiprocessing.connection import wait
from typing import Any, Protocol, TypeVar

from pwdismec.cluster.worker_side import begin_worker
from pwdismec.errors import ConfigError, PwdismecError

Task = TypeVar("Task")
Result = TypeVar("Result")

Prepare = Callable[[], object]

_SECONDS_FOR_A_WORKER = 60
_SECONDS_TO_END = 0.1
_SECONDS_BETWEEN = 0.1  # looks whether an executor still has its thread


class Pool(Protocol):
    """Workers under one engine."""

    def begin(self, prepare: Prepare | None) -> None:
        """Start the workers, if they do not run; those that are forked after `prepare`."""

    def size(self) -> int:
        """Tasks that run at a time, about."""

    def submit(self, function: Callable[[Task], Result], task: Task) -> Future[Result]: ...

    def died(self, error: BaseException) -> bool:
        """Whether a worker's death made a task end so; other tasks may be submitted."""

    def close(self) -> None:
        """Let go of the workers; what is under way is not wanted any more."""


class Loky:
    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._prepare: Prepare | None = None
        self._executor: Any = None

    def begin(self, prepare: Prepare | None) -> None:
        self._prepare = prepare
        self._executor = self._started()

    def _started(self) -> Any:
        """Processes forked where that is safe: they start at once, and share what is prepared."""
        from joblib.externals.loky import ProcessPoolExecutor

        context = None
        if sys.platform == "linux" and threading.active_count() == 1:
            context = get_context("fork")
            if self._prepare is not None:
                self._prepare()
        executor = ProcessPoolExecutor(
            self._processes, context=context, initializer=begin_worker, initargs=(os.getpid(),)
        )
        start_workers(executor)
        return executor

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
        if self._executor is None:
            return
        # With `kill_workers`, loky's thread fails, with a traceback, at tasks that no worker has been given.
        running = {process.sentinel: process for process in list(self._executor._processes.values())}
        while running:  # a process that is just about to wait when it is told to end does not hear it
            for process in running.values():
                process.terminate()
            for ended in wait(list(running), _SECONDS_TO_END):
                del running[ended]
        self._executor.shutdown()


def start_workers(executor: Any) -> None:
    """Start the processes of an executor with signals blocked, until `begin_worker` says what they mean.

    Raises
    ------
    RuntimeError
        If the system refuses a thread that the executor needs, here or in its own.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        first = executor.submit(os.getpid)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    while not futures.wait([first], _SECONDS_BETWEEN).done:
        if not executor._executor_manager_thread.is_alive():
            for process in executor._processes.values():
                process.terminate()
            raise RuntimeError("can't start new thread")  # what ended that one


class Dask:
    def __init__(self, scheduler: str) -> None:
        try:
            from dask.distributed import Client
        except ImportError as error:
            raise ConfigError(
                "the backend dask needs dask.distributed: pip install 'pwdismec[cluster]'"
            ) from error
        # A scheduler that dies is told of in one line here, without the client's tracebacks.
        for part in ("client", "batched"):
            logging.getLogger(f"distributed.{part}").setLevel(logging.CRITICAL)
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

    def begin(self, prepare: Prepare | None) -> None:
        """They run, and prepare at their first task."""

    def size(self) -> int:
        return sum(self._client.nthreads().values())

    def submit(self, function: Callable[[Task], Result], task: Task) -> Future[Result]:
        # In dask's form for the way already: else its scheduler reads it, and imports the function's module.
        from distributed.protocol.pickle import dumps

        future: Future[Result] = self._executor.submit(_do, dumps((function, task)))
        return future

    def died(self, error: BaseException) -> bool:
        from dask.distributed import KilledWorker

        return isinstance(error, KilledWorker)

    def close(self) -> None:
        self._client.close()  # the scheduler forgets what nobody waits for


def _do(work: bytes) -> Any:
    """In a worker of dask's: what a function makes of a task."""
    from distributed.protocol.pickle import loads

    function, task = loads(work)
    return function(task)
