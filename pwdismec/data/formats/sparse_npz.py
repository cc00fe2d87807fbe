"""Features and labels as SciPy's sparse matrices in `.npz` files."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pwdismec.data.csr import CSR, entries_of
from pwdismec.data.formats.archive import check_archive
from pwdismec.data.formats.faults import MOST_COLUMNS
from pwdismec.data.formats.header import check_columns
from pwdismec.data.formats.npy_array import indicated
from pwdismec.data.formats.source import Block, FirstIds, no_labels
from pwdismec.errors import DataError, StorageError
from pwdismec.files import file_to_read
from pwdismec.machine import check_fits
from pwdismec.patience import apart_from_damage, patient
from pwdismec.plain_text import counted
from pwdismec.quoting import said_by

# Arrays in which SciPy stores where values stand.
_WHOLE = {"shape", "indptr", "indices", "row", "col", "coords", "offsets"}


class NpzSource:
    """A features' and a labels' matrix, instances x ids. A `Source`, read whole and given as one block.

    Entries that are stored twice are added, stored zeros are none, as in SciPy. The labels' file may be
    missing: instances to predict for. A label's value must be above zero; what counts is that it is there.
    """

    format = "npz"

    def __init__(
        self, paths: tuple[Path, ...], first: FirstIds, n_features: int | None, n_labels: int | None
    ) -> None:
        self.paths = paths
        features = _features(_load(paths[0], "feature", first.feature))
        check_columns(paths[0], "features", features.n_columns, n_features)
        labels = labels_beside(paths, features.n_rows, first.label, n_labels)
        self._block = Block(features, labels)
        self.n_instances = features.n_rows
        self.n_features = features.n_columns
        self.n_labels = labels.n_columns

    def __iter__(self) -> Iterator[Block]:
        yield self._block


def labels_beside(paths: tuple[Path, ...], n_rows: int, first_id: int, n_labels: int | None) -> CSR:
    """The labels in the second of `paths`, or no label where there is one file, for `n_rows` of features.

    They are a SciPy matrix, or a NumPy array of zeros and ones, whose columns have no ids.
    """
    if len(paths) == 1:
        return no_labels(n_rows, n_labels or 0)
    is_array = paths[1].suffix.lower() == ".npy"
    labels = indicated(paths[1]) if is_array else labels_in(paths[1], first_id)
    check_columns(paths[1], "labels", labels.n_columns, n_labels)
    if labels.n_rows != n_rows:
        raise DataError(paths[1], f"{labels.n_rows} rows, but {paths[0]} has {n_rows}")
    return labels


def labels_in(path: Path, first_id: int = 0) -> CSR:
    """The label sets of a SciPy matrix in a file."""
    matrix = _load(path, "label", first_id)
    matrix.check(matrix.csr.data > 0, "{value}; expected a value above zero")
    return matrix.rows(None)


@dataclass(frozen=True)
class _Matrix:
    """The entries of a SciPy matrix from a file, and what its ids are called."""

    path: Path
    noun: str
    first_id: int
    csr: sp.csr_matrix

    def check(self, is_good: NDArray[np.bool_], complaint: str) -> None:
        """A `DataError` that names the first entry that is not good."""
        if is_good.all():
            return
        entry = int(np.argmin(is_good))
        row = int(np.searchsorted(self.csr.indptr, entry, side="right"))
        where = f"row {row}, {self.noun} {self.csr.indices[entry]}"
        raise DataError(self.path, f"{where}: {complaint.format(value=self.csr.data[entry])}")

    def column_ids(self) -> NDArray[np.int32]:
        ids: NDArray[np.integer] = self.csr.indices
        self.check(ids >= self.first_id, "ids start at one")
        return (ids - self.first_id).astype(np.int32)

    def rows(self, values: NDArray[np.float32] | None) -> CSR:
        n_columns = max(0, self.csr.shape[1] - self.first_id)
        return CSR(self.csr.indptr.astype(np.int64), self.column_ids(), values, n_columns)


def _features(matrix: _Matrix) -> CSR:
    with np.errstate(over="ignore"):
        values = matrix.csr.data.astype(np.float32)
    matrix.check(np.isfinite(values), "{value}; expected a finite number, at most 3.4e38")
    return matrix.rows(values)


@patient
def _load(path: Path, noun: str, first_id: int) -> _Matrix:
    # NumPy would take it for a pickle, and advise to load that. Asked twice: a failing disk is a no, too.
    if not (zipfile.is_zipfile(path) or zipfile.is_zipfile(path)):
        with apart_from_damage(path), file_to_read(path) as file:
            file.read(1)  # or one that fails for good
        expected = "" if path.suffix == ".npz" else f"; expected {noun}s as scipy.sparse.save_npz writes them"
        raise DataError(path, f"damaged, or no .npz file{expected}")
    types = check_archive(path)
    for name in _WHOLE & types.keys():
        if types[name].kind not in "iu":  # SciPy would cut off what is behind the point
            raise DataError(path, f"{name} is {types[name]}; expected whole numbers")
    try:
        with apart_from_damage(path):
            with np.load(path, allow_pickle=False) as archive:
                n_rows = int(archive["shape"].flat[0])
            check_fits(8 * n_rows, path, f"{n_rows} rows", "fewer rows")
            stored = sp.load_npz(path)
        csr = stored.tocsr()
        csr.check_format(full_check=True)
    except (DataError, StorageError):
        raise
    except NotImplementedError as error:
        raise DataError(
            path, f"a form of sparse matrix that SciPy does not load: {said_by(error)}"
        ) from error
    except Exception as error:  # whatever a damaged archive makes NumPy and SciPy raise
        raise DataError(
            path, f"not a sparse matrix as scipy.sparse.save_npz writes it: {said_by(error)}"
        ) from error
    if csr.ndim != 2 or csr.dtype.kind not in "biuf":
        raise DataError(
            path, f"{counted(csr.ndim, 'dimension')} of {csr.dtype}; expected a matrix of real numbers"
        )
    if csr.shape[1] > MOST_COLUMNS:
        raise DataError(path, f"{csr.shape[1]} {noun}s; expected at most {MOST_COLUMNS}")
    return _Matrix(path, noun, first_id, entries_of(csr))
