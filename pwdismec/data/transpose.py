"""From instances → labels to label → instances, by counting sort."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pwdismec.data.csr import CSR, row_chunks

_CHUNK = 1 << 22


def transpose(matrix: CSR) -> CSR:
    """The transposed binary matrix (values are left out); its rows ascend."""
    indptr = column_offsets(matrix)
    return CSR(indptr, rows_of_columns(matrix, indptr, 0, matrix.n_columns), None, matrix.n_rows)


def column_offsets(matrix: CSR) -> NDArray[np.int64]:
    """int64, shape (n_columns + 1,): where each column's rows begin in the transposed matrix."""
    indptr = np.zeros(matrix.n_columns + 1, np.int64)
    np.cumsum(matrix.column_counts(), out=indptr[1:])
    return indptr


def rows_of_columns(matrix: CSR, indptr: NDArray[np.int64], start: int, stop: int) -> NDArray[np.int32]:
    """For columns start … stop − 1 of `matrix`, one column after another: the rows that hold it, ascending.

    Parameters
    ----------
    matrix
        The matrix, read once from end to end.
    indptr
        The `column_offsets` of `matrix`.
    start, stop
        The range of columns. Memory is what the result takes, plus a chunk.
    """
    rows = np.empty(indptr[stop] - indptr[start], np.int32)
    free = indptr[start:stop] - indptr[start]
    for first, last in row_chunks(matrix.indptr, _CHUNK):
        part = _columns(matrix.rows(first, last), start, stop)
        counts = np.diff(part.indptr)
        rows[np.repeat(free - part.indptr[:-1], counts) + np.arange(part.nnz)] = part.indices + first
        free += counts
    return rows


def _columns(part: CSR, start: int, stop: int) -> sp.csc_matrix:
    own = part.stored()
    columns, rows = own.indices, np.repeat(np.arange(own.n_rows, dtype=np.int32), own.row_lengths)
    if (start, stop) != (0, own.n_columns):
        inside = (columns >= start) & (columns < stop)
        columns, rows = columns[inside] - np.int32(start), rows[inside]
    ones = np.ones(len(rows), np.int8)
    return sp.coo_matrix((ones, (rows, columns)), shape=(own.n_rows, stop - start)).tocsc()
