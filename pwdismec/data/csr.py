"""Compressed sparse rows with 64-bit offsets and 32-bit column ids.

SciPy's matrices give offsets and column ids one common type, so past 2³¹
stored values they double the memory of the ids and copy what was mapped from
disk. This one keeps the two apart and never copies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray


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

    def to_scipy(self) -> sp.csr_matrix:
        """The same matrix in SciPy's form (float32; a binary matrix holds ones)."""
        start, stop = int(self.indptr[0]), int(self.indptr[-1])
        data = np.ones(stop - start, np.float32) if self.data is None else self.data[start:stop]
        return sp.csr_matrix(
            (data, self.indices[start:stop], self.indptr - start), shape=(self.n_rows, self.n_columns)
        )

    @classmethod
    def from_scipy(cls, matrix: sp.spmatrix, *, binary: bool = False) -> CSR:
        """From any SciPy sparse matrix; column ids are sorted, `binary` drops the values."""
        matrix = sp.csr_matrix(matrix)
        if not matrix.has_sorted_indices:
            matrix = matrix.sorted_indices()
        return cls(
            np.ascontiguousarray(matrix.indptr, np.int64),
            np.ascontiguousarray(matrix.indices, np.int32),
            None if binary else np.ascontiguousarray(matrix.data, np.float32),
            int(matrix.shape[1]),
        )
