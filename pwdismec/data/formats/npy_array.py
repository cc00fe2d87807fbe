"""Matrices in NumPy's `.npy` files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.errors import DataError, StorageError
from pwdismec.patience import apart_from_damage, patient
from pwdismec.plain_text import counted
from pwdismec.quoting import said_by

# Values of an indicator matrix looked at together.
_VALUES = 1 << 22


_FLOATS = (np.float16, np.float32, np.float64)


@patient
def mapped(path: Path, columns: str) -> NDArray[Any]:
    """A matrix of real numbers, memory-mapped.

    Parameters
    ----------
    columns
        What they are ("features", "labels"), for messages.

    Raises
    ------
    DataError
        If the file holds anything else.
    """
    values = _mapped(path)
    if values.ndim != 2 or not _is_numeric(values):
        found = f"{counted(values.ndim, 'dimension')} of {values.dtype}"
        raise DataError(path, f"{found}; expected a matrix of integers, float16, float32 or float64")
    if not 0 < values.shape[1] < 2**31:
        raise DataError(path, f"{values.shape[1]} {columns}; expected 1 to 2^31 - 1")
    return np.asarray(values)


def _mapped(path: Path) -> NDArray[Any]:
    try:
        with apart_from_damage(path):
            values: NDArray[Any] = np.lib.format.open_memmap(path, mode="r")  # which never loads a pickle
    except StorageError:
        raise
    except Exception as error:  # whatever a damaged header makes NumPy raise
        raise DataError(path, f"damaged, or no .npy array of numbers: {said_by(error)}") from error
    return values


def _is_numeric(values: NDArray[Any]) -> bool:
    return values.dtype.kind in "biu" or values.dtype.newbyteorder("=") in _FLOATS


@patient
def counts_in(path: Path) -> NDArray[np.int64]:
    """An array of whole numbers from 0; DataError if the file holds anything else."""
    values = _mapped(path)
    if values.ndim != 1 or values.dtype.kind not in "iu":
        found = f"{counted(values.ndim, 'dimension')} of {values.dtype}"
        raise DataError(path, f"{found}; expected one dimension of integers")
    if len(values) and not 0 <= int(values.min()) <= int(values.max()) < 2**63:
        place = int(np.argmin(values)) if values.min() < 0 else int(np.argmax(values))
        raise DataError(path, f"{values[place]} at {place}; expected numbers from 0 on")
    return np.array(values, np.int64)


def indicated(path: Path) -> CSR:
    """The label sets that an array of zeros and ones says, instances x labels; read in pieces.

    Raises
    ------
    DataError
        If the file holds anything else.
    """
    values = mapped(path, "labels")
    lengths, labels = [np.zeros(1, np.int64)], [np.zeros(0, np.int32)]
    step = max(1, _VALUES // values.shape[1])
    for start in range(0, len(values), step):
        part = values[start : start + step]
        is_there = part == 1
        for row, label in np.argwhere(~is_there & (part != 0))[:1]:
            where = f"row {start + row + 1}, label {label}"
            raise DataError(path, f"{where}: {part[row, label]}; expected 0 or 1")
        rows, ids = np.nonzero(is_there)
        lengths.append(np.bincount(rows, minlength=len(part)))
        labels.append(ids.astype(np.int32))
    return CSR(np.cumsum(np.concatenate(lengths)), np.concatenate(labels), None, values.shape[1])
