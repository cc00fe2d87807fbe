"""Small data sets with a signal, for tests of what lies above the solvers."""

import numpy as np
import scipy.sparse as sp

from pwdismec.data import Dataset


def small_dataset(seed=0, n=150, d=40, n_labels=45, **called) -> Dataset:
    """Labels are linear in the features; the last five have no positive. `called` are names, URIs and ids."""
    rng = np.random.default_rng(seed)
    X = sp.random(n, d, 0.2, "csr", np.float32, random_state=rng)
    scores = X @ rng.normal(size=(d, n_labels))
    Y = scores >= np.quantile(scores, 0.97, axis=0)
    Y[:, -5:] = False
    return Dataset.from_scipy(X, sp.csr_matrix(Y, dtype=np.float32), **called)


def files_of(folder):
    """Every file of a folder with its bytes, but for what prediction leaves in a model's."""
    derived = ("index.safetensors",)
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and p.name not in derived]
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}
