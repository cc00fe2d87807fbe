"""The library of failing_calls.c: compiled, and what it is told and tells."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

# The kinds of calls, as failing_calls.c numbers them.
KINDS = (
    "open",
    "read",
    "write",
    "sync",
    "rename",
    "remove",
    "mkdir",
    "close",
    "truncate",
    "map",
    "look",
    "create",
    "touch",
    "leave",
)

# What failing_calls.c does.
NOTHING, FAIL_ONCE, FAIL_ON, HALVE, SIGNAL_BEFORE, SIGNAL_AFTER = range(6)


@dataclass(frozen=True)
class Fault:
    """What happens to which call.

    Attributes
    ----------
    kinds
        Of the calls that are counted.
    number
        Which of them, from 0.
    how
        `FAIL_ONCE` and so on.
    value
        An errno or a signal.
    """

    kinds: tuple[str, ...] = KINDS
    number: int = 0
    how: int = NOTHING
    value: int = 0

    @property
    def mask(self) -> int:
        return sum(1 << KINDS.index(kind) for kind in self.kinds)


class Report(ctypes.Structure):
    """What has been counted and done; as `struct report`."""

    _fields_ = (
        ("counts", ctypes.c_long * 16),
        ("count", ctypes.c_long),
        ("done", ctypes.c_long),
        ("call", ctypes.c_char * 16),
        ("path", ctypes.c_char * 4096),
    )

    @classmethod
    def read(cls, path: Path) -> Report:
        return cls.from_buffer_copy(path.read_bytes().ljust(ctypes.sizeof(cls), b"\0"))

    def calls(self, kinds: tuple[str, ...]) -> int:
        return sum(self.counts[KINDS.index(kind)] for kind in kinds)


def compiled(folder: Path) -> Path | None:
    """The library, compiled into a folder; None if there is no compiler."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    source, library = Path(__file__).with_name("failing_calls.c"), folder / "failing_calls.so"
    options = ["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run([compiler, *options, source, "-o", library, "-ldl"], check=True)
    return library
