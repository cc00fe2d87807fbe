"""From records to features, as the training set was made: fitted once, stored as plain data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from pydantic import model_validator
from sklearn.feature_extraction import FeatureHasher

from pwdismec.data.csr import CSR
from pwdismec.data.dataset_manifest import VECTORIZER_FILES
from pwdismec.data.names import MAX_NAMES, read_names
from pwdismec.data.tensors import Tensors, read_tensors
from pwdismec.data.transforms import Transforms
from pwdismec.errors import DamagedError, DataError
from pwdismec.files import write_part
from pwdismec.patience import patient
from pwdismec.stored import Digest, Size, Text, damaged, file_in, read_json, read_stored
from pwdismec.stored import Record as StoredRecord
from pwdismec.text.counting import count, in_columns
from pwdismec.text.records import Misfit, Record, text_in
from pwdismec.text.settings import CHAR, WORD, TextField, TextSettings

FORMAT: Final = "pwdismec-vectorizer"
VERSION: Final = 1
HEAD, TERMS, LABELS = VECTORIZER_FILES

_MAX_IDF: Final = 1e32  # a field's weight times 1 + ln N
_AGAIN: Final = "copy the vectoriser of the training set here, or convert its texts again"


class _Head(StoredRecord):
    """What vectorizer.json says."""

    format: Literal["pwdismec-vectorizer"]
    version: Literal[1]
    written_by: Text
    settings: TextSettings
    n_features: Size
    n_labels: Size
    sha256: dict[Literal["terms.safetensors", "labels.txt"], Digest]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> _Head:
        if len(self.sha256) < 2:
            raise ValueError(f"sha256: expected those of {TERMS} and {LABELS}")
        hashing = self.settings.hashing
        if hashing is not None and self.n_features != 2**hashing:
            raise ValueError(f"n_features: {self.n_features}; expected {2**hashing}, as hashing is {hashing}")
        return self


@dataclass(frozen=True, eq=False)
class TextVectorizer:
    """What turns records into features: scikit-learn's analysers, a vocabulary (or hashing), and TF-IDF.

    Attributes
    ----------
    settings
        Fields, n-grams, hashing, and where the labels stand.
    idf
        float64, shape (n_features,): the weight of each feature's field times the smoothed inverse document
        frequency of scikit-learn's `TfidfTransformer`, ln((1 + N) / (1 + df)) + 1.
    feature_names
        Names such as "title:word", in the order of the features; None with hashing.
    labels
        The labels as records write them, in the order of their ids.
    """

    settings: TextSettings
    idf: NDArray[np.float64]
    feature_names: Sequence[str] | None
    labels: Sequence[str] = field(default=())

    @classmethod
    def of(
        cls,
        settings: TextSettings,
        terms: Sequence[str] | None,
        frequencies: NDArray[np.integer],
        n_records: int,
        labels: Sequence[str] = (),
    ) -> TextVectorizer:
        """Fitted to `n_records` records, of which ``frequencies[j]`` have feature j, named ``terms[j]``."""
        idf = np.log((1.0 + n_records) / (1.0 + frequencies)) + 1.0
        weights = {field.name + mark: field.weight for field in settings.fields for mark in (WORD, CHAR)}
        if terms is not None and set(weights.values()) != {1.0}:
            for prefix, weight in weights.items():
                idf[[j for j, term in enumerate(terms) if term.startswith(prefix)]] *= weight
        return cls(settings, idf, terms, labels)

    @property
    def n_features(self) -> int:
        return len(self.idf)

    @property
    def fields(self) -> tuple[TextField, ...]:
        """The text fields, each with its `name` and `weight`."""
        return self.settings.fields

    @property
    def transforms(self) -> Transforms:
        """TF-IDF and L2 norm, which `transform` applies to the counts."""
        return Transforms(self.idf, True)

    def transform(self, records: Sequence[Mapping[str, Any]]) -> CSR:
        """The features of records: what training sees.

        Returns
        -------
        CSR
            Shape (len(records), n_features), float32.

        Raises
        ------
        DataError
            If a record lacks a field, or its value is no string.
        """
        terms, matrix = count(self.settings, _texts_of(records, self.settings))
        counts = in_columns(matrix, self.columns_of(terms), self.n_features)
        features = self.transforms.apply(counts)
        assert isinstance(features, CSR)
        return features

    def names_in(self, record: Mapping[str, Any]) -> dict[int, str]:
        """The features that a record has, with their names; those that share a hash, divided by " | "."""
        terms = count(self.settings, _texts_of([record], self.settings)).names
        names: dict[int, str] = {}
        for term, column in zip(terms, self.columns_of(terms).tolist(), strict=True):
            if column >= 0:
                names[column] = f"{names[column]} | {term}" if column in names else term
        return names

    def columns_of(self, terms: Sequence[str]) -> NDArray[np.integer]:
        """The feature id of each term, −1 for one that has none; shape (len(terms),)."""
        if self._columns is not None:
            find = self._columns.get
            return np.fromiter((find(term, -1) for term in terms), np.int64, len(terms))
        return hashed(terms, self.n_features)

    @cached_property
    def _columns(self) -> Mapping[str, int] | None:
        """The feature id of each term."""
        names = self.feature_names
        return None if names is None else {name: j for j, name in enumerate(names)}

    def save(self, folder: str | Path) -> None:
        """Write it to a new folder, as JSON, text and safetensors."""
        folder = Path(folder)
        folder.mkdir(parents=True)
        tensors = {"idf": self.idf}
        if self.feature_names is not None:
            tensors |= _packed(self.feature_names)
        contents = {
            TERMS: safetensors.numpy.save(tensors),
            LABELS: "".join(f"{label}\n" for label in self.labels).encode(),
        }
        head = {
            "format": FORMAT,
            "version": VERSION,
            "written_by": f"pwdismec {version('pwdismec')}, scikit-learn {version('scikit-learn')}",
            "settings": self.settings.model_dump(mode="json"),
            "n_features": self.n_features,
            "n_labels": len(self.labels),
            "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
        }
        for name, content in contents.items():
            write_part(folder / name, content)
        write_part(folder / HEAD, f"{json.dumps(head, indent=1)}\n".encode())

    @classmethod
    @patient
    def load(cls, folder: str | Path, n_features: int | None = None) -> TextVectorizer:
        """Read one that was saved.

        Parameters
        ----------
        folder
            Where it is.
        n_features
            How many features the model or data set has that it is part of; None if that is not known.

        Raises
        ------
        DataError
            If there is none, it is of another version, or it is damaged.
        """
        folder = Path(folder)
        if not (folder / HEAD).exists():
            raise DataError(folder, f"no vectoriser: no {HEAD}")
        try:
            return cls._read(folder, n_features)
        except DamagedError as error:
            raise DamagedError(error.path, f"{error.message}; {_AGAIN}") from error

    @classmethod
    def _read(cls, folder: Path, n_features: int | None) -> TextVectorizer:
        path = file_in(folder, HEAD)
        head = read_json(path, _Head)
        if n_features not in (None, head.n_features):
            raise DamagedError(
                path, f"n_features: {head.n_features}; expected {n_features} as in {folder.parent}"
            )
        for name, expected in head.sha256.items():
            content = read_stored(file_in(folder, name), MAX_NAMES)
            if hashlib.sha256(content).hexdigest() != expected:
                raise DamagedError(folder / name, "changed since it was written: its SHA-256 is another")
        idf, terms = _checked(read_tensors(folder / TERMS, MAX_NAMES), head)
        with damaged(folder / LABELS):
            labels = read_names(folder / LABELS, head.n_labels, "labels")
        if len(set(labels)) < len(labels):
            raise DamagedError(folder / LABELS, "a label is there twice; expected each once")
        if head.settings.label_numbers and any(label != str(i) for i, label in enumerate(labels)):
            raise DamagedError(folder / LABELS, "expected the numbers from 0, as the labels are their ids")
        return cls(head.settings, idf, terms, labels)


def hashed(terms: Sequence[str], n_columns: int) -> NDArray[np.integer]:
    """The column of each term by scikit-learn's hashing; shape (len(terms),)."""
    hasher = FeatureHasher(n_columns, input_type="string", alternate_sign=False)
    rows = ([term.encode("utf-8", "surrogatepass")] for term in terms)
    found: NDArray[np.integer] = hasher.transform(rows).indices if terms else np.zeros(0, np.int32)
    return found


