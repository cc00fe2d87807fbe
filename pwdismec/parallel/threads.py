"""Threads, of which the system may refuse some: limits to processes, address space or a container's tasks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pwdismec.errors import DataError
from pwdismec.parallel.ordered import in_order

Item = TypeVar("Item")
Result = TypeVar("Result")

_log = logging.getLogger(__name__)

# Items a thread may be ahead of what is asked for: none waits at the end of one, and few results are held.
_AHEAD = 2


class Threads(ThreadPoolExecutor):
    """A pool that goes on with fewer threads where the system refuses more; the first one it must have."""

    repeats = False

    def died(self, error: BaseException) -> bool:
        """Threads do not die."""
        return False

    def renew(self) -> None:
        """There are none to replace."""

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


def in_threads(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    threads: int,
    *,
    size_of: Callable[[Item], int] | None = None,
    late: tuple[type[Exception], ...] = (DataError,),
    interrupt: Callable[[], None] = lambda: None,
) -> Generator[Result, None, None]:
    """What `function` makes of each item, in order; items are taken a few ahead of what is asked for.

    Parameters
    ----------
    function
        Called from several threads.
    threads
        How many.
    size_of, late
        As `in_order` takes them.
    interrupt
        Makes running calls of `function` end early; called when the rest is not wanted.
    """
    # A thread that is inside a kernel when Python ends brings the process down: leaving waits for it.
    pool = Threads(threads)
    try:
        yield from in_order(pool, function, items, _AHEAD * threads, size_of, late)
    except BaseException:  # the rest is not wanted
        interrupt()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
