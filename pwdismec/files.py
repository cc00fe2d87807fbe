"""Whole files and folders: read at once, and written so that nothing half-written is seen.

What is written goes to a hidden part beside its place, is synced, and renamed.
A part is locked for as long as its writer lives, by the system: whoever
writes to the same place later removes the parts that nobody holds.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import filecmp
import hashlib
import io
import os
import re
import shutil
import stat
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pwdismec.errors import DataError, OutputError, PwdismecError, StorageError
from pwdismec.patience import FULL, TRANSIENT, patient, uninterrupted
from pwdismec.plain_text import size_text

_HASH_CHUNK = 1 << 22

_PART: Final = re.compile(r"\.(.+)\.[0-9a-f]{8}\.part", re.DOTALL)
_KEPT: Final = "0" * 8
"""In the name of a part that outlives its writer, so that the next one can go on with it."""

# What a folder's part holds: the lock, what is written, and for a moment what was there before.
_LOCK, _NEW, _OLD = "lock", "new", "old"

EXISTS: Final = "exists; --overwrite replaces it"

# What a file system answers that cannot exchange, or link.
_CANNOT: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM})

# Of Linux's renameat2.
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


def aside_of(path: Path, token: str | None = None) -> Path:
    """A new name for a part of `path`, beside it; `is_leftover` and `sweep` know it."""
    return path.with_name(f".{path.name}.{token or uuid.uuid4().hex[:8]}.part")


def is_leftover(path: Path) -> bool:
    """Whether `path` has the name of a part, which never took its place if its writer is gone."""
    return _PART.fullmatch(path.name) is not None


def sweep(folder: Path) -> None:
    """Remove the files in `folder` and below that a kill left behind; those of living processes stay."""
    if folder.is_symlink():
        return
    for parent, _, names in os.walk(folder, onerror=_raise_unless_gone):
        for part in (Path(parent, name) for name in names):
            if is_leftover(part):
                _sweep_file(part)


def sweep_beside(path: Path) -> None:
    """Remove what killed writers of `path` left beside it; what belongs to a living process stays."""
    with contextlib.suppress(OSError):  # whether there is room to write, writing tells
        with os.scandir(path.parent) as entries:
            names = [entry.name for entry in entries if entry.name.startswith(f".{path.name}.")]
        for name in names:
            found = _PART.fullmatch(name)
            if found is not None and found[1] == path.name:
                part = path.with_name(name)
                (_sweep_folder if _is_folder(part) else _sweep_file)(part)


def sweep_replacement(path: Path) -> None:
    """Remove what is left of replacing a folder, once `path` is what it was to become."""
    with contextlib.suppress(OSError):
        if _is_folder(part := aside_of(path, _KEPT)):
            _sweep_folder(part)


def _raise_unless_gone(error: OSError) -> None:
    """Another process may be tidying up the same folders."""
    if not isinstance(error, FileNotFoundError):
        raise error


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _sweep_file(part: Path) -> None:
    with contextlib.suppress(OSError), _lock_of(part):
        part.unlink()


def _sweep_folder(part: Path) -> None:
    with contextlib.suppress(OSError):
        if not os.path.lexists(part / _LOCK):
            _sweep_unlocked(part)
            return
        with _lock_of(part / _LOCK):
            _restore(part)
            _empty(part)
        (part / _LOCK).unlink()
        part.rmdir()


def _sweep_unlocked(part: Path) -> None:
    """Remove a part whose writer died before it locked it, or that version 0.1.0 has left.

    That one moved an older folder there before the new one took its place.
    """
    if os.path.lexists(_place_of(part)) and any(part.iterdir()):
        shutil.rmtree(part)
    else:
        part.rmdir()  # if it is empty


def _place_of(part: Path) -> Path:
    """What a part is one of."""
    return part.with_name(part.name[1:].rsplit(".", 2)[0])


def _restore(part: Path) -> None:
    """Put back what was taken away from its place if nothing else has come there."""
    path = _place_of(part)
    if _is_folder(part / _OLD) and not os.path.lexists(path):
        _rename(part / _OLD, path)
        _sync(path.parent)


def _empty(part: Path) -> None:
    """Remove all but the lock, which goes last: without one nobody would know whose this is."""
    for name in (_NEW, _OLD):
        if os.path.lexists(part / name):
            shutil.rmtree(part / name)


@contextlib.contextmanager
def _lock_of(path: Path) -> Iterator[None]:
    """Hold the lock of a dead writer's file; OSError if it lives, or nobody can know."""
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        close(descriptor)


