"""Names of labels or features: a text file, one a line, in order."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pwdismec.errors import DataError
from pwdismec.files import read_file


def read_names(path: str | Path, expected: int, what: str) -> list[str]:
    """The lines of a UTF-8 file.

    Parameters
    ----------
    path
        The file.
    expected
        How many lines there must be.
    what
        What is named ("labels", "features"), for the message.

    Raises
    ------
    DataError
        If the file cannot be read, is not UTF-8, or holds another number of lines.
    """
    try:
        lines = read_file(path).split(b"\n")
    except OSError as error:
        raise DataError(path, f"cannot read the names of {what}: {error.strerror}") from error
    if lines[-1] == b"":
        lines.pop()
    if len(lines) != expected:
        raise DataError(path, f"{len(lines)} lines; expected one for each of {expected} {what}")
    names = []
    for number, line in enumerate(lines, 1):
        try:
            names.append(line.removesuffix(b"\r").decode())
        except UnicodeDecodeError as error:
            raise DataError(path, f"not UTF-8: {error.reason}", number) from error
    return names


def check_names(names: Sequence[str], expected: int, what: str) -> list[str]:
    """The names as a list, if there are `expected` and each fits a line; else DataError."""
    if len(names) != expected:
        raise DataError(f"names of {what}", f"{len(names)} names; expected one for each of {expected} {what}")
    for number, name in enumerate(names):
        if "\n" in name or name.endswith("\r"):
            raise DataError(
                f"names of {what}", f"name {number} (counted from 0) holds a line break: {name!r}"
            )
    return list(names)
