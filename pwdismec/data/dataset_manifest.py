"""manifest.json: what a data set's folder holds."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np
from pydantic import model_validator

from pwdismec.data.transforms import Transforms
from pwdismec.errors import DamagedError, DataError
from pwdismec.quoting import shown
from pwdismec.stored import Count, Digest, Record, Size, Text, file_in, parsed, raw_json, read_stored

FORMAT: Final = "pwdismec-dataset"
VERSION: Final = 1
MANIFEST = "manifest.json"

# The arrays of a data set: features in one of two forms, and labels both ways round.
SPARSE_FEATURES = {"features_indptr": "int64", "features_indices": "int32", "features_data": "float32"}
DENSE_FEATURES = {"features": "float32"}
LABELS = {
    "labels_indptr": "int64",
    "labels_indices": "int32",
    "label_instances_indptr": "int64",
    "label_instances_indices": "int32",
}
RECORD_IDS = {"record_ids_indptr": "int64", "record_ids_utf8": "uint8"}
IDF_DTYPE = "float64"

NameList = Literal["label_names", "label_uris", "feature_names"]

VECTORIZER = "vectorizer"
"""The folder, in a data set's or a model's, of what made its features of texts."""

VectorizerFile = Literal["vectorizer.json", "terms.safetensors", "labels.txt"]
VECTORIZER_FILES = get_args(VectorizerFile)
"""What it holds."""


class FileEntry(Record):
    """One file of the folder: its size, and the SHA-256 of its content (of a .npy file: after the header)."""

    bytes: Count
    sha256: Digest


class ArrayEntry(FileEntry):
    """A .npy array: of one dimension, or rows of `columns` values."""

    dtype: Literal["uint8", "int32", "int64", "float32", "float64"]
    length: Count
    columns: Size | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> ArrayEntry:
        expected = math.prod(self.shape) * np.dtype(self.dtype).itemsize
        if self.bytes != expected:
            raise ValueError(f"bytes: {self.bytes}; expected {expected}")
        return self

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.length,) if self.columns is None else (self.length, self.columns)


class TransformsEntry(Record):
    """What was done to the feature values; the idf values are an array of the folder."""

    tfidf: bool
    l2_normalize: bool


class Likeness(Record):
    """The training set that a data set has the features and labels of, and what it has besides.

    Attributes
    ----------
    n_labels
        Labels of the training set; the others that the data set has come behind them.
    ignored_values
        Values of features that the training set does not have, which were left out.
    """

    n_labels: Size
    ignored_values: Count


class Manifest(Record):
    """The truth about a data set's folder."""

    format: Literal["pwdismec-dataset"] = FORMAT
    version: Literal[1] = VERSION
    fingerprint: Digest
    n_instances: Size
    n_features: Size
    n_labels: Size
    nnz: Count
    dtype: Literal["float32"] = "float32"
    sources: tuple[Text, ...] = ()
    source_format: Text | None = None
    transforms: TransformsEntry
    like: Likeness | None = None
    arrays: dict[str, ArrayEntry]
    names: dict[NameList, FileEntry]
    vectorizer: dict[VectorizerFile, FileEntry] | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Manifest:
        features = DENSE_FEATURES if "features" in self.arrays else SPARSE_FEATURES
        expected = features | LABELS | ({"idf": IDF_DTYPE} if self.transforms.tfidf else {})
        if RECORD_IDS.keys() & self.arrays.keys():
            expected |= RECORD_IDS
        found = {name: entry.dtype for name, entry in self.arrays.items()}
        if found != expected:
            raise ValueError(f"arrays are {found}; expected {expected}")
        shapes: dict[str, tuple[int, ...]] = {
            "features": (self.n_instances, self.n_features),
            "features_indptr": (self.n_instances + 1,),
            "features_indices": (self.nnz,),
            "features_data": (self.nnz,),
            "labels_indptr": (self.n_instances + 1,),
            "labels_indices": (self.arrays["labels_indices"].length,),
            "label_instances_indptr": (self.n_labels + 1,),
            "label_instances_indices": (self.arrays["labels_indices"].length,),
            "idf": (self.n_features,),
            "record_ids_indptr": (self.n_instances + 1,),
        }
        for name in expected:
            length = (self.arrays[name].length,)  # of what nothing else tells the length
            if self.arrays[name].shape != shapes.get(name, length):
                found_and_wanted = (self.arrays[name].shape, shapes.get(name, length))
                has, wanted = (" x ".join(map(str, shape)) for shape in found_and_wanted)
                raise ValueError(f"{name} has {has} values; expected {wanted}")
        if self.like is not None and self.like.n_labels > self.n_labels:
            raise ValueError(f"like: {self.like.n_labels} labels; expected at most {self.n_labels}")
        if "features" in expected and self.nnz != self.n_instances * self.n_features:
            raise ValueError(f"nnz is {self.nnz}; expected {self.n_instances * self.n_features}")
        return self


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the data set at `folder`.

    Raises
    ------
    DataError
        If `folder` is no folder or no data set, of another version, or its manifest is damaged.
    """
    if not folder.is_dir():
        expected = "not a folder" if folder.exists() else "no such folder"
        raise DataError(folder, f"{expected}; expected a data set's folder, as `pwdismec convert` makes")
    if not (folder / MANIFEST).exists():
        raise DataError(folder, f"not a data set: no {MANIFEST} of the format {FORMAT!r}")
    path = file_in(folder, MANIFEST)
    content = read_stored(path)
    try:
        return parsed(path, content, Manifest)
    except DamagedError:
        format_, version = _head(content)
        if format_ != FORMAT:
            raise DataError(folder, f"not a data set: no {MANIFEST} of the format {FORMAT!r}") from None
        if version != VERSION:
            raise DataError(
                folder,
                f"a data set of version {shown(version)}; this pwdismec reads version {VERSION}: "
                "convert it again",
            ) from None
        raise


def is_dataset(path: Path) -> bool:
    """Whether `path` is a data set's folder, of whatever version, if it is intact."""
    try:
        return bool(_head(read_stored(file_in(path, MANIFEST)))[0] == FORMAT)
    except DamagedError:
        return False


def _head(content: bytes) -> tuple[Any, Any]:
    """Format and version."""
    found = raw_json(content)
    return (found.get("format"), found.get("version")) if isinstance(found, dict) else (None, None)


def files_of_vectorizer(folder: Path) -> list[Path]:
    """The files in a data set's or model's vectoriser; DamagedError if one is missing, or leads elsewhere."""
    return [file_in(folder.parent, f"{folder.name}/{name}") for name in VECTORIZER_FILES]


def fingerprint_of(n_features: int, n_labels: int, transforms: Transforms, hashes: Mapping[str, str]) -> str:
    """The fingerprint of a data set whose arrays have these checksums.

    Label → instances follows from the labels and does not count; idf is in the transforms.
    """
    content = {
        "n_features": n_features,
        "n_labels": n_labels,
        "transforms": transforms.fingerprint,
        "arrays": {name: sha for name, sha in hashes.items() if name.startswith(("features", "labels_"))},
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
