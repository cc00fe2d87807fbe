"""The nearest positives of a label are those of the largest cosine, by a dense product in float64."""

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.small_data import small_dataset

from pwdismec import CSR, Dataset
from pwdismec.data import Dense
from pwdismec.prediction.neighbours import nearest_positives


@pytest.mark.parametrize("count", [1, 3, 1000])
@pytest.mark.parametrize("dense", [False, True])
def test_the_nearest_are_those_of_the_largest_cosine(count, dense):
    data = small_dataset()
    X = data.features.to_scipy().toarray()
    if dense:
        data = Dataset.from_arrays(Dense(X), data.labels)
    x = sp.random(1, X.shape[1], 0.5, "csr", np.float32, rng=np.random.default_rng(2))
    for label in (0, 7, 44):  # the last has no positive
        positives = np.flatnonzero(data.labels.to_scipy()[:, [label]].toarray())
        norms = np.linalg.norm(X[positives].astype(np.float64), axis=1) * np.linalg.norm(
            x.toarray().astype(float)
        )
        cosines = X[positives].astype(np.float64) @ x.toarray()[0].astype(np.float64) / norms
        order = np.argsort(-cosines, kind="stable")[:count]
        found = nearest_positives(data, label, CSR.from_scipy(x), count)
        np.testing.assert_array_equal(found.ids, positives[order])
        np.testing.assert_allclose(found.similarities, cosines[order], rtol=1e-12)
        np.testing.assert_array_equal(found.rows.to_scipy().toarray(), X[found.ids])


def test_equals_come_in_their_order_and_empty_rows_are_like_nothing():
    X = np.array([[0, 0], [1, 1], [0, 0], [2, 2], [1, 0]], np.float32)
    data = Dataset.from_scipy(X, np.ones((5, 1)))
    found = nearest_positives(data, 0, CSR.from_scipy(sp.csr_matrix([[3, 3]], dtype=np.float32)), 5)
    np.testing.assert_array_equal(found.ids, [1, 3, 4, 0, 2])
    np.testing.assert_allclose(found.similarities, [1, 1, np.sqrt(0.5), 0, 0])
