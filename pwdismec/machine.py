"""How much memory this process may use, and whether what an input asks for fits into it."""

from __future__ import annotations

import contextlib
import os
import resource
from functools import cache
from pathlib import Path

from pwdismec.errors import DataError
from pwdismec.plain_text import size_text

# A limit that a container or a job of Slurm sets.
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")

# Of all memory, what one input may take: the rest is for the program, copies on the way, and other programs.
_SHARE = 0.5


@cache
def memory() -> int:
    """Bytes of the machine's memory, or of the limit to this process, if that is less; looked up once."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    with contextlib.suppress(OSError, ValueError):  # there is no such file, or it says "max"
        limits.append(int(_CGROUP_LIMIT.read_text()))
    address_space, _ = resource.getrlimit(resource.RLIMIT_AS)
    if address_space != resource.RLIM_INFINITY:
        limits.append(address_space)
    return min(limits)


def check_fits(needed: int, path: str | Path, what: str, expected: str, line: int | None = None) -> None:
    """Refuse an input that would take more memory than this machine should give for it.

    Parameters
    ----------
    needed
        Bytes.
    path, line
        The input, and where in it.
    what
        Takes them; begins the message.
    expected
        Ends the message.

    Raises
    ------
    DataError
        If it is more than half of `memory`.
    """
    most = int(_SHARE * memory())
    if needed > most:
        limit = f"the limit is {size_text(most)}, half of this machine's memory"
        raise DataError(path, f"{what} would take {size_text(needed)}; {limit}; expected {expected}", line)
