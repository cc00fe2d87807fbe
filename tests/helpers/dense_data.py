"""Small dense data sets, and the same data sparse, with every value stored."""

import numpy as np
import scipy.sparse as sp

from pwdismec import CSR, Dataset, Dense


def labels_of(Y) -> CSR:
    return CSR.from_scipy(sp.csr_matrix(Y, dtype=np.float32), binary=True)


def dense_dataset(seed=0, n=150, d=12, n_labels=20) -> Dataset:
    """Labels are linear in the features; the last two have no positive."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)).astype(np.float32)
    scores = X @ rng.normal(size=(d, n_labels))
    Y = scores >= np.quantile(scores, 0.95, axis=0)
    Y[:, -2:] = False
    return Dataset.from_arrays(Dense(X), labels_of(Y))


def as_sparse(dataset: Dataset) -> Dataset:
    return Dataset.from_arrays(dataset.features.to_csr(), dataset.labels, transforms=dataset.transforms)
