"""Dense features, embeddings, in a NumPy `.npy` file, with labels in another file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.dense import Dense
from pwdismec.data.formats.header import check_columns
from pwdismec.data.formats.npy_array import mapped
from pwdismec.data.formats.source import Block, FirstIds
from pwdismec.data.formats.sparse_npz import labels_beside
from pwdismec.data.validation import first_not_finite
from pwdismec.errors import DataError

# Feature values a block.
_VALUES = 1 << 22


class NpySource:
    """An array, instances x features, memory-mapped and given block by block. A `Source`.

    The labels are a SciPy matrix in a `.npz` file, or zeros and ones in a `.npy` file, read whole; that file
    may be missing: instances to predict for. The columns of an array have no ids that could start at one.
    """

    format = "npy"

    def __init__(
        self, paths: tuple[Path, ...], first: FirstIds, n_features: int | None, n_labels: int | None
    ) -> None:
        self.paths = paths
        self._values = mapped(paths[0], "features")
        self.n_instances, self.n_features = self._values.shape
        check_columns(paths[0], "features", self.n_features, n_features)
        self._labels = labels_beside(paths, self.n_instances, first.label, n_labels)
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
            message = f"{where}: {given[place]}; expected a finite number, at most 3.4e38"
            raise DataError(self.paths[0], message)
        return values
