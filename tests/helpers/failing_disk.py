"""A disk whose n-th operation under a folder fails with the error one likes, once or from then on.

Operations are what Python audits (files opened, renamed, removed, folders made and listed) and syncs.
"""

import os
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

_AUDITED = {
    "open",
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.listdir",
    "os.scandir",
    "os.truncate",
}


class FailingDisk:
    """Fails the operation `number` with `errno`, or that and all after it; `count` operations came so far."""

    def __init__(self, folder: Path, number: int, errno: int, lasting: bool) -> None:
        self.folder, self.number, self.errno, self.lasting = str(folder), number, errno, lasting
        self.count = 0

    def operate(self, path: object) -> None:
        if not isinstance(path, (str, os.PathLike)) or not os.fspath(path).startswith(self.folder):
            return
        self.count += 1
        if self.count - 1 == self.number or (self.lasting and self.count > self.number):
            raise OSError(self.errno, os.strerror(self.errno), os.fspath(path))


_disks: list[FailingDisk] = []
_hooked: list[bool] = []


def _hook(event: str, args: tuple) -> None:
    if _disks and event in _AUDITED:
        _disks[-1].operate(args[0])


@contextmanager
def failing_disk(folder: Path, number: int, errno: int, *, lasting: bool = False):
    """Within the context, the disk fails; see `FailingDisk`."""
    if not _hooked:  # a hook stays for as long as the interpreter
        sys.addaudithook(_hook)
        _hooked.append(True)
    disk = FailingDisk(folder, number, errno, lasting)
    fsync = os.fsync

    def sync(descriptor):
        disk.operate(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", sync)
        _disks.append(disk)
        try:
            yield disk
        finally:
            _disks.pop()
