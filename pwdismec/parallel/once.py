"""What a worker opens for a job, and keeps from task to task."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Job = TypeVar("Job", bound=Hashable)
Opened = TypeVar("Opened")


class Once(Generic[Job, Opened]):
    """Opens what a job needs at its first task; the latest job's is kept.

    Threads may ask at the same time: a worker of dask's has several tasks under way.

    Parameters
    ----------
    open
        What is opened for a job.
    """

    def __init__(self, open: Callable[[Job], Opened]) -> None:
        self._open, self._lock = open, threading.Lock()
        self._kept: tuple[Job, Opened] | None = None

    def __call__(self, job: Job) -> Opened:
        """What is opened for `job`."""
        with self._lock:
            if self._kept is None or self._kept[0] != job:
                self._kept = None  # before there is the next one's as well
                self._kept = job, self._open(job)
            return self._kept[1]

    def forget(self) -> None:
        """Let go of what is kept."""
        self._kept = None
