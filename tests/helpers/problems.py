"""Training problems for the solvers' tests."""

import numpy as np
import scipy.sparse as sp

from pwdismec.data.csr import CSR
from pwdismec.solvers import Problem


def problem_of(X, Y, weights=None, C=1.0, bias=1.0) -> Problem:
    """The problem of SciPy features and labels (instances × labels)."""
    weights = np.ones(Y.shape[1]) if weights is None else np.asarray(weights, np.float64)
    return Problem(
        CSR.from_scipy(X), CSR.from_scipy(sp.csr_matrix(Y).T.tocsr(), binary=True), weights, C, bias
    )


def random_problem(
    rng, n=200, d=50, n_labels=20, density=0.1, positives=(1, 30), weights=(1.0, 20.0), **settings
):
    """Random sparse features with a weak signal, every label with some positives."""
    X = sp.random(n, d, density, "csr", np.float32, random_state=rng)
    Y = np.zeros((n, n_labels), np.float32)
    for label in range(n_labels):
        Y[rng.choice(n, int(rng.integers(*positives)), replace=False), label] = 1
    return problem_of(X, sp.csr_matrix(Y), rng.uniform(*weights, n_labels), **settings)
