"""What is done to raw feature values, recorded with the data and repeated at prediction.

TF-IDF as in the published PW-DiSMEC code: a term that occurs tf times in an
instance and in df of N training instances gets (1 + log tf) · log(N / df),
natural logarithms. Then every row is divided by its L2 norm.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR, row_chunks
from pwdismec.data.dense import Dense, Features
from pwdismec.data.validation import check_features
from pwdismec.errors import ArrayError, DataError, ModelError

# Values taken at a time: the float64 intermediates stay small, whatever the data.
_CHUNK = 1 << 20

_NO_TERM_COUNTS = "dense features; TF-IDF takes term counts, which are sparse"


@dataclass(frozen=True, eq=False)
class Transforms:
    """What was done to feature values, in this order: TF-IDF, L2 normalisation. The default is nothing.

    Attributes
    ----------
    idf
        float64, shape (n_features,): log(N / df) of the training set, 0 for a feature that no training
        instance has (it can carry no weight, so it must not take part in a norm either). None: no TF-IDF.
    l2_normalize
        Whether rows are divided by their L2 norm; rows of norm zero stay as they are.
    """

    idf: NDArray[np.float64] | None = None
    l2_normalize: bool = False

    def __post_init__(self) -> None:
        if self.idf is None:
            return
        try:
            idf = np.ascontiguousarray(self.idf, np.float64)
        except (TypeError, ValueError) as error:
            raise ArrayError("idf", f"of type {type(self.idf).__name__}; expected numbers") from error
        if idf.ndim != 1:
            raise ArrayError("idf", f"of shape {idf.shape}; expected one number for each feature")
        object.__setattr__(self, "idf", idf)

    @classmethod
    def fit(cls, features: Features, *, tfidf: bool = False, normalize: bool = True) -> Transforms:
        """The transforms of a training set with these raw features.

        Raises
        ------
        DataError
            If TF-IDF is asked for and the features are dense.
        """
        if not tfidf:
            return cls(None, normalize)
        if isinstance(features, Dense):
            raise DataError("features", _NO_TERM_COUNTS)
        counts, total = features.column_counts(), max(features.n_rows, 1)
        return cls(np.log(total / np.where(counts > 0, counts, total)), normalize)

    @property
    def is_raw(self) -> bool:
        """Whether nothing is done."""
        return self.idf is None and not self.l2_normalize

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Transforms):
            return NotImplemented
        if self.l2_normalize != other.l2_normalize or (self.idf is None) != (other.idf is None):
            return False
        return self.idf is other.idf or bool(np.array_equal(self.idf, other.idf))  # type: ignore[arg-type]

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __str__(self) -> str:
        steps = ["TF-IDF"] * (self.idf is not None) + ["L2 norm"] * self.l2_normalize
        return " + ".join(steps) or "none"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the content, in hexadecimal."""
        digest = hashlib.sha256(f"l2_normalize={self.l2_normalize} tfidf={self.idf is not None}".encode())
        if self.idf is not None:
            digest.update(self.idf.astype("<f8").tobytes())
        return digest.hexdigest()

    def to_json(self) -> dict[str, bool]:
        """All but the idf values, as plain JSON."""
        return {"tfidf": self.idf is not None, "l2_normalize": self.l2_normalize}

    @classmethod
    def from_json(cls, record: Mapping[str, bool], idf: NDArray[np.float64] | None) -> Transforms:
        """From `to_json` and the idf values, which are stored as an array beside it.

        Raises
        ------
        ValueError
            If the record says TF-IDF and `idf` is missing, or the reverse.
        """
        if bool(record["tfidf"]) != (idf is not None):
            raise ValueError(
                f"tfidf is {record['tfidf']}, but idf is {'missing' if idf is None else 'given'}"
            )
        return cls(idf, bool(record["l2_normalize"]))

    def apply(self, features: Features) -> Features:
        """The raw `features` transformed, in the same form; offsets and column ids are shared with the input.

        A row's result depends on that row alone, bit for bit. Norms and products are float64, rounded
        to float32 once. Values that TF-IDF makes zero (a feature in every instance) stay stored.

        Raises
        ------
        DataError
            If TF-IDF meets dense features, a value below 1 (not a term count), or another number of features.
        """
        if self.is_raw:
            return features
        if isinstance(features, Dense):
            return self._apply_to_dense(features)
        own = features.stored()
        if own.data is None:
            raise DataError("features", "have no values; transforms take float32 values")
        if self.idf is not None:
            if own.n_columns != len(self.idf):
                raise DataError(
                    "features", f"{own.n_columns} features, but TF-IDF was fitted on {len(self.idf)}"
                )
            check_term_counts(own, "features")
        data = np.empty(own.nnz, np.float32)
        for start, stop in row_chunks(own.indptr, _CHUNK):
            part = own.rows(start, stop)
            data[part.indptr[0] : part.indptr[-1]] = self._values(part.stored())
        return CSR(own.indptr, own.indices, data, own.n_columns)

    def _apply_to_dense(self, features: Dense) -> Dense:
        if self.idf is not None:
            raise DataError("features", _NO_TERM_COUNTS)
        values = np.empty_like(features.values)
        step = max(1, _CHUNK // max(1, features.n_columns))
        for start in range(0, features.n_rows, step):
            part = features.rows(start, start + step)
            values[start : start + step] = self._values(part.to_csr()).reshape(part.values.shape)
        return Dense(values)

    def bring(self, features: Features, applied: Transforms) -> Features:
        """Features to which `applied` was done, as a model with these transforms wants them.

        Raises
        ------
        ModelError
            If the features were transformed in another way: that cannot be undone.
        DataError
            If they are not what `CSR` or `Dense` promises, or as `apply`.
        """
        if applied == self:
            return features
        if applied.is_raw:
            check_features(features, "features")
            return self.apply(features)
        if (self.idf is not None, self.l2_normalize) == (applied.idf is not None, applied.l2_normalize):
            difference = "TF-IDF of another training set"
        else:
            difference = f"transforms: {applied}; the model's: {self}"
        raise ModelError(
            f"the data set was prepared in another way than the model's ({difference}); "
            "convert it like the training set, or leave it raw"
        )

    def _values(self, features: CSR) -> NDArray[np.float64]:
        assert features.data is not None
        values = features.data.astype(np.float64)
        if self.idf is not None:
            np.log(values, out=values)
            values += 1.0
            values *= self.idf[features.indices]
        if self.l2_normalize:
            values /= np.repeat(_divisors(values, features.indptr), features.row_lengths)
        return values


def check_term_counts(features: Features, path: str | Path, first_row: int = 0) -> None:
    """Raise DataError for dense features, or for a value below 1 (instances counted from `first_row`)."""
    if isinstance(features, Dense):
        raise DataError(path, _NO_TERM_COUNTS)
    own = features.stored()
    assert own.data is not None
    if own.nnz == 0 or own.data.min() >= 1:
        return
    place = int(np.argmax(own.data < 1))
    row = first_row + int(np.searchsorted(own.indptr, place, side="right")) - 1
    raise DataError(
        path,
        f"instance {row} (counted from 0), feature {own.indices[place]}: value {own.data[place]:g}; "
        "TF-IDF takes term counts, which are at least 1",
    )


def _divisors(values: NDArray[np.float64], indptr: NDArray[np.int64]) -> NDArray[np.float64]:
    """The L2 norm of each row, or 1 where it is zero."""
    norms = np.ones(len(indptr) - 1)
    filled = np.flatnonzero(np.diff(indptr))
    if len(filled):  # empty rows take no place, so one filled row ends where the next begins
        norms[filled] = np.sqrt(np.add.reduceat(values * values, indptr[:-1][filled]))
    return np.where(norms > 0, norms, 1.0)
