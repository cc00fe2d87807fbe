"""Compressed sparse rows with 64-bit offsets and 32-bit column ids.

SciPy's matrices give offsets and column ids one common type, so past 2³¹
stored values they double the memory of the ids and copy what was mapped from
disk. This one keeps the two apart and never copies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pwdismec import native
from pwdismec.data.mapping import is_mapped, release, zeros
from pwdismec.errors import ArrayError


@dataclass(frozen=True, eq=False)
class CSR:
    """A sparse matrix by rows; row i holds the columns ``indices[indptr[i]:indptr[i + 1]]``, ascending.

    Attributes
    ----------
    indptr
        int64, shape (n_rows + 1,). Offsets into `indices`; the first need not be 0, so that a range of
        rows is a view.
    indices
        int32. Column ids, strictly ascending within a row.
    data
        float32, aligned with `indices`; None for a binary matrix (label sets).
    n_columns
        The number of columns.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    data: NDArray[np.float32] | None
    n_columns: int

    @property
    def n_rows(self) -> int:
        return len(self.indptr) - 1

    @property
    def nnz(self) -> int:
        return int(self.indptr[-1] - self.indptr[0])

    @property
    def values(self) -> NDArray[np.float32]:
        """`data` of a matrix that is not binary."""
        if self.data is None:
            raise ValueError("a binary matrix has no values")
        return self.data

    @property
    def row_lengths(self) -> NDArray[np.int64]:
        """int64, shape (n_rows,): stored values in each row."""
        return np.diff(self.indptr)

    def rows(self, start: int, stop: int) -> CSR:
        """Rows start … stop − 1, as a view."""
        return CSR(self.indptr[start : stop + 1], self.indices, self.data, self.n_columns)

    def take(self, ids: NDArray[np.integer]) -> CSR:
        """The rows `ids`, in that order, copied."""
        lengths = self.row_lengths[ids]
        indptr = np.zeros(len(ids) + 1, np.int64)
        np.cumsum(lengths, out=indptr[1:])
        where = np.repeat(self.indptr[:-1][ids] - indptr[:-1], lengths) + np.arange(indptr[-1])
        return CSR(
            indptr, self.indices[where], None if self.data is None else self.data[where], self.n_columns
        )

    def where(self, kept: NDArray[np.bool_]) -> CSR:
        """The values of `stored` for which `kept`, shape (nnz,), holds; copied."""
        own = self.stored()
        before = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept, dtype=np.int64)])
        data = None if own.data is None else own.data[kept]
        return CSR(before[own.indptr], own.indices[kept], data, own.n_columns)

    def narrowed(self, n_columns: int) -> CSR:
        """The same rows with columns 0 … n_columns − 1; values in others are left out."""
        own = self.stored()
        if own.indices.max(initial=-1) >= n_columns:
            own = own.where(own.indices < n_columns)
        return CSR(own.indptr, own.indices, own.data, n_columns)

    def stored(self) -> CSR:
        """The same matrix with offsets from 0 and no stored value outside its rows; arrays are views."""
        start, stop = int(self.indptr[0]), int(self.indptr[-1])
        data = None if self.data is None else self.data[start:stop]
        indptr = self.indptr if start == 0 else self.indptr - start
        return CSR(indptr, self.indices[start:stop], data, self.n_columns)

    @property
    def nbytes(self) -> int:
        """Bytes of offsets, column ids and values."""
        own = self.stored()
        return own.indptr.nbytes + own.indices.nbytes + (0 if own.data is None else own.data.nbytes)

    @property
    def is_mapped(self) -> bool:
        """Whether column ids and values are mapped from files, read-only."""
        return is_mapped(self.indices) and (self.data is None or is_mapped(self.data))

    def widened(self) -> CSR:
        """The same matrix with values of float32: those that were stored as float16 are copied."""
        if self.data is None or self.data.dtype == np.float32:
            return self
        own = self.stored()
        return CSR(own.indptr, own.indices, own.values.astype(np.float32), own.n_columns)

    def release(self) -> None:
        """Give the memory of what is mapped from files back to the system; it is read again when used."""
        own = self.stored()
        for array in (own.indptr, own.indices, own.data):
            if array is not None:
                release(array)

    @classmethod
    def concatenate(cls, parts: Sequence[CSR], n_columns: int) -> CSR:
        """The rows of `parts` one below another."""
        parts = [part.stored() for part in parts]
        lengths = [part.row_lengths for part in parts]
        indptr = np.zeros(sum(map(len, lengths)) + 1, np.int64)
        np.cumsum(np.concatenate([*lengths, np.zeros(0, np.int64)]), out=indptr[1:])
        data = [part.data for part in parts if part.data is not None]
        return cls(
            indptr,
            np.concatenate([*(part.indices for part in parts), np.zeros(0, np.int32)]),
            np.concatenate(data) if data else None,
            n_columns,
        )

    def to_scipy(self) -> sp.csr_matrix:
        """The same matrix in SciPy's form (float32; a binary matrix holds ones)."""
        own = self.stored()
        data = np.ones(own.nnz, np.float32) if own.data is None else own.data
        return sp.csr_matrix((data, own.indices, own.indptr), shape=(self.n_rows, self.n_columns))

    @classmethod
    def from_scipy(cls, matrix: sp.spmatrix, *, binary: bool = False) -> CSR:
        """From any SciPy sparse matrix, its `entries_of`; `binary` drops the values.

        Raises
        ------
        ArrayError
            As `sound_csr_matrix`.
        """
        matrix = entries_of(sound_csr_matrix(matrix, "matrix"))
        with np.errstate(over="ignore"):  # whoever checks the matrix finds values that are infinite
            data = None if binary else np.ascontiguousarray(matrix.data, np.float32)
        return cls(
            np.ascontiguousarray(matrix.indptr, np.int64),
            np.ascontiguousarray(matrix.indices, np.int32),
            data,
            int(matrix.shape[1]),
        )

    def column_counts(self) -> NDArray[np.int64]:
        """int64, shape (n_columns,): stored values in each column.

        Raises
        ------
        ArrayError
            If a column id is out of range.
        """
        own = self.stored()
        counts = zeros(self.n_columns, np.int64)
        try:
            native.count_ids(own.indices, counts)
        except IndexError as error:
            raise ArrayError(
                "matrix", f"a column id out of range; expected 0 to {self.n_columns - 1}"
            ) from error
        return counts


