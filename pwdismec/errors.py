"""The errors a user or the machine can cause. The command line prints them as one line.

It exits with code 2, but for a `StorageError` with 74. What they say is one line of limited length, whatever
they quote of a file (`pwdismec.quoting`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pwdismec.quoting import LINE_LIMIT, one_line, shown_name


class PwdismecError(Exception):
    """Something the user can put right; the message says what, where, and what was expected."""

    def __str__(self) -> str:
        return one_line(super().__str__())


class DataError(PwdismecError):
    """A bad input: names the file, the line (counted from 1) where there is one, and what was expected.

    Parameters
    ----------
    path
        The file or folder at fault.
    message
        The field, its value and what was expected.
    line
        The line of `path`, counted from 1.
    """

    def __init__(self, path: str | Path, message: str, line: int | None = None) -> None:
        where = shown_name(path, LINE_LIMIT // 2)
        if line is not None:
            where += f":{line}"
        super().__init__(f"{where}: {message}")
        self.path = Path(path)
        self.line = line
        self.message = message

    def __reduce__(self) -> tuple[Any, ...]:
        """So that a worker's error reaches who sent it."""
        return type(self), (self.path, self.message, self.line)


class ArrayError(DataError, ValueError, IndexError):
    """An array given to a function that is not what it takes; Python's own names for that catch it, too."""


class ModelError(PwdismecError):
    """A model or shard that is missing, damaged, of another version, or does not fit its input."""


class DamagedError(DataError, ModelError):
    """A stored file, of a data set or a model, that is not what this program writes."""


class ConfigError(PwdismecError):
    """A setting that is unknown, out of range or contradicts another."""


class OutputError(PwdismecError):
    """An output that would take away what is read, what is there already, or what is not this program's."""


class StorageError(PwdismecError):
    """A full disk, a disk or network that fails, a lost scheduler: the same command may succeed later.

    Parameters
    ----------
    message
        What failed.
    errno
        The system's number of the error; None if nothing more is to be tried.
    """

    def __init__(self, message: str, errno: int | None = None) -> None:
        super().__init__(message)
        self.errno = errno
