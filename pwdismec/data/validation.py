"""Checks of matrices that come from outside."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.dense import Dense
from pwdismec.errors import DataError

_CHUNK = 1 << 22


def check_csr(matrix: CSR, name: str) -> None:
    """Raise DataError, naming the matrix, row and value, unless `matrix` is what `CSR` promises.

    Checked: the arrays' types, offsets that do not fall, column ids in range and strictly ascending in
    each row, finite values.
    """
    _check_types(matrix, name)
    _check_offsets(matrix, name)
    own = matrix.stored()
    _check_range(own, name)
    _check_ascending(own, name)
    if own.data is not None and not np.isfinite(own.data).all():
        place = int(np.argmin(np.isfinite(own.data)))
        _fail(own, name, place, f"value {own.data[place]}; expected a finite number")


def check_dense(matrix: Dense, name: str) -> None:
    """Raise DataError, naming the matrix, row and value, unless `matrix` is what `Dense` promises.

    Checked: type, order in memory, finite values.
    """
    values = matrix.values
    if values.ndim != 2 or values.dtype != np.float32 or not values.flags.c_contiguous:
        order = "" if values.flags.c_contiguous else ", not C-contiguous"
        found = f"{values.dtype} of {values.ndim} dimensions{order}"
        raise DataError(name, f"values are {found}; expected 2-D float32, C-contiguous")
    if max(values.shape) >= 2**31:
        raise DataError(name, f"shape {matrix.n_rows} x {matrix.n_columns}; expected less than 2^31 a side")
    step = max(1, _CHUNK // max(1, matrix.n_columns))
    for start in range(0, matrix.n_rows, step):
        if (place := first_not_finite(values[start : start + step])) is not None:
            row, column = start + place[0], place[1]
            raise DataError(
                name, f"row {row}, column {column}: value {values[row, column]}; expected a finite number"
            )


def first_not_finite(values: NDArray[np.floating[Any]]) -> tuple[int, int] | None:
    """Row and column of the first value of a matrix that is not finite."""
    finite = np.isfinite(values)
    if finite.all():
        return None
    row, column = np.unravel_index(int(np.argmin(finite)), finite.shape)
    return int(row), int(column)


def _fail(matrix: CSR, name: str, place: int, message: str) -> None:
    row = int(np.searchsorted(matrix.indptr, place, side="right")) - 1
    raise DataError(name, f"row {row}, column {matrix.indices[place]}: {message}")


def _check_types(matrix: CSR, name: str) -> None:
    fields: list[tuple[str, NDArray[Any], type]] = [
        ("indptr", matrix.indptr, np.int64),
        ("indices", matrix.indices, np.int32),
    ]
    if matrix.data is not None:
        fields.append(("data", matrix.data, np.float32))
    for field, array, dtype in fields:
        if array.ndim != 1 or array.dtype != dtype:
            raise DataError(
                name, f"{field} is {array.dtype} of {array.ndim} dimensions; expected 1-D {np.dtype(dtype)}"
            )
    if not 0 <= matrix.n_columns < 2**31 or matrix.n_rows >= 2**31:
        raise DataError(name, f"shape {matrix.n_rows} x {matrix.n_columns}; expected less than 2^31 a side")


def _check_offsets(matrix: CSR, name: str) -> None:
    if len(matrix.indptr) == 0:
        raise DataError(name, "indptr is empty; expected one offset more than rows")
    if matrix.indptr[0] < 0 or (matrix.row_lengths < 0).any():
        raise DataError(name, "indptr falls or is negative; expected offsets that do not fall")
    for field in ("indices", "data"):
        array = getattr(matrix, field)
        if array is not None and len(array) < matrix.indptr[-1]:
            raise DataError(name, f"{field} has {len(array)} values, but indptr ends at {matrix.indptr[-1]}")


def _check_range(matrix: CSR, name: str) -> None:
    if matrix.nnz and (matrix.indices.min() < 0 or matrix.indices.max() >= matrix.n_columns):
        place = int(np.argmax((matrix.indices < 0) | (matrix.indices >= matrix.n_columns)))
        _fail(matrix, name, place, f"out of range; expected 0 to {matrix.n_columns - 1}")


def _check_ascending(matrix: CSR, name: str) -> None:
    ascends = np.ones(matrix.nnz, bool)
    np.greater(matrix.indices[1:], matrix.indices[:-1], out=ascends[1:])
    ascends[matrix.indptr[:-1][matrix.row_lengths > 0]] = True
    if not ascends.all():
        place = int(np.argmin(ascends))
        twice = matrix.indices[place] == matrix.indices[place - 1]
        _fail(matrix, name, place, "given twice" if twice else "not in ascending order")
