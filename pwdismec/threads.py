"""Threads, of which the system may refuse some: limits to processes, address space or a container's tasks."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

_log = logging.getLogger(__name__)


class Threads(ThreadPoolExecutor):
    """A pool that goes on with fewer threads where the system refuses more; the first one it must have."""

    def _adjust_thread_count(self) -> None:
        # When this is called the work is queued already: the threads there are will do it.
        try:
            super()._adjust_thread_count()
        except RuntimeError as error:
            if not (self._threads and is_refused(error)):
                raise
            _log.warning(
                "the system refuses another thread: going on with %d instead of %d",
                len(self._threads),
                self._max_workers,
            )
            self._max_workers = len(self._threads)


def is_refused(error: BaseException) -> bool:
    """Whether an error says that the system allows no other thread."""
    return isinstance(error, RuntimeError) and str(error).startswith("can't start new thread")
