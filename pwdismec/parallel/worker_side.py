"""The side of a worker: how its process begins and ends, and how what it logs comes to who sent its tasks."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Generic, NamedTuple, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

_SECONDS_BETWEEN_LOOKS = 1.0
_MOST_RECORDS = 100


class Done(NamedTuple, Generic[Result]):
    """What a worker made of a task, and what it has logged meanwhile."""

    result: Result
    records: Sequence[logging.LogRecord]


class _Dropped(BaseException):
    """Nobody waits for the task any more: it is left as at Ctrl-C, so that nothing half-written stays."""


class _Kept(logging.Handler):
    """Keeps records until the next task is done; of a task that fails, the error tells more."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._records: deque[logging.LogRecord] = deque(maxlen=_MOST_RECORDS)

    def emit(self, record: logging.LogRecord) -> None:
        record.msg, record.args, record.exc_info = record.getMessage(), None, None  # what can be sent
        self._records.append(record)

    def taken(self) -> list[logging.LogRecord]:
        return [self._records.popleft() for _ in range(len(self._records))]


_kept = _Kept()
_under_way: list[bool] = []  # an element while this process does a task


def begin_worker(parent: int) -> None:
    """In a new process: leave Ctrl-C to the parent, log by way of it, and end with it or when it says so.

    The parent may be killed, and loky's workers would wait for ever.
    """
    gc.freeze()  # what the parent had imported is no garbage, and would be copied to be looked at
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _drop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    if loky := sys.modules.get("joblib.externals.loky.process_executor"):
        vars(loky)["_USE_PSUTIL"] = False  # else a worker that has grown leaves, and the others end with it
    logging.captureWarnings(True)
    logging.getLogger().handlers[:] = [_kept]

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _drop(number: int, frame: FrameType | None) -> None:
    if not _under_way:
        os._exit(128 + number)
    signal.signal(number, signal.SIG_IGN)  # another one would disturb the tidying up
    raise _Dropped


def do(function: Callable[[Task], Result], task: Task) -> Done[Result]:
    """What `function` makes of a task."""
    if _kept not in logging.getLogger().handlers:
        logging.getLogger("pwdismec").addHandler(_kept)  # in a worker of dask's, once
    _under_way.append(True)
    try:
        return Done(function(task), _kept.taken())
    except _Dropped:
        os._exit(128 + signal.SIGTERM)
    finally:
        _under_way.pop()


def log_again(records: Sequence[logging.LogRecord]) -> None:
    """Log here what a worker has logged; but of one in this process, all has been told already."""
    for record in records:
        if record.process != os.getpid():
            logging.getLogger(record.name).handle(record)
