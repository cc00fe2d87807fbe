"""Names of labels or features: a text file, one a line, in order."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, Final, NamedTuple

from pwdismec.data.formats.compression import clear_read_errors, open_to_read, without_compression
from pwdismec.data.formats.lines import check_is_no_archive
from pwdismec.errors import DamagedError, DataError
from pwdismec.files import read_file
from pwdismec.plain_text import size_text
from pwdismec.quoting import shown

MAX_NAMES: Final = 1_000_000_000
"""Bytes of the largest file of names that is read: those of ten million labels take a third."""


_JSON_LINES: Final = (".json", ".jsonl", ".ndjson")


def read_names(path: str | Path, expected: int, what: str) -> list[str]:
    """The lines of a UTF-8 file that was stored.

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
        If the file cannot be read, is not UTF-8 or larger than `MAX_NAMES`, or holds another number of
        lines.
    """
    try:
        content = read_file(path, MAX_NAMES)
    except OSError as error:
        raise DataError(path, f"cannot read the names of {what}: {error.strerror}") from error
    lines = _lines(content)
    _check_number(path, len(lines), expected, what)
    return [_decoded(path, number, line) for number, line in enumerate(lines, 1)]


def read_uris(path: str | Path, expected: int) -> list[str]:
    """The labels' URIs in a file that was stored; errors are those of `read_names` and `check_uris`."""
    uris = read_names(path, expected, "labels")
    if problem := _problem_of_uris(uris):
        raise DamagedError(path, problem)
    return uris


class GivenNames(NamedTuple):
    """Names, and the URIs that a user's file has beside them; None if there are none."""

    names: list[str]
    uris: list[str] | None = None


def read_given_names(path: str | Path, expected: int | None, what: str) -> GivenNames:
    """The names in a user's file: one a line, or JSON lines with a "title" each, as in lbl.json.gz of XMC.

    A "uid" beside each title is what the source calls it. The file may be compressed and begin with a byte
    order mark. Parameters and errors are those of `read_names`; `expected` may be None.
    """
    path = Path(path)
    check_is_no_archive(path)
    with clear_read_errors(path), open_to_read(path) as file:
        content = file.read(MAX_NAMES + 1)
    if len(content) > MAX_NAMES:
        raise DataError(path, f"more than {size_text(MAX_NAMES)}; expected a smaller file")
    lines = _lines(content.removeprefix(BOM_UTF8))
    if expected is not None:
        _check_number(path, len(lines), expected, what)
    names = [_decoded(path, number, line) for number, line in enumerate(lines, 1)]
    if without_compression(path).suffix.lower() not in _JSON_LINES:
        return GivenNames(names)
    entries = [_entry_in(path, number, line) for number, line in enumerate(names, 1)]
    uris = [_uid_in(path, number, entry) for number, entry in enumerate(entries, 1) if "uid" in entries[0]]
    return GivenNames([entry["title"] for entry in entries], uris or None)


def _lines(content: bytes) -> list[bytes]:
    lines = content.split(b"\n")
    return lines if lines[-1] else lines[:-1]


def _check_number(path: str | Path, found: int, expected: int, what: str) -> None:
    if found != expected:
        raise DataError(path, f"{found} lines; expected one for each of {expected} {what}")


def _decoded(path: str | Path, number: int, line: bytes) -> str:
    try:
        return line.removesuffix(b"\r").decode()
    except UnicodeDecodeError as error:
        raise DataError(path, f"not UTF-8: {error.reason}", number) from error


def _entry_in(path: Path, number: int, line: str) -> dict[str, Any]:
    """An object with a title that can be a name."""
    try:
        entry = json.loads(line)
        title = entry["title"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise DataError(path, f"{shown(line)}; expected a JSON object with a title", number) from error
    if problem := _problem(title):
        raise DataError(path, f"title {shown(title)} {problem}", number)
    found: dict[str, Any] = entry
    return found


def _uid_in(path: Path, number: int, entry: Mapping[str, Any]) -> str:
    """What the source calls a label: a string, or a whole number."""
    if "uid" not in entry:
        raise DataError(path, "uid: missing; expected one in each line, as the first has one", number)
    uid = entry["uid"]
    uid = str(uid) if isinstance(uid, int) and not isinstance(uid, bool) else uid
    if problem := _problem(uid):
        raise DataError(path, f"uid {shown(uid)} {problem}", number)
    found: str = uid
    return found


def check_names(names: Sequence[str], expected: int, what: str, kind: str = "name") -> list[str]:
    """The names as a list, if there are `expected`, each text that fits a line of a file; else DataError."""
    where = f"{kind}s of {what}"
    if isinstance(names, (str, bytes, Set, Mapping)) or not isinstance(names, Iterable):
        raise DataError(where, f"of type {type(names).__name__}; expected a list of strings")
    found = list(names)
    if len(found) != expected:
        raise DataError(where, f"{len(found)} {kind}s; expected one for each of {expected} {what}")
    for number, name in enumerate(found):
        if problem := _problem(name):
            raise DataError(where, f"{kind} {number} (counted from 0) {problem}: {shown(name)}")
    return found


def check_uris(uris: Sequence[str], expected: int) -> list[str]:
    """The URIs of labels as `check_names` gives names, if none is empty or there twice; else DataError."""
    found = check_names(uris, expected, "labels", "URI")
    if problem := _problem_of_uris(found):
        raise DataError("URIs of labels", problem)
    return found


def _problem_of_uris(uris: Sequence[str]) -> str | None:
    """Why they do not tell labels apart; None if they do."""
    if len(set(uris)) == len(uris) and "" not in uris:
        return None
    number_of: dict[str, int] = {}
    for number, uri in enumerate(uris):
        if not uri:
            return f"the URI of label {number} is empty"
        if (other := number_of.setdefault(uri, number)) != number:
            return f"labels {other} and {number} have the same URI, {shown(uri)}"
    return None


def _problem(name: object) -> str | None:
    """Why a name cannot be a line of UTF-8; None if it can."""
    if not isinstance(name, str):
        return f"is of type {type(name).__name__}; expected a string"
    if "\n" in name or name.endswith("\r"):
        return "holds a line break"
    try:
        name.encode()
    except UnicodeEncodeError:
        return "holds half a surrogate pair, which UTF-8 cannot write"
    return None
