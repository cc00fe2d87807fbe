"""Claims on pieces of work, kept as files beside them on a file system that the workers share.

A claim is a lease: its holder touches the file every few seconds. Who wants
the piece watches the file; if it has not changed for a minute of the
watcher's own time, the holder is taken for dead. No two clocks are compared,
so one that is wrong or jumps does no harm. A holder on the same machine is
known to be dead as soon as its process is gone.

A claim saves double work and is no lock: whoever finds that his was taken
over meanwhile may go on, as the work gives the same result twice.
"""

from __future__ import annotations

import io
import json
import os
import socket
import stat
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Annotated, Final, NamedTuple

from pydantic import Field, ValidationError

from pwdismec.cluster.stop import Stopped
from pwdismec.errors import PwdismecError
from pwdismec.files import (
    RawFile,
    aside_of,
    clear_os_errors,
    make_own_folder,
    write_file,
    write_part,
)
from pwdismec.patience import patient
from pwdismec.quoting import LINE_LIMIT, one_line
from pwdismec.stored import Record, Text

BEAT: Final = 10.0
"""Seconds after which a holder touches its claims."""

EXPIRY: Final = 60.0
"""Seconds without a sign of life after which a claim is void."""

_MAX_BYTES: Final = 1 << 17


@cache
def _machine() -> str:
    """Names this boot of this machine, and its view of process ids (a container has its own)."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115
    except OSError:  # not Linux
        return socket.gethostname()


@dataclass(frozen=True)
class Claim:
    """Who works on a piece, or failed at it.

    Attributes
    ----------
    host, pid
        The process.
    since
        When it began, by its own clock: seconds since 1970, for people alone.
    failed
        Why it gave up; None while it is at work.
    """

    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    since: float = field(default_factory=time.time)
    failed: str | None = None
    machine: str = field(default_factory=_machine)
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def is_dead(self) -> bool:
        """Whether nobody is at work any more, for certain."""
        if self.failed is not None or self.machine != _machine():
            return self.failed is not None
        return self.token not in _held_here if self.pid == os.getpid() else not _runs(self.pid)

    def __str__(self) -> str:
        return f"{self.host}, process {self.pid}"


class _Stored(Record):
    """A claim's file."""

    host: Annotated[str, Field(max_length=255)]
    pid: Annotated[int, Field(ge=1, lt=2**31)]
    since: Annotated[float, Field(ge=0, lt=1e11)]
    failed: Annotated[str, Field(max_length=2 * LINE_LIMIT)] | None
    machine: Text
    token: Text


# Tokens of the claims that this process holds.
_held_here: Final[set[str]] = set()

_UNKNOWN: Final = Claim("unknown", 0, 0.0, machine="", token="")


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        pass
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:  # not Linux
        return True
    return state != "Z"  # ended, and its parent has not noticed


class Sign(NamedTuple):
    """What changes in a claim's file with each sign of life."""

    inode: int
    mtime_ns: int


@patient
def read_claim(path: Path) -> tuple[Claim, Sign] | None:
    """A claim, and its last sign of life; None if there is none."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):  # nothing waits for a pipe, or follows a link
            return _UNKNOWN, _sign(status)
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with io.BufferedReader(RawFile(descriptor)) as file:  # opening makes a network file system look anew
            content, status = file.read(_MAX_BYTES), os.fstat(descriptor)
    except FileNotFoundError:
        return None
    try:
        claim = Claim(**_Stored.model_validate_json(content).model_dump())
    except ValidationError:  # it is just being written, or is no claim
        claim = _UNKNOWN
    return claim, _sign(status)


def _sign(status: os.stat_result) -> Sign:
    return Sign(status.st_ino, status.st_mtime_ns)


@patient
def claims_in(folder: Path) -> dict[str, Claim]:
    """All claims in a folder, by name; one that cannot be read is of an unknown holder."""
    found = {path.name: read_claim(path) for path in claim_files(folder)}
    return {name: claim[0] for name, claim in found.items() if claim is not None}


def claim_files(folder: Path) -> list[Path]:
    """The claims' files; none where there is no folder, as at the end of a training."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []


