"""Writing a data set's folder piece by piece, in memory that does not grow with the data."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from pwdismec.data import array_files
from pwdismec.data.csr import CSR, row_chunks
from pwdismec.data.dataset_manifest import (
    DENSE_FEATURES,
    IDF_DTYPE,
    LABELS,
    MANIFEST,
    RECORD_IDS,
    SPARSE_FEATURES,
    VECTORIZER,
    VECTORIZER_FILES,
    ArrayEntry,
    FileEntry,
    Likeness,
    Manifest,
    NameList,
    TransformsEntry,
    files_of_vectorizer,
    fingerprint_of,
    is_dataset,
    read_manifest,
)
from pwdismec.data.dense import Dense, Features
from pwdismec.data.strings import Strings
from pwdismec.data.transforms import Transforms
from pwdismec.data.transpose import column_offsets, rows_of_columns
from pwdismec.errors import DataError, OutputError
from pwdismec.files import read_file, sha256_of, write_part
from pwdismec.outputs import Inputs, output_folder
from pwdismec.quoting import visible

# Label → instances entries held at a time; each further range of labels reads the labels once more.
_RANGE = 1 << 26

_SPARSE_ARRAYS = SPARSE_FEATURES | LABELS


def dataset_output(path: str | Path, inputs: Inputs, *, overwrite: bool) -> Path:
    """Where to write a data set; parameters and errors are those of `output_folder`."""
    return output_folder(path, inputs, contents=_contents, overwrite=overwrite)


def _contents(folder: Path) -> set[str]:
    """The files of a data set."""
    if not is_dataset(folder):
        raise OutputError(f"{folder}: exists and is not a pwdismec data set; expected a new folder")
    arrays: Iterable[str] = {
        **SPARSE_FEATURES,
        **DENSE_FEATURES,
        **LABELS,
        **RECORD_IDS,
        "idf": IDF_DTYPE,
    }
    names: Iterable[str] = get_args(NameList)
    with suppress(DataError):  # of another version, or damaged: it may be any of them
        manifest = read_manifest(folder)
        arrays, names = manifest.arrays, manifest.names
    texts = [f"{VECTORIZER}/{name}" for name in VECTORIZER_FILES]
    return {MANIFEST, *(f"{name}.npy" for name in arrays), *(f"{name}.txt" for name in names), *texts}


def copy_vectorizer(source: Path, target: Path) -> None:
    """Write the files of a vectoriser's folder into a new folder."""
    target.mkdir()
    for file in files_of_vectorizer(source):
        write_part(target / file.name, read_file(file))


class MatrixWriter:
    """The files of a sparse matrix, growing by whole rows."""

    def __init__(self, arrays: Mapping[str, array_files.ArrayWriter]) -> None:
        self.n_rows = 0
        self.nnz = 0
        self._arrays = arrays
        arrays["indptr"].append(np.zeros(1, np.int64))

    def append(self, part: Features) -> None:
        """Write rows behind those that are there."""
        assert isinstance(part, CSR)
        part = part.stored()
        self._arrays["indptr"].append(part.indptr[1:] + self.nnz)
        self._arrays["indices"].append(part.indices)
        if "data" in self._arrays:
            assert part.data is not None
            self._arrays["data"].append(part.data)
        self.n_rows += part.n_rows
        self.nnz += part.nnz


class DenseWriter:
    """The file of a dense matrix, growing by whole rows."""

    def __init__(self, values: array_files.ArrayWriter) -> None:
        self._values = values

    def append(self, part: Features) -> None:
        """Write rows behind those that are there."""
        assert isinstance(part, Dense)
        self._values.append(part.values)


class StringsWriter:
    """The files of strings, growing by some."""

    def __init__(self, indptr: array_files.ArrayWriter, utf8: array_files.ArrayWriter) -> None:
        self._indptr, self._utf8 = indptr, utf8
        indptr.append(np.zeros(1, np.int64))

    def append(self, part: Strings) -> None:
        """Write strings behind those that are there."""
        part = part.stored()
        self._indptr.append(part.indptr[1:] + self._utf8.length)
        self._utf8.append(part.utf8)


