"""Numbers for names, given where texts are read, and understood in the process that gathers them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import count, islice
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR

Ids = defaultdict[str, int]

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
        self._next = count()
        self._all: list[tuple[str, Ids]] = []
        self._told: list[int] = []

    def __len__(self) -> int:
        return sum(len(ids) for _, ids in self._all)

    def ids(self, prefix: str) -> Ids:
        """The numbers of names that begin with `prefix`, by what follows it; a new one gets the next."""
        ids: Ids = defaultdict(self._next.__next__)
        self._all.append((prefix, ids))
        self._told.append(0)
        return ids

    def new(self) -> list[str]:
        """The names that this has not told before.

        They come in the order of the `ids`, and for this to be that of their numbers, each of these must be
        done with what is new before the next.
        """
        names: list[str] = []
        for i, (prefix, ids) in enumerate(self._all):
            latest = list(islice(reversed(ids), len(ids) - self._told[i]))
            names.extend(map(prefix.__add__, reversed(latest)))
            self._told[i] = len(ids)
        return names


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