def locked_file(path: Path, *, new: bool = False) -> int | None:
    """Open a file, which is made if it is missing, and lock it: a descriptor; None if another holds it.

    The lock ends with the descriptor or the process, in any way. A network file system shares it with other
    machines (a folder's it does not); on one without locks, everybody gets it.

    Raises
    ------
    OSError
        If it cannot be opened; FileExistsError if it is to be `new` and is there.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_EXCL if new else 0)
    descriptor = uninterrupted(os.open, path, flags, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        except OSError:
            return descriptor
        else:
            with contextlib.suppress(FileNotFoundError):  # it was swept before it was locked
                if os.path.samestat(os.fstat(descriptor), path.stat()):
                    return descriptor
    except BaseException:
        close(descriptor)
        raise
    close(descriptor)
    return None


def close(descriptor: int) -> None:
    """Close a file by its descriptor."""
    with contextlib.suppress(InterruptedError):  # it is closed all the same: again would hit another's
        os.close(descriptor)


class RawFile(io.FileIO):
    """A file without a buffer: it may write less than it is given. A signal cannot make closing it fail."""

    def close(self) -> None:
        with contextlib.suppress(InterruptedError):  # Python does not try that again, and has let go of it
            super().close()


def file_to_read(path: Path) -> io.BufferedReader:
    """A file to read bytes from.

    Raises
    ------
    DataError
        If it is a pipe, which may never say anything, or a device.
    OSError
        As `open`.
    """
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise DataError(path, "a pipe or device, where a file is expected")
    return io.BufferedReader(RawFile(path))


def file_to_write(path: Path) -> io.BufferedWriter:
    """A new or emptied file to write bytes to; it is not synced. Errors as `open`."""
    return io.BufferedWriter(RawFile(path, "wb"))


def write_part(path: Path, content: bytes) -> None:
    """Write a file of a folder that takes its place as a whole, which syncs it. Errors as `open`."""
    with file_to_write(path) as file:
        file.write(content)


def _sync(path: Path) -> None:
    descriptor = uninterrupted(os.open, path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        uninterrupted(os.fsync, descriptor)
    finally:
        close(descriptor)


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
    """Raise OutputError if a folder or device is at `path`: renaming over a device would destroy it."""
    try:
        mode = path.stat().st_mode  # looked at once: another process may take it away at any moment
    except OSError:  # nothing is there; or what is wrong is found when it is written
        return
    if not stat.S_ISREG(mode):
        raise OutputError(f"{path}: cannot write: a folder or device is there; expected a file")


@contextlib.contextmanager
def replacing_file(path: str | Path, *, overwrite: bool = True) -> Iterator[Path]:
    """A new file beside `path` to write to; on success it is synced and takes its place, else removed.

    It is made at once, so that a target that cannot be written is found before the work is done.

    Raises
    ------
    StorageError
        If the disk is full, or fails.
    OutputError
        If a folder is in the way; or, unless `overwrite`, a file with another content.
    PwdismecError
        If the file cannot be written (permission).
    """
    path = Path(path)
    check_replaceable(path)
    with clear_os_errors(path):
        sweep_beside(path)
        with _new_file(path) as aside:
            yield aside
            put_in_place(aside, path, overwrite=overwrite)


# Parts that this process has made and not yet removed or put in place, but for those that are kept.
_own_parts: Final[set[Path]] = set()


def remove_own_parts() -> None:
    """Remove what a signal amid making or removing a part has left of it; nothing is written any more."""
    for part in list(_own_parts):
        with contextlib.suppress(OSError):
            if _is_folder(part):
                _restore(part)
                shutil.rmtree(part)
            else:
                part.unlink(missing_ok=True)


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """A new locked file beside `path`; what is left of it in the end is removed."""
    while True:
        aside = aside_of(path)
        _own_parts.add(aside)
        descriptor = locked_file(aside, new=True)
        if descriptor is not None:
            break
        _own_parts.discard(aside)
    try:
        yield aside
    finally:
        try:
            close(descriptor)
        finally:
            aside.unlink(missing_ok=True)
            _own_parts.discard(aside)


@patient
def write_first(path: Path, content: bytes) -> None:
    """Write a file whole, unless there is one: of several processes at the same time, one succeeds.

    Errors as `replacing_file`.
    """
    with clear_os_errors(path), _new_file(path) as aside:
        write_part(aside, content)
        _sync(aside)
        with contextlib.suppress(FileExistsError):
            uninterrupted(os.link, aside, path)  # a rename would replace the first's
        _sync(path.parent)


def put_in_place(aside: Path, path: Path, *, overwrite: bool = True) -> None:
    """Sync a whole file and give it the name `path`, on the same file system.

    Raises
    ------
    OutputError
        If there is another, unless `overwrite`, and its content is not the same.
    """
    _sync(aside)
    if overwrite:
        _rename(aside, path)
    else:
        _place_first(aside, path)
    _sync(path.parent)


def _place_first(aside: Path, path: Path) -> None:
    """Name a file `path`, unless one has that name."""
    try:
        uninterrupted(os.link, aside, path)
    except OSError as error:
        if error.errno not in _CANNOT | {errno.EEXIST}:
            raise
        if not path.exists():  # a file system without links
            _rename(aside, path)
            return
        if not filecmp.cmp(aside, path, shallow=False):  # else it is what an earlier attempt has made
            raise OutputError(f"{path}: {EXISTS}") from error
    aside.unlink(missing_ok=True)


def _rename(source: Path, target: Path) -> None:
    def attempt() -> None:
        try:
            os.replace(source, target)  # noqa: PTH105 (Path.replace hides which name failed)
        except InterruptedError:
            if os.path.lexists(source):  # else it was done
                raise

    uninterrupted(attempt)


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change their names at once; False where the system cannot."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    first = one.stat()
    sys.audit("os.rename", str(one), str(other), -1, -1)
    while renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE):
        error = ctypes.get_errno()
        if error in _CANNOT:
            return False
        if error != errno.EINTR:
            raise OSError(error, os.strerror(error), str(other))
        if os.path.samestat(first, other.stat()):  # it was done
            break
    return True


@contextlib.contextmanager
def replacing_folder(
    path: str | Path, *, overwrite: bool = False, kept: bool = False, resume: bool = False
) -> Iterator[Path]:
    """A new folder to fill, hidden beside `path`; on success it is synced and takes its place.

    A folder at `path` changes places with it at once, and is removed then: at no moment is there neither.
    Where the system cannot do that, what a kill leaves between is put right by whoever next writes there.

    Parameters
    ----------
    overwrite
        Whether a folder that is there is replaced; an empty one is in any case.
    kept, resume
        Whether what an error or a kill leaves is kept, and whether to go on with what was kept.

    Raises
    ------
    OutputError
        If there is a folder, unless `overwrite`.
    PwdismecError
        If the folder cannot be written, or another process writes what is `kept`.
    """
    path = Path(path)
    with clear_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _new_part(path, _KEPT if kept else None, resume) as new:
            yield new
            for file in sorted(new.rglob("*")):
                _sync(file)
            _sync(new)
            _place_folder(new, path, overwrite)
            _sync(path.parent)


@contextlib.contextmanager
def helping_folder(path: Path, token: str) -> Iterator[Path]:
    """A hidden folder beside `path` for what is needed to make it; removed in the end.

    What an error or a kill leaves there is found again by the same token, eight hexadecimal digits, until
    anything else is written to `path`. Errors as `replacing_folder`.
    """
    with clear_os_errors(path), _new_part(path, token, resume=True) as folder:
        yield folder


@contextlib.contextmanager
def _new_part(path: Path, token: str | None, resume: bool) -> Iterator[Path]:
    """A folder in a locked part of `path`; of one with a token, what an error leaves is kept."""
    if not resume:
        sweep_beside(path)
    part, lock = _locked_part(path, token)
    done = False
    try:
        _restore(part)
        sweep_beside(path)
        new = part / _NEW
        new.mkdir(exist_ok=resume)
        yield new
        done = True
    finally:
        if done or token is None:
            for _ in range(2):  # a disk may fail for a moment
                with contextlib.suppress(OSError):
                    _empty(part)
        try:
            close(lock)
        finally:
            if done or token is None:
                with contextlib.suppress(OSError):
                    (part / _LOCK).unlink()
                    part.rmdir()
                    _own_parts.discard(part)


def _locked_part(path: Path, token: str | None) -> tuple[Path, int]:
    while True:
        part = aside_of(path, token)
        if token is None:
            _own_parts.add(part)
        part.mkdir(exist_ok=token is not None and not part.is_symlink())
        with contextlib.suppress(FileNotFoundError):  # it was swept before it was locked
            lock = locked_file(part / _LOCK)
            if lock is not None:
                return part, lock
            if token is not None:
                raise PwdismecError(f"{path}: another process is writing it")


def _place_folder(new: Path, path: Path, overwrite: bool) -> None:
    if not (overwrite and path.exists()):
        try:
            _rename(new, path)  # at most over an empty folder
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            raise OutputError(f"{path}: {EXISTS}") from error
    elif not _exchange(new, path):
        old = new.with_name(_OLD)
        _rename(path, old)
        try:
            _rename(new, path)
        except BaseException:
            _rename(old, path)
            raise


@patient
def read_file(path: str | Path, most: int | None = None) -> bytes:
    """The bytes of a file.

    Raises
    ------
    DataError
        If they are more than `most`.
    StorageError
        If the disk or network fails, in spite of patience.
    OSError
        If it cannot be read for another reason.
    """
    with file_to_read(Path(path)) as file:
        content = file.read() if most is None else file.read(most + 1)
    if most is not None and len(content) > most:
        raise DataError(path, f"more than {size_text(most)}; expected a smaller file")
    return content


@patient
def write_file(path: str | Path, content: bytes, *, overwrite: bool = True) -> None:
    """Write a file, whole or not at all; errors as `replacing_file`."""
    with replacing_file(path, overwrite=overwrite) as aside:
        write_part(aside, content)


@patient
def open_folder(path: Path) -> int:
    """A descriptor of a folder, to lock it by; a missing one is made. Errors as `read_file`."""
    path.mkdir(exist_ok=True)
    return os.open(path, os.O_RDONLY)


@patient
def make_own_folder(path: Path) -> None:
    """Make a folder that the program names, not the user, if it is missing.

    Raises
    ------
    OutputError
        If a file is there, or a link: in a folder from elsewhere that could lead anywhere.
    OSError
        If it cannot be made.
    """
    with contextlib.suppress(FileExistsError):  # `exist_ok` would look what it is, when it may be gone
        path.mkdir()
    if path.is_symlink():
        raise OutputError(f"{path}: is a link; expected a folder")
    if path.is_file():
        raise OutputError(f"{path}: is a file; expected a folder that this program makes: remove it")


@patient
def sha256_of(path: str | Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with file_to_read(Path(path)) as file:
        while chunk := file.read(_HASH_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
