"""Labels come back in the form in which they were given."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pwdismec.estimator.targets import given_as, hits_of, label_lists, targets_of_array, targets_of_lists

LABELS = st.sampled_from(["a", "b", "ab", "", "ä", "é", "名"]) | st.text(max_size=3)
COLLECTIONS = st.sampled_from([list, tuple, set, frozenset, lambda labels: np.array(labels, object)])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(LABELS, max_size=5), min_size=1, max_size=8).filter(any), COLLECTIONS)
@example([["a\0"]], lambda labels: np.array(labels, object))
def test_lists(rows, collection):
    lists = label_lists([collection(row) for row in rows])
    targets = targets_of_lists(lists)
    own = [sorted(set(row)) for row in rows]
    assert targets.classes.tolist() == sorted({label for row in rows for label in row})
    assert given_as("lists", targets.labels.to_scipy(), targets.classes) == own
    assert targets.counts.tolist() == [sum(c in row for row in own) for c in targets.classes]
    best = np.arange(len(rows)) % len(targets.classes)
    hits = [targets.classes[b] in row for b, row in zip(best, own, strict=True)]
    assert hits_of(best, lists, targets.classes).tolist() == hits
    assert hits_of(best, targets.labels.to_scipy(), targets.classes).tolist() == hits


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 6).flatmap(lambda n: st.lists(st.tuples(*[st.booleans()] * n), min_size=1, max_size=8)))
def test_indicators(rows):
    dense = np.array(rows, int)
    if not dense.any():
        return
    for form, y in (("dense", dense), ("sparse", sp.csr_matrix(dense)), ("sparse", sp.coo_array(dense))):
        assert label_lists(y) is None
        targets = targets_of_array(y.tocsr() if form == "sparse" else y)
        back = given_as(form, targets.labels.to_scipy(), targets.classes)
        assert targets.form == form and np.array_equal(back.toarray() if form == "sparse" else back, dense)
    assert label_lists(dense.tolist()) is None and label_lists(list(dense)) is None


@pytest.mark.parametrize("beyond", [2**63, 2**70, -(2**63) - 1, 10**400])
def test_integers_beyond_int64_are_refused(beyond):
    for lists, classes in (([[beyond], [1], []], None), ([[1], [2]], [1, beyond])):
        with pytest.raises(
            ValueError, match=r"y: .*; expected integers from -2\^63 to 2\^63 - 1, or strings"
        ):
            targets_of_lists(lists, classes)
    assert targets_of_lists([[2**63 - 1], [-(2**63)]]).classes.tolist() == [-(2**63), 2**63 - 1]


def test_stored_zeros_are_no_labels():
    y = sp.csr_matrix((np.array([1, 0, 1]), np.array([0, 1, 2]), np.array([0, 2, 3])))
    assert targets_of_array(y).labels.to_scipy().toarray().tolist() == [[1, 0, 0], [0, 0, 1]]
