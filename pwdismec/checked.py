"""Which stored files this user has checked already, so that large ones need not be read at every opening.

The record lies in the user's cache, not beside the files: whoever passes a
model on could write there that all is well. It holds, for each file, what was
found and the file's state then; ctime cannot be set, so a file that came from
elsewhere or was written to since has another. Without the record, or where it
cannot be written, files are checked at every opening.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pwdismec.errors import PwdismecError
from pwdismec.files import write_file
from pwdismec.stored import Count, Record, read_json

_MAX_BYTES: Final = 1 << 26
_KEPT: Final = 100 * 24 * 3600  # seconds after which the record of a folder is dropped


class _State(Record):
    """A file as it was, and what was found."""

    claim: str
    inode: Count
    bytes: Count
    mtime_ns: int
    ctime_ns: int


class _Folder(Record):
    files: dict[str, _State]


def not_yet(folder: Path, claims: Mapping[str, str]) -> list[str]:
    """Those files of a folder of which it is not on record that they are what is claimed.

    Parameters
    ----------
    folder
        Of a model or data set.
    claims
        What the content of each file, by name, is said to be; for files that there are. It has to name all
        that was looked at, such as the version of the check, so that equal claims mean equal content.
    """
    known = _read(folder)
    return [name for name, claim in claims.items() if known.get(name) != _state(folder / name, claim)]


def remember(folder: Path, claims: Mapping[str, str]) -> None:
    """Put on record that files of a folder are what is claimed; where that cannot be written, do nothing."""
    place = _place(folder)
    if place is None:
        return
    with contextlib.suppress(OSError, PwdismecError):
        found = {name: _state(folder / name, claim) for name, claim in claims.items()}
        known = {name: state for name, state in _read(folder).items() if (folder / name).exists()}
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_file(place, _Folder(files=known | found).model_dump_json().encode())
        _drop_old(place.parent)


def _state(path: Path, claim: str) -> _State:
    status = path.stat()
    return _State(
        claim=claim,
        inode=status.st_ino,
        bytes=status.st_size,
        mtime_ns=status.st_mtime_ns,
        ctime_ns=status.st_ctime_ns,
    )


def _place(folder: Path) -> Path | None:
    """Where a folder's record is; None where this user has no place of their own."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    try:
        base = Path(cache) if Path(cache).is_absolute() else Path.home() / ".cache"
    except RuntimeError:  # no home
        return None
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:32]
    return base / "pwdismec" / "checked" / f"{name}.json"


def _read(folder: Path) -> dict[str, _State]:
    place = _place(folder)
    if place is None:
        return {}
    try:
        return read_json(place, _Folder, _MAX_BYTES).files if _is_ours(place.parent) else {}
    except (OSError, PwdismecError):
        return {}


def _is_ours(folder: Path) -> bool:
    """Whether nobody else can have made a file there."""
    status = folder.lstat()
    private = not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and private


def _drop_old(folder: Path) -> None:
    before = time.time() - _KEPT
    for path in folder.iterdir():
        if path.stat().st_mtime < before:
            path.unlink()
