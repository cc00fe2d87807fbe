"""Whole files: read at once, and written so that nothing half-written is seen (aside, sync, rename)."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path

from pwdismec.errors import PwdismecError, StorageError
from pwdismec.patience import FULL, TRANSIENT, patient

_HASH_CHUNK = 1 << 22


def aside_of(path: Path) -> Path:
    """A new name beside `path`, to write to; `is_leftover` and `sweep` know it."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")


def is_leftover(path: Path) -> bool:
    """Whether `path` was written aside and never took its place, because the program was killed."""
    return path.name.startswith(".") and path.suffix == ".part"


def sweep(folder: Path) -> None:
    """Remove the files in `folder` and below that a kill left behind; nobody else may be writing there."""
    for parent, _, names in os.walk(folder, onerror=_raise_unless_gone):
        for path in (Path(parent, name) for name in names):
            if is_leftover(path):
                path.unlink(missing_ok=True)


def _raise_unless_gone(error: OSError) -> None:
    """Another process may be tidying up the same folders."""
    if not isinstance(error, FileNotFoundError):
        raise error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def clear_os_errors(path: Path) -> Iterator[None]:
    """An OSError while writing `path` (no space, no permission, …) in one line that names it."""
    try:
        yield
    except OSError as error:
        said = f"{path}: cannot write: {error.strerror or error}"
        if error.errno in TRANSIENT | FULL:
            raise StorageError(said, error.errno) from error
        raise PwdismecError(said) from error


def check_replaceable(path: Path) -> None:
    """Raise PwdismecError if a folder or device is at `path`: renaming over a device would destroy it."""
    try:
        mode = path.stat().st_mode  # looked at once: another process may take it away at any moment
    except OSError:  # nothing is there; or what is wrong is found when it is written
        return
    if not stat.S_ISREG(mode):
        raise PwdismecError(f"{path}: cannot write: a folder or device is there; expected a file")


@contextlib.contextmanager
def replacing_file(path: str | Path) -> Iterator[Path]:
    """A new file beside `path` to write to; on success it is synced and renamed to `path`, else removed.

    It is made at once, so that a target that cannot be written is found before the work is done.

    Raises
    ------
    StorageError
        If the disk is full, or fails.
    PwdismecError
        If the file cannot be written (permission, a folder in the way).
    """
    path = Path(path)
    check_replaceable(path)
    aside = aside_of(path)
    with clear_os_errors(path):
        try:
            aside.touch()
            yield aside
            put_in_place(aside, path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise


@patient
def write_first(path: Path, content: bytes) -> None:
    """Write a file whole, unless there is one: of several processes at the same time, one succeeds.

    Errors as `replacing_file`.
    """
    aside = aside_of(path)
    with clear_os_errors(path):
        try:
            aside.write_bytes(content)
            _sync(aside)
            with contextlib.suppress(FileExistsError):
                os.link(aside, path)  # a rename would replace the first's
            _sync(path.parent)
        finally:
            aside.unlink(missing_ok=True)


def put_in_place(aside: Path, path: Path) -> None:
    """Sync a whole file and rename it to `path`, on the same file system."""
    _sync(aside)
    os.replace(aside, path)  # noqa: PTH105 (Path.replace hides which name failed)
    _sync(path.parent)


@contextlib.contextmanager
def replacing_folder(path: str | Path) -> Iterator[Path]:
    """A new folder beside `path` to fill; on success it is synced and takes the place of `path`.

    An older folder at `path` is removed only once the new one is whole.

    Raises
    ------
    PwdismecError
        If the folder cannot be written.
    """
    path = Path(path)
    aside = aside_of(path)
    with clear_os_errors(path):
        try:
            aside.mkdir(parents=True)
            yield aside
            for file in sorted(aside.rglob("*")):
                _sync(file)
            _sync(aside)
            old = aside_of(path)
            if path.exists():
                os.replace(path, old)  # noqa: PTH105
            os.replace(aside, path)  # noqa: PTH105
            shutil.rmtree(old, ignore_errors=True)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        _sync(path.parent)


@patient
def read_file(path: str | Path) -> bytes:
    """The bytes of a file.

    Raises
    ------
    StorageError
        If the disk or network fails, in spite of patience.
    OSError
        If it cannot be read for another reason.
    """
    return Path(path).read_bytes()


@patient
def write_file(path: str | Path, content: bytes) -> None:
    """Write a file, whole or not at all; errors as `replacing_file`."""
    with replacing_file(path) as aside:
        aside.write_bytes(content)


@patient
def open_folder(path: Path) -> int:
    """A descriptor of a folder, to lock it by; a missing one is made. Errors as `read_file`."""
    path.mkdir(exist_ok=True)
    return os.open(path, os.O_RDONLY)


@patient
def sha256_of(path: str | Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(_HASH_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
