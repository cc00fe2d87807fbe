"""Rows of which every value is stored: embeddings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pwdismec.data.csr import CSR, row_chunks
from pwdismec.data.mapping import is_mapped, release


@dataclass(frozen=True, eq=False)
class Dense:
    """A matrix with the row operations of `CSR`, of which every value is stored, zeros too.

    Attributes
    ----------
    values
        float32, shape (n_rows, n_columns), C-contiguous.
    """

    values: NDArray[np.float32]

    @property
    def n_rows(self) -> int:
        return len(self.values)

    @property
    def n_columns(self) -> int:
        return int(self.values.shape[1])

    @property
    def nnz(self) -> int:
        return self.values.size

    @property
    def nbytes(self) -> int:
        """Bytes of the values."""
        return self.values.nbytes

    @property
    def row_lengths(self) -> NDArray[np.int64]:
        """int64, shape (n_rows,): stored values in each row."""
        return np.full(self.n_rows, self.n_columns, np.int64)

    @property
    def is_mapped(self) -> bool:
        """Whether the values are mapped from a file, read-only."""
        return is_mapped(self.values)

    def release(self) -> None:
        """Give the memory of the values back to the system where they are mapped from a file."""
        release(self.values)

    def rows(self, start: int, stop: int) -> Dense:
        """Rows start … stop − 1, as a view."""
        return Dense(self.values[start:stop])

    def take(self, ids: NDArray[np.integer]) -> Dense:
        """The rows `ids`, in that order, copied."""
        return Dense(self.values[ids])

    def to_csr(self) -> CSR:
        """The same matrix with every value stored; the values are shared, 4 bytes a value are new."""
        indptr = np.arange(self.n_rows + 1, dtype=np.int64) * self.n_columns
        indices = np.tile(np.arange(self.n_columns, dtype=np.int32), self.n_rows)
        return CSR(indptr, indices, self.values.reshape(-1), self.n_columns)

    def to_scipy(self) -> sp.csr_matrix:
        """The same matrix in SciPy's sparse form, every value stored."""
        return self.to_csr().to_scipy()


Features: TypeAlias = CSR | Dense
"""Instances x features, float32."""


def feature_chunks(features: Features, max_rows: int, max_values: int) -> Iterator[Features]:
    """Consecutive rows, as views, of at most so many rows and stored values, or one row."""
    n = features.n_rows
    if isinstance(features, Dense):
        ranges = iter([(0, n)])
        max_rows = max(1, min(max_rows, max_values // max(1, features.n_columns)))
    else:
        ranges = row_chunks(features.indptr, max_values)
    for start, stop in ranges:
        for first in range(start, stop, max_rows):
            yield features.rows(first, min(first + max_rows, stop))