class FolderWriter:
    """A data set's folder while it is written: first the matrices, then what follows from them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._entries: dict[str, ArrayEntry] = {}

    @contextmanager
    def array(self, name: str, dtype: str, columns: int | None = None) -> Iterator[array_files.ArrayWriter]:
        """Write one array, in place of what had its name."""
        with array_files.ArrayWriter(self.folder / f"{name}.npy", dtype, columns) as writer:
            yield writer
        self._entries[name] = writer.entry

    @contextmanager
    def features(self, first: Features | None) -> Iterator[MatrixWriter | DenseWriter]:
        """Write the features, all in the form of `first` (sparse where there is none)."""
        if isinstance(first, Dense):
            with self.array("features", "float32", first.n_columns) as values:
                yield DenseWriter(values)
        else:
            with self.matrix("features") as matrix:
                yield matrix

    @contextmanager
    def matrix(self, name: str) -> Iterator[MatrixWriter]:
        """Write the arrays of one sparse matrix: "features", "labels" or "label_instances"."""
        with ExitStack() as stack:
            yield MatrixWriter(
                {
                    array.removeprefix(f"{name}_"): stack.enter_context(self.array(array, dtype))
                    for array, dtype in _SPARSE_ARRAYS.items()
                    if array.startswith(f"{name}_")
                }
            )

    @contextmanager
    def record_ids(self) -> Iterator[StringsWriter]:
        """Write the ids of records."""
        with ExitStack() as stack:
            yield StringsWriter(
                *(stack.enter_context(self.array(name, dtype)) for name, dtype in RECORD_IDS.items())
            )

    def map(self, name: str, n_columns: int) -> CSR:
        """A sparse matrix that is written, memory-mapped."""

        def array(field: str) -> NDArray[Any]:
            key = f"{name}_{field}"
            return array_files.open_array(self.folder / f"{key}.npy", self._entries[key])

        data = array("data") if f"{name}_data" in _SPARSE_ARRAYS else None
        return CSR(array("indptr"), array("indices"), data, n_columns)

    def finish(
        self,
        n_features: int,
        n_labels: int,
        transforms: Transforms,
        names: Mapping[NameList, Sequence[str] | None],
        *,
        like: Likeness | None = None,
        sources: Sequence[str] = (),
        source_format: str | None = None,
    ) -> None:
        """Write what follows from features and labels, and the manifest of all that is in the folder."""
        self._write_label_instances(n_labels)
        if transforms.idf is not None:
            with self.array("idf", IDF_DTYPE) as idf:
                idf.append(transforms.idf)
        hashes = {name: entry.sha256 for name, entry in self._entries.items()}
        dense = "features" in self._entries
        vectorizer = sorted((self.folder / VECTORIZER).glob("*"))
        manifest = Manifest(
            fingerprint=fingerprint_of(n_features, n_labels, transforms, hashes),
            n_instances=self._entries["labels_indptr"].length - 1,
            n_features=n_features,
            n_labels=n_labels,
            nnz=math.prod(self._entries["features" if dense else "features_data"].shape),
            sources=tuple(map(visible, sources)),  # for people; a name that is not UTF-8 fits no JSON
            source_format=source_format,
            transforms=TransformsEntry.model_validate(transforms.to_json()),
            like=like,
            arrays=dict(sorted(self._entries.items())),
            names={
                what: self._write_names(what, lines) for what, lines in names.items() if lines is not None
            },
            vectorizer={path.name: _entry(path) for path in vectorizer}  # type: ignore[misc]
            if vectorizer
            else None,
        )
        content = manifest.model_dump_json(indent=1, exclude_none=True)
        write_part(self.folder / MANIFEST, f"{content}\n".encode())

    def _write_label_instances(self, n_labels: int) -> None:
        labels = self.map("labels", n_labels)
        offsets = column_offsets(labels)
        with self.matrix("label_instances") as writer:
            for start, stop in row_chunks(offsets, _RANGE):
                rows = rows_of_columns(labels, offsets, start, stop)
                writer.append(CSR(offsets[start : stop + 1] - offsets[start], rows, None, labels.n_rows))

    def _write_names(self, what: NameList, lines: Sequence[str]) -> FileEntry:
        content = "".join(f"{line}\n" for line in lines).encode()
        write_part(self.folder / f"{what}.txt", content)
        return FileEntry(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


def _entry(path: Path) -> FileEntry:
    return FileEntry(bytes=path.stat().st_size, sha256=sha256_of(path))