def sound_csr_matrix(matrix: Any, name: str) -> sp.csr_matrix:
    """A matrix in SciPy's CSR form whose ids lie within it, so that SciPy's kernels may rely on them.

    Parameters
    ----------
    matrix
        Of SciPy, in any form, or dense; it stays as it is.
    name
        For messages.

    Raises
    ------
    ArrayError
        If offsets or ids are no whole numbers or out of range, values are no numbers, or a side is 2³¹ or
        more.
    """
    try:
        if sp.issparse(matrix):
            for field in ("indptr", "indices", "row", "col"):
                ids = getattr(matrix, field, None)
                if isinstance(ids, np.ndarray) and ids.dtype.kind not in "iu":
                    raise ArrayError(name, f"{field} is {ids.dtype}; expected whole numbers")
            if matrix.format == "coo":  # the constructor looks at the ids
                matrix = sp.coo_matrix((matrix.data, (matrix.row, matrix.col)), shape=matrix.shape)
            elif hasattr(matrix, "check_format"):
                matrix = copy(matrix)  # it would change what it checks
                matrix.check_format(full_check=True)
        made = sp.csr_matrix(matrix)
    except (ValueError, TypeError, IndexError) as error:
        raise error if isinstance(error, ArrayError) else ArrayError(name, str(error)) from error
    if max(made.shape) >= 2**31:
        raise ArrayError(name, f"shape {made.shape}; expected less than 2^31 a side")
    if made.dtype.kind not in "biuf":
        raise ArrayError(name, f"{made.dtype} values; expected numbers")
    return made


def entries_of(matrix: sp.csr_matrix) -> sp.csr_matrix:
    """What a matrix means: entries stored twice are added, stored zeros are none, ids ascend in each row.

    The matrix given stays as it is.
    """
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    if np.count_nonzero(matrix.data) < matrix.nnz:
        matrix = matrix.copy()
        matrix.eliminate_zeros()
    return matrix


def row_chunks(indptr: NDArray[np.int64], max_nnz: int) -> Iterator[tuple[int, int]]:
    """Consecutive row ranges (start, stop) of at most `max_nnz` stored values, or of one row."""
    start, n_rows = 0, len(indptr) - 1
    while start < n_rows:
        stop = int(np.searchsorted(indptr, indptr[start] + max_nnz, side="right")) - 1
        stop = min(max(start + 1, stop), n_rows)
        yield start, stop
        start = stop
