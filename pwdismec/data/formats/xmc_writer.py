"""Data sets as text in the XMC repository's one-file format."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pwdismec import native
from pwdismec.bounds import thread_count
from pwdismec.data.csr import CSR
from pwdismec.data.formats.compression import open_to_write
from pwdismec.errors import DataError
from pwdismec.files import replacing_file
from pwdismec.parallel import in_threads

_ENTRIES_AT_ONCE = 1 << 16


def write_xmc(path: str | Path, features: CSR, labels: CSR, *, jobs: int = -1) -> None:
    """Write `N D L`, then a row `label,label feature:value …` for each instance; ids start at zero.

    Values are written with the fewest digits that read back as the same float32. The suffix compresses
    (.gz, .xz, .bz2, .zst). The file appears when it is whole.

    Parameters
    ----------
    features
        float32 values, shape (n, n_features), all finite.
    labels
        Shape (n, n_labels); values, if any, are not written.
    jobs
        Threads that format; −1 for every core.

    Raises
    ------
    DataError
        If rows do not match or a value is not finite: no reader would take the file.
    PwdismecError
        If the file cannot be written.
    """
    path = Path(path)
    values = features.data
    if values is None:
        raise DataError(path, "cannot write features without values")
    if features.n_rows != labels.n_rows:
        raise DataError(
            path, f"cannot write {features.n_rows} rows of features with {labels.n_rows} of labels"
        )
    if not np.isfinite(values[features.indptr[0] : features.indptr[-1]]).all():
        raise DataError(path, "cannot write a feature value that is not finite")

    def text_of(rows: tuple[int, int]) -> NDArray[np.uint8]:
        some, some_labels = features.rows(*rows), labels.rows(*rows)
        return native.format_labelled_rows(
            some.indptr, some.indices, values, some_labels.indptr, some_labels.indices
        )

    with replacing_file(path) as aside, open_to_write(aside, path.suffix.lower()) as file:
        file.write(f"{features.n_rows} {features.n_columns} {labels.n_columns}\n".encode())
        for text in in_threads(text_of, _row_ranges(features, labels), thread_count(jobs)):
            file.write(text.data)


def _row_ranges(features: CSR, labels: CSR) -> list[tuple[int, int]]:
    """Consecutive ranges of rows, each of about `_ENTRIES_AT_ONCE` rows, features and labels together."""
    entries = np.arange(features.n_rows + 1) + features.indptr + labels.indptr
    steps = np.arange(entries[0], entries[-1], _ENTRIES_AT_ONCE)
    cuts = np.unique(np.append(np.searchsorted(entries, steps), features.n_rows))
    return [(int(start), int(stop)) for start, stop in pairwise(cuts)]
