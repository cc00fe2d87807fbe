"""Keeping prediction within a limit of memory."""

from __future__ import annotations

import contextlib
import ctypes
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

from pwdismec.bounds import MAX_BYTES, whole_number
from pwdismec.errors import ConfigError
from pwdismec.plain_text import size_text

# What allocators, stacks and pages read ahead take besides what is counted.
_SLACK = 3_000_000


@dataclass(frozen=True)
class MemoryLimit:
    """What this process's resident memory is to stay below, in bytes."""

    limit: int

    def __post_init__(self) -> None:
        """Raise ConfigError unless it is a number of bytes."""
        whole_number("memory", self.limit, 0, MAX_BYTES)

    def check(self, needed: int, what: str) -> None:
        """See that there is room.

        Parameters
        ----------
        needed
            Bytes that will come to what is resident now.
        what
            Takes them.

        Raises
        ------
        ConfigError
            If that is beyond the limit.
        """
        resident = _resident()
        if resident + needed + _SLACK > self.limit:
            _give_back()
            resident = _resident()
        total = resident + needed + _SLACK
        if total > self.limit:
            raise ConfigError(
                f"memory: the limit is {size_text(self.limit)}, but {what} takes {size_text(total)}, "
                f"{size_text(resident)} of which is in use already"
            )


def _give_back() -> None:
    """Let the C library return what it holds of freed memory, where it can: threads leave some behind."""
    with contextlib.suppress(AttributeError, OSError, TypeError):  # not glibc
        ctypes.CDLL(None).malloc_trim(0)


def _resident() -> int:
    """Bytes of resident memory now; where the system does not say, at its peak."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else 1024 * peak
    return pages * resource.getpagesize()
