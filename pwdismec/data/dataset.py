"""A data set: features, sparse or dense, label sets both ways round, and what was done to the values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pwdismec.checked import not_yet, remember
from pwdismec.data import array_files
from pwdismec.data.csr import CSR, entries_of, row_chunks, sound_csr_matrix
from pwdismec.data.dataset_manifest import (
    MANIFEST,
    VECTORIZER,
    FileEntry,
    Likeness,
    Manifest,
    fingerprint_of,
    read_manifest,
)
from pwdismec.data.dense import Dense, Features
from pwdismec.data.frames import is_frame, numbers_of
from pwdismec.data.names import check_names, check_uris, read_names, read_uris
from pwdismec.data.statistics import Statistics
from pwdismec.data.strings import Strings
from pwdismec.data.transforms import Transforms
from pwdismec.data.transpose import column_offsets, rows_of_columns, transpose
from pwdismec.data.validation import check_csr, check_dense, check_features, check_form, checked_ids
from pwdismec.data.writer import FolderWriter, copy_vectorizer, dataset_output
from pwdismec.errors import ArrayError, DamagedError, DataError
from pwdismec.files import replacing_folder, sha256_of
from pwdismec.patience import patient
from pwdismec.stored import damaged, file_in

_RANGE = 1 << 24  # pairs of a label and an instance that are checked at a time


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Features and labels of the same instances, in memory or memory-mapped from a folder.

    Made by `convert`, `Dataset.open`, `Dataset.from_arrays` or `Dataset.from_scipy`; the constructor
    itself looks at types and shapes alone.

    Attributes
    ----------
    features
        n_instances x n_features, float32 values, sparse or dense, as `transforms` left them.
    labels
        n_instances x n_labels, without values.
    transforms
        What was done to the raw feature values.
    label_names, feature_names
        A name for each, in order, or None.
    label_uris
        What the source calls each label, where that is known and not its name: a URI or another identity,
        not empty, and unlike a name each once. None where names, if there are any, are all there is.
    record_ids
        What the source calls each instance, in order; any strings, equal ones too. None if that is not known.
    path
        The folder that the arrays are mapped from; None in memory.
    vectorizer
        The folder of what made the features of texts (`pwdismec.text.TextVectorizer`), or None.
    like
        What there is of the training set that it was converted like; or None.
    """

    features: Features
    labels: CSR
    transforms: Transforms = field(default_factory=Transforms)
    label_names: list[str] | None = None
    feature_names: list[str] | None = None
    label_uris: list[str] | None = None
    record_ids: Strings | None = None
    path: Path | None = None
    vectorizer: Path | None = None
    like: Likeness | None = None
    _label_instances: CSR | None = None
    _fingerprint: str | None = None

    def __post_init__(self) -> None:
        check_form(self.features, "features")
        check_form(self.labels, "labels", binary=True)

    @classmethod
    @patient
    def open(cls, path: str | Path) -> Dataset:
        """Map the data set at `path`, whose content is checked (`verify`) unless that is on record.

        Raises
        ------
        DataError
            If `path` is no folder, no data set, of another version, or a part is missing or damaged.
        """
        folder = Path(path)
        try:
            dataset, manifest = _mapped(folder)
            claims = _claims(folder, manifest)
            if not_yet(folder, claims):
                dataset.verify()
                remember(folder, claims)
        except DamagedError as error:
            raise DamagedError(error.path, f"damaged: {error.message}; convert it again") from error
        return dataset

    @classmethod
    def from_arrays(
        cls,
        features: Features,
        labels: CSR,
        *,
        transforms: Transforms | None = None,
        label_names: Sequence[str] | None = None,
        feature_names: Sequence[str] | None = None,
        label_uris: Sequence[str] | None = None,
        record_ids: Iterable[str] | None = None,
    ) -> Dataset:
        """A data set in memory that shares the given arrays.

        Parameters
        ----------
        features
            n_instances x n_features, float32 values: a `CSR`, or a `Dense` for embeddings.
        labels
            n_instances x n_labels; values, if there are any, are left out.
        transforms
            What was already done to the values of `features`; default nothing.
        label_names, feature_names
            A name for each label or feature.
        label_uris
            What the source calls each label, if that is not its name.
        record_ids
            What the source calls each instance: any strings.

        Raises
        ------
        DataError
            If a matrix is not what `CSR` or `Dense` promises, a value is not finite, counts do not agree, or
            a name is no text of one line, a URI is empty or there twice, or an id is no string.
        """
        check_features(features, "features")
        check_csr(labels, "labels")
        if features.n_rows != labels.n_rows:
            raise DataError("labels", f"{labels.n_rows} rows, but the features have {features.n_rows}")
        if transforms is None:
            transforms = Transforms()
        elif not isinstance(transforms, Transforms):
            raise DataError("transforms", f"of type {type(transforms).__name__}; expected Transforms")
        idf = transforms.idf
        if idf is not None and not (len(idf) == features.n_columns and np.isfinite(idf).all()):
            raise DataError("transforms", f"idf: expected {features.n_columns} finite numbers")
        ids = None if record_ids is None else Strings.of(record_ids, "record_ids")
        if ids is not None:
            ids.check("record_ids")
            if len(ids) != features.n_rows:
                raise DataError(
                    "record_ids", f"{len(ids)} ids; expected one for each of {features.n_rows} instances"
                )
        return cls(
            features,
            replace(labels, data=None),
            transforms,
            None if label_names is None else check_names(label_names, labels.n_columns, "labels"),
            None if feature_names is None else check_names(feature_names, features.n_columns, "features"),
            None if label_uris is None else check_uris(label_uris, labels.n_columns),
            ids,
        )

    @classmethod
    def from_scipy(
        cls,
        X: Any,
        Y: Any,
        *,
        label_names: Sequence[str] | None = None,
        feature_names: Sequence[str] | None = None,
        label_uris: Sequence[str] | None = None,
        record_ids: Iterable[str] | None = None,
    ) -> Dataset:
        """A raw data set in memory from SciPy or dense matrices, or frames (`transformed` normalises it).

        All are held sparse, without their zeros; embeddings are for `from_arrays`. Frames are those of
        pandas, Polars or Arrow, with numbers alone; they need pyarrow.

        Parameters
        ----------
        X
            Features, shape (n_instances, n_features).
        Y
            Labels, shape (n_instances, n_labels): 1 where an instance has the label, else 0.
        label_names, feature_names, label_uris, record_ids
            As `from_arrays` takes them.

        Raises
        ------
        DataError
            As `from_arrays`; or if a value of Y is neither 0 nor 1.
        """
        if is_frame(X):
            X, columns = numbers_of(X, "X")
            feature_names = columns if feature_names is None else feature_names
        if is_frame(Y):
            Y, columns = numbers_of(Y, "Y")
            label_names = columns if label_names is None else label_names
        X, Y = (entries_of(sound_csr_matrix(matrix, name)) for matrix, name in ((X, "X"), (Y, "Y")))
        if not np.isin(Y.data, (0, 1)).all():
            raise DataError("Y", "holds a value that is neither 0 nor 1; expected a label indicator matrix")
        return cls.from_arrays(
            CSR.from_scipy(X),
            CSR.from_scipy(Y, binary=True),
            label_names=label_names,
            feature_names=feature_names,
            label_uris=label_uris,
            record_ids=record_ids,
        )

    @property
    def n_instances(self) -> int:
        return self.features.n_rows

    @property
    def n_features(self) -> int:
        return self.features.n_columns

    @property
    def n_labels(self) -> int:
        return self.labels.n_columns

    def __repr__(self) -> str:
        sizes = f"{self.n_instances} instances, {self.n_features} features, {self.n_labels} labels"
        return f"Dataset({sizes}, transforms: {self.transforms})"

    @cached_property
    def label_instances(self) -> CSR:
        """n_labels x n_instances, without values: the instances that have each label."""
        if self._label_instances is None:
            check_csr(self.labels, "labels")
            return transpose(self.labels)
        return self._label_instances

    @cached_property
    def label_counts(self) -> NDArray[np.int64]:
        """int64, shape (n_labels,): how many instances have each label."""
        return self.label_instances.row_lengths

    def label_counts_for(self, n_labels: int) -> NDArray[np.int64]:
        """int64, shape (n_labels,): `label_counts`, and 0 for labels that a test set has besides."""
        counts = np.zeros(n_labels, np.int64)
        counts[: self.n_labels] = self.label_counts
        return counts

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of features, labels and transforms, in hexadecimal; names, ids and paths do not count.

        A selection's is derived from its parent's and the ids, without reading the arrays.
        """
        if self._fingerprint is not None:
            return self._fingerprint
        labels = self.labels.stored()
        arrays: dict[str, NDArray[Any]] = {"labels_indptr": labels.indptr, "labels_indices": labels.indices}
        if isinstance(self.features, Dense):
            arrays["features"] = self.features.values
        else:
            features = self.features.stored()
            arrays |= {
                "features_indptr": features.indptr,
                "features_indices": features.indices,
                "features_data": features.values,
            }
        hashes = {name: array_files.sha256_of_array(array) for name, array in arrays.items()}
        return fingerprint_of(self.n_features, self.n_labels, self.transforms, hashes)

    def select_instances(self, ids: slice | ArrayLike) -> Dataset:
        """The data set of some instances, in the order given.

        Parameters
        ----------
        ids
            A slice (with step 1 the arrays are views), instance ids, or a mask of shape (n_instances,).

        Raises
        ------
        ArrayError
            If an id is out of range, or no whole number; it is a DataError, and an IndexError, too.
        """
        if isinstance(ids, slice) and ids.step in (None, 1):
            start, stop, _ = ids.indices(self.n_instances)
            stop = max(start, stop)
            features, labels = self.features.rows(start, stop), self.labels.rows(start, stop)
            record_ids = None if self.record_ids is None else self.record_ids.rows(start, stop)
            key = f"instances {start}:{stop}"
        else:
            rows = _ids(ids, self.n_instances, "instance")
            features, labels = self.features.take(rows), self.labels.take(rows)
            record_ids = None if self.record_ids is None else self.record_ids.take(rows)
            key = f"instances {array_files.sha256_of_array(rows)}"
        return replace(
            self,
            features=features,
            labels=labels,
            record_ids=record_ids,
            path=None,
            _label_instances=None,
            _fingerprint=self._derived_fingerprint(key),
        )

    def select_labels(self, ids: slice | ArrayLike) -> Dataset:
        """The data set with some labels, in the order given; every instance stays, features are shared.

        Parameters
        ----------
        ids
            A slice, label ids, or a mask of shape (n_labels,). Label i of the result is label ids[i].

        Raises
        ------
        ArrayError
            If an id is out of range, or no whole number; it is a DataError, and an IndexError, too. Of labels
            with URIs, each id may be given once.
        """
        rows = _ids(ids, self.n_labels, "label")
        if self.label_uris is not None and len(np.unique(rows)) < len(rows):
            raise ArrayError("label ids", "one is given twice; expected each once, as labels have URIs")
        label_instances = self.label_instances.take(rows)
        return replace(
            self,
            labels=transpose(label_instances),
            label_names=None if self.label_names is None else [self.label_names[i] for i in rows],
            label_uris=None if self.label_uris is None else [self.label_uris[i] for i in rows],
            path=None,
            like=None,
            _label_instances=label_instances,
            _fingerprint=self._derived_fingerprint(f"labels {array_files.sha256_of_array(rows)}"),
        )

    def transformed(self, transforms: Transforms) -> Dataset:
        """A raw data set with `transforms` applied, in memory; labels are shared.

        Raises
        ------
        DataError
            If this data set is not raw, or `Transforms.apply` objects.
        """
        if not self.transforms.is_raw:
            raise DataError(self.path or "data set", f"is already transformed ({self.transforms})")
        features = transforms.apply(self.features)
        return replace(self, features=features, transforms=transforms, path=None, _fingerprint=None)

    def save(self, path: str | Path, *, overwrite: bool = False) -> Dataset:
        """Write this data set to a folder; the result is mapped from it.

        A selection saved is a data set of its own, with the fingerprint of its content.

        Parameters
        ----------
        path
            A new folder, or a data set if `overwrite`.
        overwrite
            Replace a data set that is there, once the new one is whole.

        Raises
        ------
        OutputError
            If `path` exists and is not to be replaced, or must not be (`pwdismec.outputs`).
        DataError
            If a matrix is not what `CSR` or `Dense` promises.
        PwdismecError
            If the folder cannot be written.
        """
        if self.path is None:  # what is written here will count as checked
            check_features(self.features, "features")
            check_csr(self.labels, "labels")
        read = [] if overwrite else [self.path, self.vectorizer]  # what is mapped stays readable
        folder = dataset_output(path, read, overwrite=overwrite)
        with replacing_folder(folder, overwrite=overwrite) as aside:
            writer = FolderWriter(aside)
            with writer.features(self.features) as features, writer.matrix("labels") as labels:
                features.append(self.features)
                labels.append(self.labels)
            if self.record_ids is not None:
                with writer.record_ids() as record_ids:
                    record_ids.append(self.record_ids)
            if self.vectorizer is not None:
                copy_vectorizer(self.vectorizer, aside / VECTORIZER)
            writer.finish(
                self.n_features,
                self.n_labels,
                self.transforms,
                {
                    "label_names": self.label_names,
                    "label_uris": self.label_uris,
                    "feature_names": self.feature_names,
                },
                like=self.like,
            )
        return open_written(folder)

    def statistics(self) -> Statistics:
        """Sizes and the shape of the label distribution."""
        return Statistics.of(self)

    def verify(self) -> None:
        """Check the content of a data set on disk: checksums, offsets, ids, finite values, both label arrays.

        In memory there is nothing to compare with.

        Raises
        ------
        DataError
            Naming the first file whose content is not what it should be.
        """
        if self.path is None:
            return
        manifest = read_manifest(self.path)
        for name, entry in manifest.arrays.items():
            path = file_in(self.path, f"{name}.npy")
            _check(path, entry.sha256, array_files.sha256_of_array(array_files.open_array(path, entry)))
        for name, file in _others(manifest).items():
            path = file_in(self.path, name)
            _check(path, file.sha256, sha256_of(path))
        hashes = {name: entry.sha256 for name, entry in manifest.arrays.items()}
        found = fingerprint_of(self.n_features, self.n_labels, self.transforms, hashes)
        _check(self.path / MANIFEST, manifest.fingerprint, found)
        _check_content(self.path, self)

    def _derived_fingerprint(self, key: str) -> str:
        return hashlib.sha256(f"{self.fingerprint} {key}".encode()).hexdigest()


def is_dataset(path: str | Path) -> bool:
    """Whether a folder is meant to be a data set, or may hold files in another layout."""
    return (Path(path) / MANIFEST).exists()


def open_written(path: str | Path) -> Dataset:
    """Open a data set that this process has just written: that it is right is put on record."""
    folder = Path(path)
    remember(folder, _claims(folder, read_manifest(folder)))
    return Dataset.open(folder)


def _claims(folder: Path, manifest: Manifest) -> dict[str, str]:
    """What is said of each file: the manifest, and which version of `verify` looks at them."""
    said = hashlib.sha256(f"data set 1 {manifest.model_dump_json()}".encode()).hexdigest()
    names = [*(f"{name}.npy" for name in manifest.arrays), *_others(manifest)]
    return {name: said for name in names if file_in(folder, name)}


def _others(manifest: Manifest) -> dict[str, FileEntry]:
    """The files that are no arrays, by name."""
    names = {f"{name}.txt": file for name, file in manifest.names.items()}
    return names | {f"{VECTORIZER}/{name}": file for name, file in (manifest.vectorizer or {}).items()}


def _mapped(folder: Path) -> tuple[Dataset, Manifest]:
    """A data set whose files have the sizes that its manifest says; their content is not looked at."""
    manifest = read_manifest(folder)
    arrays = {
        name: array_files.open_array(file_in(folder, f"{name}.npy"), entry)
        for name, entry in manifest.arrays.items()
    }

    def matrix(name: str, n_columns: int) -> CSR:
        data = arrays.get(f"{name}_data")
        return CSR(arrays[f"{name}_indptr"], arrays[f"{name}_indices"], data, n_columns)

    for name, entry in _others(manifest).items():
        path = file_in(folder, name)
        if (size := path.stat().st_size) != entry.bytes:
            raise DamagedError(path, f"{size} bytes; the manifest says {entry.bytes}")
    names: dict[str, Any] = {
        f"{what}_names": read_names(file_in(folder, f"{what}_names.txt"), count, f"{what}s")
        for what, count in (("label", manifest.n_labels), ("feature", manifest.n_features))
        if f"{what}_names" in manifest.names
    }
    if "label_uris" in manifest.names:
        names["label_uris"] = read_uris(file_in(folder, "label_uris.txt"), manifest.n_labels)
    if "record_ids_utf8" in arrays:
        names["record_ids"] = Strings(arrays["record_ids_indptr"], arrays["record_ids_utf8"])
    dataset = Dataset(
        Dense(arrays["features"]) if "features" in arrays else matrix("features", manifest.n_features),
        matrix("labels", manifest.n_labels),
        Transforms.from_json(manifest.transforms.model_dump(), arrays.get("idf")),
        path=folder,
        vectorizer=None if manifest.vectorizer is None else folder / VECTORIZER,
        like=manifest.like,
        _label_instances=matrix("label_instances", manifest.n_instances),
        _fingerprint=manifest.fingerprint,
        **names,
    )
    return dataset, manifest


def _check_content(folder: Path, dataset: Dataset) -> None:
    """See that the arrays are what they should be, whatever the manifest says of them."""
    features, labels, label_instances = dataset.features, dataset.labels, dataset.label_instances
    matrices = [("labels", labels), ("label_instances", label_instances)]
    if isinstance(features, Dense):
        with damaged(folder / "features.npy"):
            check_dense(features, "features")
    else:
        matrices.append(("features", features))
    for name, matrix in matrices:
        with damaged(folder / f"{name}_indptr.npy"):
            check_csr(matrix, name)
            if matrix.nnz != len(matrix.indices):
                raise DataError(name, f"{matrix.nnz} values in rows; there are {len(matrix.indices)}")
        matrix.release()
    if (ids := dataset.record_ids) is not None:
        with damaged(folder / "record_ids_indptr.npy"):
            ids.check("record_ids")
            if len(ids.stored().utf8) != len(ids.utf8):
                raise DataError("record_ids", f"text outside them; expected {len(ids.utf8)} bytes of text")
    idf = dataset.transforms.idf
    if idf is not None and not np.isfinite(idf).all():
        raise DamagedError(folder / "idf.npy", "expected finite numbers")
    offsets = column_offsets(labels)
    if not np.array_equal(offsets, label_instances.indptr):
        raise DamagedError(folder / "label_instances_indptr.npy", "does not follow from the labels")
    for start, stop in row_chunks(offsets, _RANGE):
        found = label_instances.indices[offsets[start] : offsets[stop]]
        if not np.array_equal(rows_of_columns(labels, offsets, start, stop), found):
            raise DamagedError(folder / "label_instances_indices.npy", "does not follow from the labels")


def _ids(ids: slice | ArrayLike, count: int, what: str) -> NDArray[np.int64]:
    if isinstance(ids, slice):
        return np.arange(*ids.indices(count), dtype=np.int64)
    array = np.asarray(ids)
    if array.dtype == bool and array.shape == (count,):
        return np.flatnonzero(array)
    return checked_ids(array, count, what)


def _check(path: Path, expected: str, found: str) -> None:
    if found != expected:
        raise DamagedError(path, f"changed since it was written: SHA-256 {found[:12]}…, not {expected[:12]}…")
