"""Checks of arrays that come from outside, before a kernel or a cast sees them."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pwdismec import native
from pwdismec.data.csr import CSR
from pwdismec.data.dense import Dense, Features
from pwdismec.errors import ArrayError
from pwdismec.plain_text import counted


class _Fault(IntEnum):
    """The kernel's codes (native/support/check_arrays.hpp)."""

    OFFSETS = 1
    END = 2
    RANGE = 3
    TWICE = 4
    ORDER = 5


def check_csr(matrix: CSR, name: str) -> None:
    """Raise ArrayError, naming the matrix, row and value, unless `matrix` is what `CSR` promises.

    Checked: the arrays' types, offsets that do not fall, column ids in range and strictly ascending in
    each row, finite values. It takes no memory for that.
    """
    _check_types(matrix, name)
    fault = native.check_rows(matrix.indptr, matrix.indices, matrix.n_columns)
    if fault is not None and fault[0] == _Fault.OFFSETS:
        raise ArrayError(name, "indptr falls or is negative; expected offsets that do not fall")
    _check_lengths(matrix, name)
    if fault is not None:
        _fail_at_id(matrix, name, *fault)
    if matrix.data is not None:
        start, stop = matrix.indptr[[0, -1]]
        if (place := native.first_not_finite(matrix.data[start:stop])) is not None:
            _fail_at_value(matrix, name, int(start) + place)


def check_features(features: Features, name: str) -> None:
    """Raise ArrayError unless `features` are what `CSR`, with values, or `Dense` promises."""
    if isinstance(features, Dense):
        return check_dense(features, name)
    check_form(features, name)
    check_csr(features, name)


def check_form(matrix: Features, name: str, *, binary: bool = False) -> None:
    """Raise ArrayError unless types and shapes are right; no values are looked at.

    A matrix that is not `binary` has to have values.
    """
    if isinstance(matrix, Dense):
        _check_dense_form(matrix, name)
        return
    if not isinstance(matrix, CSR):
        raise ArrayError(name, f"of type {type(matrix).__name__}; expected CSR or Dense, of float32")
    _check_types(matrix, name)
    if matrix.data is None and not binary:
        raise ArrayError(name, "have no values; expected float32 data")


def whole_numbers(array: ArrayLike, name: str) -> NDArray[np.integer]:
    """The array, one-dimensional and of an integer type (any, if it is empty); else ArrayError."""
    found = np.asarray(array)
    if found.ndim != 1 or (found.dtype.kind not in "iu" and len(found)):
        expected = "expected a list of ids, whole numbers"
        raise ArrayError(name, f"{found.dtype} of shape {found.shape}; {expected}")
    return found if found.dtype.kind in "iu" else found.astype(np.int64)


def finite_float32(values: NDArray[Any], name: str) -> NDArray[np.float32]:
    """Numbers as float32, contiguous; ArrayError if one is not finite, or beyond that type."""
    if values.dtype != np.float32:
        with np.errstate(over="ignore"):
            values = values.astype(np.float32)
    values = np.ascontiguousarray(values)
    if native.first_not_finite(values) is not None:
        raise ArrayError(name, "expected finite numbers of the range of float32")
    return values


def checked_ids(ids: ArrayLike, count: int, what: str) -> NDArray[np.int64]:
    """Ids of rows or columns as int64.

    Parameters
    ----------
    ids
        Shape (n,), of an integer type.
    count
        How many there are to choose from.
    what
        What the ids are of, for the message.

    Raises
    ------
    ArrayError
        If they are no list of whole numbers, or one is out of range.
    """
    found = whole_numbers(ids, f"{what} ids")
    if len(found) and (found.min() < 0 or found.max() >= count):
        worst = found.min() if found.min() < 0 else found.max()
        raise ArrayError(f"{what} ids", f"{worst}; expected a list of ids from 0 to {count - 1}")
    return found.astype(np.int64, copy=False)


