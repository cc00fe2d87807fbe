"""What works on tasks besides threads: processes of this machine, and the workers of a dask scheduler."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent import futures
from concurrent.futures import BrokenExecutor, CancelledError, Future, ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import wait
from typing import Any, TypeVar

from pwdismec.errors import ConfigError, PwdismecError, StorageError
from pwdismec.parallel.worker_side import begin_worker

Task = TypeVar("Task")
Result = TypeVar("Result")

Prepare = Callable[[], object]

_SECONDS_FOR_A_WORKER = 60
_SECONDS_TO_END = 0.1
_SECONDS_BETWEEN = 0.1  # looks whether an executor still has its thread


class Processes:
    """Processes of this machine that end together, with this one or when they are not wanted any more.

    They are forked where that is safe, and then start at once and share what is prepared; elsewhere they are
    loky's.

    Parameters
    ----------
    number
        How many.
    """

    repeats = True

    def __init__(self, number: int) -> None:
        self._number = number
        self._prepare: Prepare | None = None
        self._executor: Any = None
        self._watch: _Watch | None = None

    def begin(self, prepare: Prepare | None = None) -> None:
        """Start them, after `prepare` if they are forked."""
        self._prepare = prepare
        self._start()

    def _start(self) -> None:
        if sys.platform == "linux" and threading.active_count() == 1:
            if self._prepare is not None:
                self._prepare()
            executor: Any = ProcessPoolExecutor(
                self._number, get_context("fork"), begin_worker, (os.getpid(),)
            )
        else:
            from joblib.externals import loky

            executor = loky.ProcessPoolExecutor(
                self._number, initializer=begin_worker, initargs=(os.getpid(),)
            )
        self._watch = _Watch(_start_workers(executor))
        self._executor = executor

    def size(self) -> int:
        """How many there are."""
        return self._number

    def submit(self, function: Callable[[Task], Result], task: Task, /) -> Future[Result]:
        """Have `function` called with `task` in one of them, as soon as one is free."""
        future: Future[Result] = Future()
        try:
            future = self._executor.submit(function, task)
        except BrokenExecutor as error:  # of which those that are under way do not know yet
            future.set_exception(error)
        return future

    def died(self, error: BaseException) -> bool:
        """See `Pool.died`."""
        return isinstance(error, BrokenExecutor)

    def renew(self) -> None:
        """See `Pool.renew`: when one has died, the others have as well."""
        self.close()
        self._start()

    def close(self) -> None:
        """End them; what is under way is dropped."""
        executor, self._executor = self._executor, None
        if executor is None:
            return
        # Executors' own ways to end processes fail, with a traceback, at tasks that none has been given.
        running = {process.sentinel: process for process in list((executor._processes or {}).values())}
        if self._watch is not None:
            self._watch.end()
            self._watch = None
        while running:  # a process that is just about to wait when it is told to end does not hear it
            for process in running.values():
                process.terminate()
            for ended in wait(list(running), _SECONDS_TO_END):
                del running[ended]
        executor.shutdown()


class _Watch:
    """Ends all of some processes when one of them dies.

    One that is killed while it sends a result leaves the pipe between its bytes, and this process waiting for
    the rest of them as long as any other could write there.
    """

    def __init__(self, processes: Sequence[Any]) -> None:
        self._processes = processes
        self._reader, self._writer = os.pipe()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        if self._reader not in wait([self._reader, *(process.sentinel for process in self._processes)]):
            for process in self._processes:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)  # loky's have no `kill`

    def end(self) -> None:
        """Look no more."""
        os.close(self._writer)
        self._thread.join()
        os.close(self._reader)


def _start_workers(executor: Any) -> list[Any]:
    """Start the processes of an executor with signals blocked, until `begin_worker` says what they mean.

    Were their ends of the pipes open here as well, this process could wait for ever for killed ones to read
    an item, or to send a result.

    Raises
    ------
    RuntimeError
        If the system refuses a thread that the executor needs, here or in its own.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        first = executor.submit(os.getpid)
        processes = list((executor._processes or {}).values())
        for end in (executor._call_queue._reader, executor._result_queue._writer):
            with suppress(OSError):  # where they have died by now, it is closed
                end.close()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    while not futures.wait([first], _SECONDS_BETWEEN).done:
        if not executor._executor_manager_thread.is_alive():
            for process in processes:
                process.terminate()
            raise RuntimeError("can't start new thread")  # what ended that one
    return processes


class Dask:
    """The workers of a dask.distributed scheduler.

    Parameters
    ----------
    scheduler
        Its address.

    Raises
    ------
    ConfigError
        If dask.distributed is not installed.
    PwdismecError
        If the scheduler cannot be reached, or has no workers.
    """

    repeats = True

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

    def begin(self, prepare: Prepare | None = None) -> None:
        """They run, and prepare at their first task."""

    def size(self) -> int:
        """Tasks that run at a time, about."""
        return sum(self._client.nthreads().values())

    def submit(self, function: Callable[[Task], Result], task: Task, /) -> Future[Result]:
        """Have `function` called with `task` by one of them."""
        # In dask's form for the way already: else its scheduler reads it, and imports the function's module.
        from distributed.protocol.pickle import dumps

        future: Future[Result] = self._executor.submit(_do, dumps((function, task)))
        return future

    def died(self, error: BaseException) -> bool:
        """See `Pool.died`; a StorageError if the scheduler is lost."""
        if isinstance(error, CancelledError):
            said = "the scheduler has let go of what was to be done, and may have ended"
            raise StorageError(said) from error
        from dask.distributed import KilledWorker

        return isinstance(error, KilledWorker)

    def renew(self) -> None:
        """See `Pool.renew`; the scheduler does it."""

    def close(self) -> None:
        """Let go of them; what is under way is not wanted any more."""
        self._client.close()  # the scheduler forgets what nobody waits for


def _do(work: bytes) -> Any:
    """In a worker of dask's: what a function makes of a task."""
    from distributed.protocol.pickle import loads

    function, task = loads(work)
    return function(task)
