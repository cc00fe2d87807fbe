"""Disks and networks that fail for a moment: the same again after a while, up to a minute in all."""

from __future__ import annotations

import contextlib
import errno
import functools
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from pwdismec.errors import StorageError

# What network file systems (NFS, Lustre, FUSE) say while a server is away, and disks before they give up.
TRANSIENT: Final = frozenset(
    {
        errno.EAGAIN,
        errno.ECONNABORTED,
        errno.ECONNRESET,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.EINTR,
        errno.EIO,
        errno.ENETDOWN,
        errno.ENETRESET,
        errno.ENETUNREACH,
        errno.ENOTCONN,
        errno.ESHUTDOWN,
        errno.ESTALE,
        errno.ETIMEDOUT,
        getattr(errno, "EREMOTEIO", errno.EIO),  # not on macOS
    }
)

# Somebody has to make room first.
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

# Seconds before the next attempt: 51 in all.
WAITS: Final = tuple(0.1 * 2**attempt for attempt in range(9))

# Calls that a signal may break off, one after the other.
_INTERRUPTIONS: Final = 100

_log = logging.getLogger(__name__)

P = ParamSpec("P")
Result = TypeVar("Result")


@contextlib.contextmanager
def apart_from_damage(path: str | Path) -> Iterator[None]:
    """Within the context, a disk that fails is a StorageError, which is not taken for a damaged file."""
    try:
        yield
    except OSError as error:
        if error.errno in TRANSIENT:
            raise StorageError(f"{path}: cannot read: {error.strerror}", error.errno) from error
        raise


def patient(function: Callable[P, Result]) -> Callable[P, Result]:
    """Make a function that reads or writes try again, with growing waits, where a file system fails.

    It must do the whole again: never go on behind bytes written before, which may be lost with the error that
    told of them. Other errors than `TRANSIENT` pass at once.

    Raises
    ------
    StorageError
        If the last attempt failed as well. Nothing retries that again.
    """

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Result:
        waits = iter(WAITS)
        while True:
            try:
                return function(*args, **kwargs)
            except (OSError, StorageError) as error:
                if error.errno not in TRANSIENT:
                    raise
                said, wait = _said(error, args), next(waits, None)
                if wait is None:
                    tried = f"tried {len(WAITS) + 1} times in {sum(WAITS):.0f} s"
                    raise StorageError(f"{said}; {tried}") from error
            _log.warning("%s; trying again in %.1f s", said, wait)
            time.sleep(wait)

    return wrapper


def uninterrupted(function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """Call what a signal may break off before anything is done (EINTR), again if that happens.

    Raises
    ------
    InterruptedError
        If that happens each of many times.
    """
    for _ in range(_INTERRUPTIONS):
        with contextlib.suppress(InterruptedError):
            return function(*args, **kwargs)
    return function(*args, **kwargs)


def _said(error: OSError | StorageError, args: tuple[object, ...]) -> str:
    if isinstance(error, StorageError):
        return str(error)
    path = error.filename or next((arg for arg in args if isinstance(arg, (str, Path))), "")
    return f"{path}: {error.strerror}"