def check_dense(matrix: Dense, name: str) -> None:
    """Raise ArrayError, naming the matrix, row and value, unless `matrix` is what `Dense` promises.

    Checked: type, order in memory, finite values.
    """
    _check_dense_form(matrix, name)
    values = matrix.values
    if (place := native.first_not_finite(values.reshape(-1))) is not None:
        row, column = divmod(place, matrix.n_columns)
        raise ArrayError(
            name, f"row {row}, column {column}: value {values[row, column]}; expected a finite number"
        )


def _check_dense_form(matrix: Dense, name: str) -> None:
    values = matrix.values
    if not isinstance(values, np.ndarray):
        raise ArrayError(name, f"values are {type(values).__name__}; expected a NumPy array")
    if values.ndim != 2 or values.dtype != np.float32 or not values.flags.c_contiguous:
        order = "" if values.flags.c_contiguous else ", not C-contiguous"
        found = f"{values.dtype} of {counted(values.ndim, 'dimension')}{order}"
        raise ArrayError(name, f"values are {found}; expected 2-D float32, C-contiguous")
    if max(values.shape) >= 2**31:
        raise ArrayError(name, f"shape {matrix.n_rows} x {matrix.n_columns}; expected less than 2^31 a side")


def first_not_finite(values: NDArray[np.floating[Any]]) -> tuple[int, int] | None:
    """Row and column of the first value of a matrix that is not finite."""
    finite = np.isfinite(values)
    if finite.all():
        return None
    row, column = np.unravel_index(int(np.argmin(finite)), finite.shape)
    return int(row), int(column)


def _fail_at_id(matrix: CSR, name: str, code: int, row: int, place: int) -> NoReturn:
    message = {
        _Fault.RANGE: f"out of range; expected 0 to {matrix.n_columns - 1}",
        _Fault.TWICE: "given twice",
        _Fault.ORDER: "not in ascending order",
    }[_Fault(code)]
    raise ArrayError(name, f"row {row}, column {matrix.indices[place]}: {message}")


def _fail_at_value(matrix: CSR, name: str, place: int) -> NoReturn:
    row = int(np.searchsorted(matrix.indptr, place, side="right")) - 1
    value = f"value {matrix.values[place]}; expected a finite number"
    raise ArrayError(name, f"row {row}, column {matrix.indices[place]}: {value}")


def _check_types(matrix: CSR, name: str) -> None:
    if not isinstance(matrix, CSR):
        raise ArrayError(name, f"of type {type(matrix).__name__}; expected a CSR")
    fields: list[tuple[str, NDArray[Any], type]] = [
        ("indptr", matrix.indptr, np.int64),
        ("indices", matrix.indices, np.int32),
    ]
    if matrix.data is not None:
        fields.append(("data", matrix.data, np.float32))
    for field, array, dtype in fields:
        if not isinstance(array, np.ndarray):
            raise ArrayError(name, f"{field} is {type(array).__name__}; expected a NumPy array")
        if array.ndim != 1 or array.dtype != dtype:
            found = f"{array.dtype} of {counted(array.ndim, 'dimension')}"
            raise ArrayError(name, f"{field} is {found}; expected 1-D {np.dtype(dtype)}")
        if not array.flags.c_contiguous or not array.flags.aligned:
            raise ArrayError(
                name, f"{field} has gaps or is misaligned in memory; expected a contiguous array"
            )
    if len(matrix.indptr) == 0:
        raise ArrayError(name, "indptr is empty; expected one offset more than rows")
    if not isinstance(matrix.n_columns, (int, np.integer)):
        raise ArrayError(name, f"n_columns is {matrix.n_columns!r}; expected a whole number")
    if not 0 <= matrix.n_columns < 2**31 or matrix.n_rows >= 2**31:
        raise ArrayError(name, f"shape {matrix.n_rows} x {matrix.n_columns}; expected less than 2^31 a side")


def _check_lengths(matrix: CSR, name: str) -> None:
    for field in ("indices", "data"):
        array = getattr(matrix, field)
        if array is not None and len(array) < matrix.indptr[-1]:
            raise ArrayError(name, f"{field} has {len(array)} values, but indptr ends at {matrix.indptr[-1]}")
