"""Prediction for dense instances: the very scores of the sparse form."""

import numpy as np
import pytest
from helpers.dense_data import as_sparse, dense_dataset

from pwdismec import Dense, ModelError, Predictor, PwdismecError, TrainingConfig, train


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return train(dense_dataset(n=400), tmp_path_factory.mktemp("models") / "m", TrainingConfig(shard_size=7))


@pytest.mark.parametrize("jobs", [1, 2])
def test_dense_and_sparse_rows_get_the_same_bits(model, jobs):
    data = dense_dataset(seed=1, n=700)
    dense = Predictor(model).predict_dataset(data, top_k=5, jobs=jobs)
    sparse = Predictor(model).predict_dataset(as_sparse(data), top_k=5)
    np.testing.assert_array_equal(dense.labels, sparse.labels)
    assert dense.scores.tobytes() == sparse.scores.tobytes()


def test_scores_are_the_products(model):
    data = dense_dataset(seed=2, n=50)
    top = Predictor(model).predict_dataset(data, top_k=18)
    expected = np.full((50, 20), -np.inf)
    for shard in model.shards():
        weights = shard.weights.to_scipy().toarray().astype(np.float64)
        expected[:, shard.label_ids] = data.features.values @ weights.T + shard.bias
    np.testing.assert_allclose(top.scores, np.sort(expected, axis=1)[:, :1:-1], rtol=1e-4, atol=1e-5)


def test_the_model_is_that_of_the_sparse_form_within_the_gap(model, tmp_path):
    other = train(as_sparse(dense_dataset(n=400)), tmp_path / "m", TrainingConfig(shard_size=7))
    for one, two in zip(model.shards(), other.shards(), strict=True):
        assert one.certificate.gap.max() <= 1e-3
        np.testing.assert_allclose(one.certificate.primal, two.certificate.primal, rtol=1e-3)


def test_what_does_not_fit_is_refused(model):
    predictor = Predictor(model)
    with pytest.raises(ModelError, match="the input has 13 features, the model 12"):
        predictor.predict(Dense(np.ones((2, 13), np.float32)))
    huge = np.ones((3, 12), np.float32)
    huge[1] = 3e38
    with pytest.raises(PwdismecError, match="instance 1: a score overflows float32"):
        predictor.predict(Dense(huge))


def test_no_rows_get_no_predictions(model):
    assert Predictor(model).predict(Dense(np.ones((0, 12), np.float32)), top_k=3).labels.shape == (0, 3)
