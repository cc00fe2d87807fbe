"""Numbers for names, given where texts are read, and understood in the process that gathers them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR

Scalar = TypeVar("Scalar", bound=np.generic)


class Counts(NamedTuple):
    """How often some records have each of the names that are numbered: terms, or labels.

    Attributes
    ----------
    names
        Those that are new since the last counts of the same process; they have the last numbers. Where
        they are all, numbers begin anew.
    matrix
        Shape (n_records, names so far): counts; a row's columns need not ascend.
    """

    names: list[str]
    matrix: CSR


class Numbers:
    """Numbers for names in the order in which they come."""

    def __init__(self) -> None:
        self._told = 0
        self._new: list[str] = []

    def __len__(self) -> int:
        return self._told + len(self._new)

    def add(self, name: str) -> int:
        """The number of a name that has none."""
        self._new.append(name)
        return len(self) - 1

    def new(self) -> list[str]:
        """The names that this has not told before."""
        new, self._new = self._new, []
        self._told += len(new)
        return new


class Ids(dict[str, int]):
    """The number of each name, less a prefix; one that is looked up first gets the next of `numbers`."""

    def __init__(self, numbers: Numbers, prefix: str = "") -> None:
        self._numbers, self._prefix = numbers, prefix

    def __missing__(self, name: str) -> int:
        number = self[name] = self._numbers.add(self._prefix + name)
        return number


class Translation:
    """What the numbers of other processes are here.

    Parameters
    ----------
    find
        The numbers of names here.
    """

    def __init__(self, find: Callable[[Sequence[str]], NDArray[np.integer]]) -> None:
        self._find = find
        self._found: dict[str, NDArray[np.int32]] = {}

    def of(self, process: str, counts: Counts) -> NDArray[np.int32]:
        """The number here of each column of the counts; they must come in the process's order."""
        size = counts.matrix.n_columns
        begun = size - len(counts.names)
        found = self._found[process] if begun else np.zeros(0, np.int32)
        found = self._found[process] = grown(found, size)
        if counts.names:
            found[begun:size] = self._find(counts.names)
        return found[:size]


def grown(array: NDArray[Scalar], size: int) -> NDArray[Scalar]:
    """The array, or a longer one with zeros behind, which takes the time of a copy only now and then."""
    if size <= len(array):
        return array
    longer = np.zeros(2 * size, array.dtype)
    longer[: len(array)] = array
    return longer
