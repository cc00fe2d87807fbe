"""A top k that labels join a few at a time, on any number of threads, is the top k of all of them."""

from itertools import pairwise
from unittest.mock import patch

import numpy as np
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec.data import CSR, TopK
from pwdismec.prediction.scored_blocks import Part, label_blocks
from pwdismec.prediction.search import search, search_on


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    cuts=st.lists(st.integers(0, 30), max_size=5),
    top_k=st.integers(1, 8),
    jobs=st.integers(1, 3),
    rows_a_part=st.sampled_from([1, 3, 1024]),
)
def test_labels_may_come_in_any_number_of_calls(seed, cuts, top_k, jobs, rows_a_part):
    rng = np.random.default_rng(seed)
    # Few different values, so that scores tie.
    weights = CSR.from_scipy(sp.csr_matrix(rng.integers(-1, 2, (30, 12)).astype(np.float32)))
    features = CSR.from_scipy(sp.csr_matrix(rng.integers(0, 2, (20, 12)).astype(np.float32)))
    ids, bias = rng.permutation(100)[:30].astype(np.int32), rng.integers(-1, 2, 30).astype(np.float32)
    ids.sort()

    def blocks(start, stop):
        part = Part(ids[start:stop], weights.rows(start, stop), bias[start:stop])
        return list(label_blocks([part], 12, max_labels=9))

    expected = search(blocks(0, 30), features, top_k, 1)
    top = TopK(np.full((20, top_k), -1, np.int32), np.full((20, top_k), -np.inf, np.float32))
    bounds = sorted({0, 30, *cuts})
    with patch("pwdismec.prediction.search._ROWS_A_TASK", rows_a_part):
        for start, stop in rng.permutation(list(pairwise(bounds))):
            search_on(top, blocks(start, stop), features, jobs)
    np.testing.assert_array_equal(top.labels, expected.labels)
    np.testing.assert_array_equal(top.scores, expected.scores)