class Leases:
    """The claims of one process in one folder, kept alive while the context lasts.

    When it is left, they are given back; if that is by an error, they tell it.

    Parameters
    ----------
    folder
        Where claims are kept; made if it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, Claim] = {}
        self._seen: dict[str, tuple[Sign, float]] = {}
        self._ended = threading.Event()
        self._heart = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Leases:
        with clear_os_errors(self._folder):
            make_own_folder(self._folder)
        self._heart.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._heart.join()
        failed = isinstance(error, Exception) and not isinstance(error, Stopped)
        for name in list(self._held):
            if failed:
                self._tell_failure(name, one_line(str(error)) or type(error).__name__)
            else:
                self.give_back(name)

    def take(self, name: str) -> bool:
        """Claim a piece; False if somebody else is at work on it.

        Raises
        ------
        PwdismecError
            If the claim cannot be written.
        """
        path, mine = self._folder / name, Claim()
        _held_here.add(mine.token)  # before anybody can read it
        try:
            with clear_os_errors(path):
                if _written_first(path, mine) or self._taken_over(name, mine):
                    self._held[name] = mine
        finally:
            if name not in self._held:
                _held_here.discard(mine.token)
        return name in self._held

    def _taken_over(self, name: str, mine: Claim) -> bool:
        """Whether a claim has become void, and the new one has taken its place."""
        path = self._folder / name
        found = read_claim(path)
        if found is None or not (found[0].is_dead or self._is_silent(name, found[1])):
            return False
        write_file(path, _text(mine).encode())
        return _is_held(path, mine)

    def give_back(self, name: str) -> None:
        """End a claim."""
        claim = self._let_go(name)
        with suppress(OSError, PwdismecError):  # one that stays behind is known to be void
            if _is_held(self._folder / name, claim):
                (self._folder / name).unlink()

    def _tell_failure(self, name: str, why: str) -> None:
        claim = self._let_go(name)
        with suppress(OSError, PwdismecError):  # a disk that is full, perhaps: the claim is void all the same
            if _is_held(self._folder / name, claim):
                write_file(self._folder / name, _text(replace(claim, failed=why)).encode())

    def _let_go(self, name: str) -> Claim:
        claim = self._held.pop(name)
        _held_here.discard(claim.token)
        return claim

    def _is_silent(self, name: str, sign: Sign) -> bool:
        now = time.monotonic()
        seen, since = self._seen.get(name, (None, now))
        if seen != sign:
            self._seen[name] = sign, now
            return False
        return now - since >= EXPIRY

    def _beat(self) -> None:
        while not self._ended.wait(BEAT):
            for name, claim in list(self._held.items()):
                with suppress(OSError, PwdismecError):  # the next beat may succeed
                    if _is_held(self._folder / name, claim):
                        os.utime(self._folder / name, follow_symlinks=False)


@patient
def _written_first(path: Path, claim: Claim) -> bool:
    """Write a claim where there is none: whole at once, as an empty one would tell nobody that it is void."""
    aside = aside_of(path)
    try:
        write_part(aside, _text(claim).encode())
        os.link(aside, path)
    except FileExistsError:  # it may be this one, if an attempt failed behind its back
        return _is_held(path, claim)
    except FileNotFoundError:  # others have ended the work, and taken the folder or the file aside away
        make_own_folder(path.parent)
        return _written_first(path, claim)
    finally:
        aside.unlink(missing_ok=True)
    return True


def _is_held(path: Path, claim: Claim) -> bool:
    """Whether that claim is the one at `path`."""
    found = read_claim(path)
    return found is not None and found[0].token == claim.token


def _text(claim: Claim) -> str:
    return json.dumps(asdict(claim))
