"""Dense features, embeddings, in a NumPy `.npy` file, with labels in a `.npz` file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.dense import Dense
from pwdismec.data.formats.header import check_columns
from pwdismec.data.formats.npz import labels_beside
from pwdismec.data.formats.source import Block
from pwdismec.data.validation import first_not_finite
from pwdismec.errors import DataError, StorageError
from pwdismec.patience import apart_from_damage, patient
from pwdismec.quoting import said_by

# Feature values a block.
_VALUES = 1 << 22


class NpySource:
    """An array, instances x features, memory-mapped and given block by block. A `Source`.

    The labels are a SciPy matrix in a `.npz` file, read whole; that file may be missing: instances to
    predict for. `first_id` is that of the labels; the columns of an array have no ids.
    """

    format = "npy"

    def __init__(
        self, paths: tuple[Path, ...], first_id: int, n_features: int | None, n_labels: int | None
    ) -> None:
        self.paths = paths
        self._values = _mapped(paths[0])
        self.n_instances, self.n_features = self._values.shape
        check_columns(paths[0], "features", self.n_features, n_features)
        self._labels = labels_beside(paths, self.n_instances, first_id, n_labels)
        self.n_labels = self._labels.n_columns

    def __iter__(self) -> Iterator[Block]:
        step = max(1, _VALUES // self.n_features)
        for start in range(0, max(1, self.n_instances), step):  # no rows are a block, too
            stop = min(start + step, self.n_instances)
            yield Block(Dense(self._rows(start, stop)), self._labels.rows(start, stop).stored())

    def _rows(self, start: int, stop: int) -> NDArray[np.float32]:
        given = self._values[start:stop]
        with np.errstate(over="ignore"):
            values = np.ascontiguousarray(given, np.float32)
        if (place := first_not_finite(values)) is not None:
            where = f"row {start + place[0] + 1}, feature {place[1]}"
            message = f"{where}: {given[place]}: expected a finite number, at most 3.4e38"
            raise DataError(self.paths[0], message)
        return values


@patient
def _mapped(path: Path) -> NDArray[Any]:
    try:
        with apart_from_damage(path):
            values = np.lib.format.open_memmap(path, mode="r")  # which never loads a pickle
    except StorageError:
        raise
    except Exception as error:  # whatever a damaged header makes NumPy raise
        raise DataError(path, f"damaged, or no .npy array of numbers: {said_by(error)}") from error
    if values.ndim != 2 or values.dtype.newbyteorder("=") not in (np.float16, np.float32, np.float64):
        found = f"{values.ndim} dimensions of {values.dtype}"
        raise DataError(path, f"{found}: expected a matrix of float16, float32 or float64")
    if not 0 < values.shape[1] < 2**31:
        raise DataError(path, f"{values.shape[1]} features: expected 1 to 2^31 - 1")
    return np.asarray(values)
