"""Random rankings and true labels, for tests of what measures them."""

import numpy as np
import scipy.sparse as sp

from pwdismec.data import CSR, TopK


def random_rankings(seed, n=80, n_labels=30, width=5, skill=0.5) -> tuple[TopK, CSR, np.ndarray]:
    """Predictions that are right now and then, the truth, and training counts; some labels never occur."""
    rng = np.random.default_rng(seed)
    true = rng.random((n, n_labels)) < np.linspace(0, 0.3, n_labels)
    scores = rng.normal(size=(n, n_labels)) + skill * true
    labels = np.argsort(-scores, axis=1)[:, :width].astype(np.int32)
    counts = np.linspace(0, 12, n_labels).astype(np.int64) ** 2
    ranked = np.take_along_axis(scores, labels.astype(np.int64), axis=1).astype(np.float32)
    return TopK(labels, ranked), CSR.from_scipy(sp.csr_matrix(true), binary=True), counts
