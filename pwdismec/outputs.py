"""The one rule for outputs: writing takes away nothing that is read, or that this program did not write.

- An output that exists is refused, unless it is to be overwritten.
- Refused in any case: an output that is an input, lies in an input's folder or holds an input; a folder with
  files in it that are not of the kind that is written there; a device.
- A symbolic link that the user names is followed: what it names is written, and the link stays. One in the
  place of what the program names is refused.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

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
    if _where(path).place == _where(".").place:
        raise OutputError(f"{path}: cannot write: is the folder that this runs in; expected a new folder")
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


def check_no_links(outputs: Iterable[Path]) -> None:
    """Refuse links in the place of outputs that the program names, in a folder that may be from elsewhere.

    Raises
    ------
    OutputError
        Naming the first: it could lead anywhere.
    """
    for output in outputs:
        if output.is_symlink():
            raise OutputError(f"{output}: is a link; expected what this program wrote there: remove it")


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
    there = [(given, _where(given)) for given in inputs if given is not None]
    _check_apart(Path(output), _where(output), there, what)


def check_all_apart(outputs: Sequence[Path], inputs: Inputs) -> None:
    """Refuse outputs of one job that touch its inputs, or each other; errors as `check_apart`."""
    read = [(given, _where(given)) for given in inputs if given is not None]
    written = [(output, _where(output)) for output in outputs]
    for number, (output, where) in enumerate(written):
        _check_apart(output, where, read, "an input")
        _check_apart(output, where, written[:number], "another output")


_Place: TypeAlias = tuple[int, int] | str
"""The system's numbers of what is there; where nothing is, or a device, its name without links."""


class _Where(NamedTuple):
    """What a path leads to, and the folders that hold it, or what it links to."""

    place: _Place
    above: frozenset[_Place]


def _check_apart(output: Path, where: _Where, inputs: Sequence[tuple[str | Path, _Where]], what: str) -> None:
    for given, other in inputs:
        if other.place == where.place:
            relation = "is"
        elif other.place in where.above:
            relation = "lies in"
        elif where.place in other.above:
            relation = "holds"
        else:
            continue
        raise OutputError(f"{output}: {relation} {what}, {given}; expected another place")


def _where(given: str | Path) -> _Where:
    path = os.fspath(_STANDARD_INPUT.get(str(given), given))
    real = os.path.realpath(path)
    here = os.path.join(os.path.realpath(os.path.dirname(path) or "."), os.path.basename(path))  # noqa: PTH118, PTH119, PTH120
    above = frozenset(_place(parent) for each in {real, here} for parent in _parents(each))
    return _Where(_place(real), above)


def _place(real: str) -> _Place:
    """Of a path in which no link is left."""
    try:
        state = os.stat(real)  # noqa: PTH116 (paths of thousands of parts take pathlib minutes)
    except (OSError, ValueError):  # it is not there, or is no path
        return real
    known = stat.S_ISREG(state.st_mode) or stat.S_ISDIR(state.st_mode)
    return (state.st_dev, state.st_ino) if known else real


def _parents(path: str) -> Iterator[str]:
    while (parent := os.path.dirname(path)) != path:  # noqa: PTH120
        yield parent
        path = parent


def followed(path: str | Path) -> Path:
    """What a path names if it is a symbolic link, else the path itself."""
    return Path(os.path.realpath(path)) if Path(path).is_symlink() else Path(path)
