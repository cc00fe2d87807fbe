"""Precision, recall and F1 of sets, against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from sklearn.metrics import precision_recall_fscore_support

from pwdismec.data import CSR, TopK
from pwdismec.errors import DataError
from pwdismec.metrics import evaluate_sets


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(2, 9))
def test_sets_are_evaluated_as_scikit_learn_does(seed, n, n_labels):
    rng = np.random.default_rng(seed)
    truth, predicted = rng.random((2, n, n_labels)) < 0.3
    width = int(predicted.sum(1).max())
    top = TopK(np.full((n, width), -1, np.int32), np.full((n, width), -np.inf, np.float32))
    for row, held in enumerate(predicted):
        top.labels[row, : held.sum()] = rng.permutation(np.flatnonzero(held))
    report = evaluate_sets(top, CSR.from_scipy(csr_matrix(truth), binary=True))
    for mean in ("micro", "macro"):
        values = precision_recall_fscore_support(truth, predicted, average=mean, zero_division=0)
        for metric, value in zip(("precision", "recall", "F1"), values, strict=False):
            assert report.percent[f"{mean}-{metric}"] == pytest.approx(100 * value)
    assert report.predicted == pytest.approx(predicted.sum(1).mean())
    assert report.true == pytest.approx(truth.sum(1).mean())


@pytest.mark.parametrize(("what", "size"), [("_BATCH_CELLS", 40), ("_ROWS", 7)])
def test_batches_and_ranges_of_sets_change_nothing(monkeypatch, what, size):
    rng = np.random.default_rng(1)
    truth = CSR.from_scipy(csr_matrix(rng.random((50, 9)) < 0.3), binary=True)
    labels = np.sort(rng.permuted(np.tile(np.arange(9, dtype=np.int32), (50, 1)), axis=1)[:, :4], axis=1)
    top = TopK(labels, np.zeros(labels.shape, np.float32))
    whole = evaluate_sets(top, truth)
    monkeypatch.setattr(f"pwdismec.metrics.judging.{what}", size)
    assert evaluate_sets(top, truth) == whole


def test_a_label_twice_is_refused():
    truth = CSR.from_scipy(csr_matrix(np.eye(2, dtype=np.float32)), binary=True)
    with pytest.raises(DataError, match="label 1 more than once"):
        evaluate_sets(TopK(np.array([[1, 1], [0, -1]], np.int32), np.zeros((2, 2), np.float32)), truth)


def test_other_rows_than_the_truth_has_are_refused():
    truth = CSR.from_scipy(csr_matrix(np.eye(2, dtype=np.float32)), binary=True)
    with pytest.raises(DataError, match="1 row;"):
        evaluate_sets(TopK(np.array([[1]], np.int32), np.zeros((1, 1), np.float32)), truth)
