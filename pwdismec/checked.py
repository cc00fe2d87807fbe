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
from typing import Final, TypeAlias

from pwdismec.errors import PwdismecError
from pwdismec.files import write_file
from pwdismec.stored import Record, read_json, states_in

_MAX_BYTES: Final = 1 << 26
_KEPT: Final = 100 * 24 * 3600  # seconds after which the record of a folder is dropped


_State: TypeAlias = tuple[str, int, int, int, int]
"""What was found in a file; its inode, bytes, and the times of its content and of itself, in ns."""


class _Folder(Record):
    files: dict[str, _State]


def not_yet(folder: Path, claims: Mapping[str, str]) -> list[str]:
    """Those files of a folder of which it is not on record that they are what is claimed.

    Parameters
    ----------
    folder
        Of a model or data set.
    claims
        What the content of each file, by name, is said to be. It has to name all that was looked at, such as
        the version of the check, so that equal claims mean equal content.

    Raises
    ------
    DamagedError
        If a file is missing, or leads elsewhere.
    """
    known, found = _read(folder), _states(folder, claims)
    return [name for name in claims if known.get(name) != found[name]]


def remember(folder: Path, claims: Mapping[str, str]) -> None:
    """Put on record that files of a folder are what is claimed; where that cannot be written, do nothing."""
    place = _place(folder)
    if place is None:
        return
    with contextlib.suppress(OSError, PwdismecError):
        found = _states(folder, claims)
        known = {name: state for name, state in _read(folder).items() if (folder / name).exists()}
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_file(place, _Folder(files=known | found).model_dump_json().encode())
        _drop_old(place.parent)


def _states(folder: Path, claims: Mapping[str, str]) -> dict[str, _State]:
    return {
        name: (claims[name], state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
        for name, state in states_in(folder, claims).items()
    }


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
