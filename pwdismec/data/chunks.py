"""Rows a chunk at a time."""

from __future__ import annotations

from collections.abc import Iterator

from pwdismec.data.csr import row_chunks
from pwdismec.data.dense import Dense, Features


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
