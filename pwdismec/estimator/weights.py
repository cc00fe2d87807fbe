"""The weights of an estimator: scores in float64, and the model that prediction takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils import gen_batches
from sklearn.utils.extmath import safe_sparse_dot

from pwdismec.data.csr import CSR, sound_csr_matrix
from pwdismec.data.dense import Dense, Features
from pwdismec.data.transforms import Transforms
from pwdismec.solvers import Solution

# Scores that are in memory at a time where labels are chosen by them.
_SCORES = 1 << 22


@dataclass(frozen=True, eq=False)
class Weights:
    """A model in memory, for `Predictor`: of one shard, which is itself.

    Attributes
    ----------
    label_ids, weights, bias
        See `pwdismec.prediction.scored_blocks.LabelWeights`.
    """

    label_ids: NDArray[np.int32]
    weights: CSR
    bias: NDArray[np.float32]

    @classmethod
    def of_two_classes(cls, weights: CSR, bias: NDArray[np.float32]) -> Weights:
        """Of the second class's classifier; the first's is its negative."""
        both = CSR.concatenate([weights, weights], weights.n_columns)
        values = np.concatenate([-weights.values, weights.values])
        signed = CSR(both.indptr, both.indices, values, weights.n_columns)
        return cls(np.arange(2, dtype=np.int32), signed, np.concatenate([-bias, bias]))

    @property
    def n_features(self) -> int:
        return self.weights.n_columns

    @property
    def transforms(self) -> Transforms:
        """None: what is done to features is the user's affair."""
        return Transforms()

    def shards(self) -> Iterator[Weights]:
        """Itself."""
        yield self


def all_rows(trained: NDArray[np.int32], solution: Solution, n_labels: int) -> sp.csr_matrix:
    """The weights of all labels, n_labels × n_features; rows of labels that were not trained are empty."""
    own = solution.weights.stored()
    lengths = np.zeros(n_labels + 1, np.int64)
    lengths[trained + 1] = own.row_lengths
    return CSR(np.cumsum(lengths), own.indices, own.values, own.n_columns).to_scipy()


def scores_of(X: Any, coef: sp.csr_matrix, intercept: NDArray[np.float32]) -> Iterator[NDArray[np.float64]]:
    """``X @ coef.T + intercept`` in float64, of consecutive instances at a time."""
    weights = coef.T.tocsr().astype(np.float64)
    for rows in gen_batches(X.shape[0], max(1, _SCORES // len(intercept))):
        yield safe_sparse_dot(X[rows], weights, dense_output=True) + intercept.astype(np.float64)


def sound(matrix: Any, name: str) -> Any:
    """What the user gives; a sparse matrix only if SciPy's kernels may rely on its ids, else ArrayError."""
    return sound_csr_matrix(matrix, name) if sp.issparse(matrix) else matrix


def features_of(X: Any) -> Features:
    """Float32 features that scikit-learn has checked, as solver and predictor take them."""
    if not sp.issparse(X):
        return Dense(X)
    if not X.has_canonical_format:  # the user's matrix stays as it is
        X = X.copy()
        X.sum_duplicates()
    return CSR.from_scipy(X)
