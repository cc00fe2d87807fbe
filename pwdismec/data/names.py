"""Names of labels or features: a text file, one a line, in order."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Final

from pwdismec.errors import DataError
from pwdismec.files import read_file
from pwdismec.quoting import shown

MAX_NAMES: Final = 1_000_000_000
"""Bytes of the largest file of names that is read: those of ten million labels take a third."""


def read_names(path: str | Path, expected: int, what: str, *, marked: bool = False) -> list[str]:
    """The lines of a UTF-8 file.

    Parameters
    ----------
    path
        The file.
    expected
        How many lines there must be.
    what
        What is named ("labels", "features"), for the message.
    marked
        A byte order mark at the start is one, and no part of the first name.

    Raises
    ------
    DataError
        If the file cannot be read, is not UTF-8 or larger than `MAX_NAMES`, or holds another number of
        lines.
    """
    try:
        content = read_file(path, MAX_NAMES)
    except OSError as error:
        raise DataError(path, f"cannot read the names of {what}: {error.strerror}") from error
    if marked:
        content = content.removeprefix(BOM_UTF8)
    n_lines = content.count(b"\n") + (content[-1:] not in (b"", b"\n"))
    if n_lines != expected:
        raise DataError(path, f"{n_lines} lines; expected one for each of {expected} {what}")
    names = []
    for number, line in enumerate(content.split(b"\n")[:n_lines], 1):
        try:
            names.append(line.removesuffix(b"\r").decode())
        except UnicodeDecodeError as error:
            raise DataError(path, f"not UTF-8: {error.reason}", number) from error
    return names


def check_names(names: Sequence[str], expected: int, what: str) -> list[str]:
    """The names as a list, if there are `expected`, each text that fits a line of a file; else DataError."""
    where = f"names of {what}"
    if isinstance(names, (str, bytes, Set, Mapping)) or not isinstance(names, Iterable):
        raise DataError(where, f"of type {type(names).__name__}; expected a list of strings")
    found = list(names)
    if len(found) != expected:
        raise DataError(where, f"{len(found)} names; expected one for each of {expected} {what}")
    for number, name in enumerate(found):
        if problem := _problem(name):
            raise DataError(where, f"name {number} (counted from 0) {problem}: {shown(name)}")
    return found


def _problem(name: object) -> str | None:
    """Why a name cannot be a line of UTF-8; None if it can."""
    if not isinstance(name, str):
        return f"is of type {type(name).__name__}, expected a string"
    if "\n" in name or name.endswith("\r"):
        return "holds a line break"
    try:
        name.encode()
    except UnicodeEncodeError:
        return "holds half a surrogate pair, which UTF-8 cannot write"
    return None