def _texts_of(records: Sequence[Record], settings: TextSettings) -> list[list[str]]:
    """The texts of each field, in the order of the records."""
    try:
        return [[text_in(record, field.name, settings) for record in records] for field in settings.fields]
    except Misfit as misfit:
        raise DataError("record", str(misfit)) from misfit


def _packed(terms: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Strings as arrays; unlike lines of text they hold line breaks, NUL and lone surrogates."""
    ends = np.cumsum(np.fromiter(map(len, terms), np.int64, len(terms)), dtype=np.int64)
    content = "".join(terms).encode("utf-8", "surrogatepass")
    return {"terms": np.frombuffer(content, np.uint8), "ends": ends}


def _checked(stored: Tensors, head: _Head) -> tuple[NDArray[np.float64], list[str] | None]:
    """The idf values, and the terms if there are any; DamagedError if they are not what they should be."""
    dtypes = {"idf": np.float64} | ({} if head.settings.hashing else {"terms": np.uint8, "ends": np.int64})
    tensors = stored.only(dtypes)
    for name, tensor in tensors.items():
        shape = tensor.shape if name == "terms" and tensor.ndim == 1 else (head.n_features,)
        if tensor.shape != shape:
            raise DamagedError(stored.path, f"{name}: shape {tensor.shape}; expected {shape}")
    idf = tensors["idf"]
    if not ((idf > 0) & (idf < _MAX_IDF)).all():
        raise DamagedError(stored.path, f"idf: expected numbers above 0 and below {_MAX_IDF:g}")
    if head.settings.hashing:
        return idf, None
    try:
        whole = tensors["terms"].tobytes().decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise DamagedError(stored.path, f"terms: not UTF-8: {error.reason}") from error
    ends = [0, *tensors["ends"].tolist()]
    if any(a > b for a, b in pairwise(ends)) or ends[-1] != len(whole):
        raise DamagedError(
            stored.path, f"ends: expected places in the terms that do not fall, up to {len(whole)}"
        )
    terms = [whole[a:b] for a, b in pairwise(ends)]
    if len(set(terms)) < len(terms):
        raise DamagedError(stored.path, "terms: a term is there twice; expected each once")
    return idf, terms
