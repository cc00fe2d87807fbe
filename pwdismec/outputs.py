"""The one rule for outputs: writing takes away nothing that is read, or that this program did not write.

- An output that exists is refused, unless it is to be overwritten.
- Refused in any case: an output that is an input, lies in an input's folder or holds an input; a folder with
  files in it that are not of the kind that is written there; a device.
- A symbolic link is followed: what it names is written, and the link stays.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

from pwdismec.errors import OutputError
from pwdismec.files import EXISTS, check_replaceable, clear_os_errors, is_leftover

Inputs: TypeAlias = Iterable[str | Path | None]
"""What a job reads, files and folders; None for what is not given, or not in a file."""

Contents: TypeAlias = Callable[[Path], Collection[str]]
"""Gives the names of the files that a folder holds, by its own records; an error if it is none of ours."""

_STANDARD_INPUT = {"-": "/dev/stdin"}


def output_file(path: str | Path, inputs: Inputs = (), *, overwrite: bool = False) -> Path:
    """Where to write a file, which is `path` unless that is a link.

    Parameters
    ----------
    path
        As the user gives it.
    inputs
        What is read to make it.
    overwrite
        Whether a file that is there is replaced.

    Raises
    ------
    OutputError
        If the rule forbids it.
    """
    path = Path(path)
    check_apart(path, inputs)
    check_replaceable(path)
    if path.exists() and not overwrite:
        raise OutputError(f"{path}: {EXISTS}")
    return followed(path)


def output_folder(
    path: str | Path, inputs: Inputs = (), *, contents: Contents, overwrite: bool = False
) -> Path:
    """Where to write a folder, which is `path` unless that is a link; an empty one does not count as there.

    Parameters
    ----------
    path, inputs, overwrite
        As `output_file` takes them.
    contents
        What a folder of this kind holds.

    Raises
    ------
    OutputError
        If the rule forbids it.
    PwdismecError
        As `contents` raises it for what is none of ours.
    """
    path = Path(path)
    check_apart(path, inputs)
    if path.exists() and not path.is_dir():
        raise OutputError(f"{path}: cannot write: a file is there; expected a folder")
    if is_taken(path):
        check_contents(path, contents(path))
        if not overwrite:
            raise OutputError(f"{path}: {EXISTS}")
    return followed(path)


def is_taken(path: Path) -> bool:
    """Whether there is anything but an empty folder, or one with nothing but a killed writer's parts."""
    with clear_os_errors(path):
        return path.exists() and not (path.is_dir() and all(map(is_leftover, path.iterdir())))


def check_contents(folder: Path, own: Collection[str]) -> None:
    """Refuse a folder that holds more than its own files, and those that killed writers have left.

    Raises
    ------
    OutputError
        Naming the first of the others.
    """
    folders = {str(parent) for name in own for parent in Path(name).parents}
    with clear_os_errors(folder):
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            known = folders if path.is_dir() and not path.is_symlink() else own
            if name not in known and not is_leftover(path):
                raise OutputError(
                    f"{folder}: holds {name}, which is not of what is written there; expected a new folder"
                )


def check_apart(output: str | Path, inputs: Inputs, *, what: str = "an input") -> None:
    """Refuse an output that is an input, or lies in one, or holds one.

    Parameters
    ----------
    output, inputs
        Paths; what does not exist is compared by its name.
    what
        What the inputs are called in the error.

    Raises
    ------
    OutputError
        Naming both.
    """
    output = Path(output)
    for given in inputs:
        if given is None:
            continue
        other = Path(_STANDARD_INPUT.get(str(given), given))
        if _is_same(output, other):
            relation = "is"
        elif any(_is_same(parent, other) for parent in _parents(output)):
            relation = "lies in"
        elif any(_is_same(output, parent) for parent in _parents(other)):
            relation = "holds"
        else:
            continue
        raise OutputError(f"{output}: {relation} {what}, {given}; expected another place")


def check_all_apart(outputs: Sequence[Path], inputs: Inputs) -> None:
    """Refuse outputs of one job that touch its inputs, or each other; errors as `check_apart`."""
    inputs = list(inputs)
    for number, output in enumerate(outputs):
        check_apart(output, inputs)
        check_apart(output, outputs[:number], what="another output")


def _is_same(one: Path, other: Path) -> bool:
    try:
        first, second = one.stat(), other.stat()
        is_device = not (stat.S_ISREG(first.st_mode) or stat.S_ISDIR(first.st_mode))
        return not is_device and os.path.samestat(first, second)
    except OSError:  # one of them is not there
        return os.path.realpath(one) == os.path.realpath(other)


def _parents(path: Path) -> list[Path]:
    """The folders that hold `path`, and those that hold what it links to."""
    here, there = Path(os.path.realpath(path.parent), path.name), Path(os.path.realpath(path))
    return list(dict.fromkeys([*here.parents, *there.parents]))


def followed(path: str | Path) -> Path:
    """What a path names if it is a symbolic link, else the path itself."""
    return Path(os.path.realpath(path)) if Path(path).is_symlink() else Path(path)
