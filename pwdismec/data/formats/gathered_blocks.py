"""Blocks gathered into one, as they come."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.dense import Dense, Features
from pwdismec.data.formats.source import Block, Source
from pwdismec.machine import memory

# More room than the rows so far make expect, so that uneven rows seldom cause a copy of everything.
_RESERVE = 1.1

# Of memory, the most room that is made for a header's sake.
_PARTS = 4


class _Growing:
    """An array that grows at its end. Room that is never written costs address space, not memory."""

    def __init__(self, dtype: DTypeLike) -> None:
        self._room: NDArray[Any] = np.empty(0, dtype)
        self._size = 0

    def append(self, part: NDArray[Any], growth: float) -> None:
        """Add `part`; where there is no room for it, make some for `growth` times what there is then."""
        size = self._size + len(part)
        if size > len(self._room):
            most = max(2 * size, memory() // _PARTS // self._room.itemsize)  # a header may promise anything
            room = np.empty(min(int(size * growth), most) + 1, self._room.dtype)
            room[: self._size] = self._room[: self._size]
            self._room = room
        self._room[self._size : size] = part
        self._size = size

    def array(self) -> NDArray[Any]:
        return self._room[: self._size]


class _GrowingCSR:
    def __init__(self) -> None:
        self._indptr, self._indices, self._data = _Growing(np.int64), _Growing(np.int32), _Growing(np.float32)
        self._indptr.append(np.zeros(1, np.int64), 1)
        self._nnz = 0

    def append(self, rows: Features, growth: float) -> None:
        assert isinstance(rows, CSR)
        self._indptr.append(rows.indptr[1:] + self._nnz, growth)
        self._indices.append(rows.indices, growth)
        if rows.data is not None:
            self._data.append(rows.data, growth)
        self._nnz += rows.nnz

    def matrix(self, n_columns: int, *, with_values: bool = True) -> CSR:
        data = self._data.array() if with_values else None
        return CSR(self._indptr.array(), self._indices.array(), data, n_columns)


class _GrowingDense:
    def __init__(self) -> None:
        self._values = _Growing(np.float32)

    def append(self, rows: Features, growth: float) -> None:
        assert isinstance(rows, Dense)
        self._values.append(rows.values.reshape(-1), growth)

    def matrix(self, n_columns: int) -> Dense:
        return Dense(self._values.array().reshape(-1, n_columns))


def gather(source: Source) -> Block:
    """All rows of a source. Each block is copied when it comes, so that its memory serves the next."""
    features: _GrowingCSR | _GrowingDense = _GrowingDense() if source.format == "npy" else _GrowingCSR()
    labels = _GrowingCSR()
    n_rows = 0
    for block in source:
        n_rows += block.features.n_rows
        total = source.n_instances  # where it is known, room is made for all at the first block
        growth = 2.0 if total is None else _RESERVE * total / max(1, n_rows)
        features.append(block.features, growth)
        labels.append(block.labels, growth)
    assert source.n_features is not None and source.n_labels is not None  # now it is at its end
    return Block(features.matrix(source.n_features), labels.matrix(source.n_labels, with_values=False))
