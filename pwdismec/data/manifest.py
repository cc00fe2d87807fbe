"""manifest.json: what a data set's folder holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError, model_validator

from pwdismec.data.transforms import Transforms
from pwdismec.errors import DataError
from pwdismec.files import read_file

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
IDF_DTYPE = "float64"

NameList = Literal["label_names", "feature_names"]

VECTORIZER = "vectorizer"
"""The folder, in a data set's or a model's, of what made its features of texts."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileEntry(_Record):
    """One file of the folder: its size, and the SHA-256 of its content (of a .npy file: after the header)."""

    bytes: NonNegativeInt
    sha256: str


class ArrayEntry(FileEntry):
    """A .npy array: of one dimension, or rows of `columns` values."""

    dtype: str
    length: NonNegativeInt
    columns: NonNegativeInt | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.length,) if self.columns is None else (self.length, self.columns)


class TransformsEntry(_Record):
    """What was done to the feature values; the idf values are an array of the folder."""

    tfidf: bool
    l2_normalize: bool


class Manifest(_Record):
    """The truth about a data set's folder."""

    format: Literal["pwdismec-dataset"] = FORMAT
    version: Literal[1] = VERSION
    fingerprint: str
    n_instances: NonNegativeInt
    n_features: NonNegativeInt
    n_labels: NonNegativeInt
    nnz: NonNegativeInt
    dtype: Literal["float32"] = "float32"
    sources: tuple[str, ...] = ()
    source_format: str | None = None
    transforms: TransformsEntry
    arrays: dict[str, ArrayEntry]
    names: dict[NameList, FileEntry]
    vectorizer: dict[str, FileEntry] | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Manifest:
        features = DENSE_FEATURES if "features" in self.arrays else SPARSE_FEATURES
        expected = features | LABELS | ({"idf": IDF_DTYPE} if self.transforms.tfidf else {})
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
        }
        for name in expected:
            if self.arrays[name].shape != shapes[name]:
                has, wanted = (" x ".join(map(str, s)) for s in (self.arrays[name].shape, shapes[name]))
                raise ValueError(f"{name} has {has} values; expected {wanted}")
        if "features" in expected and self.nnz != self.n_instances * self.n_features:
            raise ValueError(f"nnz is {self.nnz}; expected {self.n_instances * self.n_features}")
        return self


class _Head(BaseModel):
    format: Literal["pwdismec-dataset"]
    version: int


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
    if not is_dataset(folder):
        raise DataError(folder, f"not a data set: no {MANIFEST} of the format {FORMAT!r}")
    content = read_file(folder / MANIFEST)
    version = _Head.model_validate_json(content).version
    if version != VERSION:
        raise DataError(
            folder,
            f"a data set of version {version}; this pwdismec reads version {VERSION}: convert it again",
        )
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise DataError(folder / MANIFEST, f"damaged: {field}: {first['msg']}") from error


def is_dataset(path: Path) -> bool:
    """Whether `path` is a data set's folder, of whatever version."""
    try:
        _Head.model_validate_json(read_file(path / MANIFEST))
    except (OSError, ValidationError):
        return False
    return True


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
