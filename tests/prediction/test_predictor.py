"""Exact top-k against dense products: a float64 oracle on a grid where float32 sums are exact, and a
float32 oracle that adds one feature after another for values that round.
"""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.scoring import FakeModel, assert_same, ranked, sequential_float32
from helpers.small_data import small_dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec.data.csr import CSR
from pwdismec.data.dataset import Dataset
from pwdismec.data.transforms import Transforms
from pwdismec.errors import ConfigError, ModelError, PwdismecError
from pwdismec.prediction import Predictor
from pwdismec.prediction.scored_blocks import Part, label_blocks
from pwdismec.prediction.search import search
from pwdismec.training import TrainingConfig, train


@st.composite
def problems(draw, *, dyadic: bool):
    """(model, x): sparse, with empty rows, empty labels, ties, both signs, lists from empty to full."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, d = draw(st.integers(0, 9)), draw(st.integers(1, 12))
    trained = draw(st.integers(0, 130))
    label_ids = np.sort(rng.choice(2 * trained + 1, trained, replace=False)).astype(np.int32)

    def values(*shape):
        grid = rng.integers(-4, 5, shape) / 4
        return (grid if dyadic else rng.normal(size=shape)).astype(np.float32)

    density = draw(st.sampled_from([0.0, 0.1, 0.5, 0.95]))
    feature_density = rng.choice([0.05, density, 1.0], size=d)
    weights = values(trained, d) * (rng.random((trained, d)) < feature_density)
    x = values(n, d) * (rng.random((n, d)) < draw(st.sampled_from([0.0, 0.3, 1.0])))
    bias = values(trained) if draw(st.booleans()) else np.full(trained, -1, np.float32)
    shard_size = draw(st.integers(1, 30))
    return FakeModel(d, label_ids, weights.astype(np.float32), bias, shard_size), x.astype(np.float32)


@given(problems(dyadic=True), st.integers(1, 80), st.integers(1, 3), st.sampled_from([None, 1 << 50]))
@settings(max_examples=150, deadline=None)
def test_predictions_are_those_of_a_dense_float64_product(problem, top_k, jobs, memory):
    model, x = problem
    exact = x.astype(np.float64) @ model.weights.T.astype(np.float64) + model.bias
    top = Predictor(model, memory).predict(CSR.from_scipy(sp.csr_matrix(x)), top_k, jobs)
    assert top.labels.dtype == np.int32
    assert top.scores.dtype == np.float32
    assert_same(top, ranked(exact, model.label_ids, top_k))


@given(problems(dyadic=False), st.integers(1, 80), st.integers(1, 80), st.integers(1, 200), st.integers(1, 3))
@settings(max_examples=150, deadline=None)
def test_scores_are_a_sequential_float32_sum_bit_for_bit_whatever_the_blocks(
    problem, top_k, max_labels, max_weights, jobs
):
    model, x = problem
    expected = ranked(sequential_float32(x, model.weights, model.bias), model.label_ids, top_k)
    blocks = list(label_blocks(model.shards(), model.n_features, max_labels, max_weights))
    assert all(len(block.label_ids) <= max_labels for block in blocks)
    assert_same(search(blocks, CSR.from_scipy(sp.csr_matrix(x)), top_k, jobs), expected)


def test_shards_may_hold_interleaved_labels():
    rng = np.random.default_rng(3)
    weights = rng.integers(-4, 5, (40, 6)).astype(np.float32) / 4
    x = rng.integers(-4, 5, (20, 6)).astype(np.float32) / 4
    ids = np.arange(40, dtype=np.int32)
    parts = [
        Part(ids[i::3], CSR.from_scipy(sp.csr_matrix(weights[i::3])), np.zeros(len(ids[i::3]), np.float32))
        for i in (2, 0, 1)
    ]
    for max_labels in (5, 20, 40):
        top = search(list(label_blocks(parts, 6, max_labels)), CSR.from_scipy(sp.csr_matrix(x)), 40, 1)
        assert_same(top, ranked(x @ weights.T, ids, 40))


@pytest.mark.parametrize("top_k", [1, 5, 100, 150_000])
def test_more_labels_than_one_block_holds(top_k):
    rng = np.random.default_rng(5)
    n_labels = 150_000
    bias = (rng.integers(-(2**10), 2**10, n_labels) / 8).astype(np.float32)
    weights = sp.random(n_labels, 50, 0.02, "csr", rng=rng, data_rvs=lambda n: rng.integers(-8, 9, n) / 8)
    x = sp.random(4, 50, 0.3, "csr", rng=rng, data_rvs=lambda n: rng.integers(-8, 9, n) / 8)
    ids = np.arange(n_labels, dtype=np.int32)
    blocks = list(label_blocks([Part(ids, CSR.from_scipy(weights), bias)], 50))
    assert [len(block.label_ids) for block in blocks] == [65536, 65536, 18928]
    top = search(blocks, CSR.from_scipy(x), top_k, 2)
    assert_same(top, ranked((x @ weights.T).toarray() + bias, ids, top_k))


def test_all_scores_equal_gives_the_lowest_labels():
    ids = np.arange(100, 300, 2, dtype=np.int32)
    model = FakeModel(4, ids, np.zeros((100, 4), np.float32), np.full(100, -1, np.float32), 7)
    top = Predictor(model).predict(CSR.from_scipy(sp.csr_matrix(np.ones((3, 4)))), 5)
    np.testing.assert_array_equal(top.labels, np.repeat(ids[None, :5], 3, axis=0))


def test_zero_and_minus_zero_tie():
    ids = np.arange(3, dtype=np.int32)
    bias = np.array([-0.0, 0.0, -0.0], np.float32)
    top = Predictor(FakeModel(1, ids, np.zeros((3, 1), np.float32), bias)).predict(
        CSR.from_scipy(sp.csr_matrix((1, 1))), 3
    )
    np.testing.assert_array_equal(top.labels, [[0, 1, 2]])
    assert not np.signbit(top.scores).any()


def test_a_view_of_rows_predicts_as_its_copy():
    rng = np.random.default_rng(0)
    x = CSR.from_scipy(sp.random(30, 20, 0.3, "csr", rng=rng))
    model = FakeModel(
        20,
        np.arange(50, dtype=np.int32),
        rng.normal(size=(50, 20)).astype(np.float32),
        np.zeros(50, np.float32),
    )
    predictor = Predictor(model)
    assert_same(predictor.predict(x.rows(7, 19), 5, 2), predictor.predict(x.take(np.arange(7, 19)), 5))


def one_label(weight: list[float]) -> Predictor:
    weights = np.array([weight], np.float32)
    return Predictor(FakeModel(len(weight), np.zeros(1, np.int32), weights, np.zeros(1, np.float32)))


@pytest.mark.parametrize("weight", [[3e38, 3e38], [-3e38, -3e38], [3e38, -3e38]])
def test_an_overflow_is_refused_with_the_instance(weight):
    x = CSR.from_scipy(sp.csr_matrix(np.array([[1, 0], [10, 10]], np.float32)))
    with pytest.raises(PwdismecError, match=r"^instance 1: a score overflows float32"):
        one_label(weight).predict(x, 1)
    with pytest.raises(PwdismecError, match=r"^instance 4: a score overflows float32"):
        list(one_label(weight).predict_blocks([x.rows(0, 1)] * 3 + [x], 1))


def test_bad_arguments_are_refused():
    predictor = one_label([1.0, 1.0])
    x = CSR.from_scipy(sp.csr_matrix(np.ones((1, 2))))
    with pytest.raises(ConfigError, match="top_k: 0"):
        predictor.predict(x, 0)
    with pytest.raises(ConfigError, match="jobs: 0"):
        predictor.predict(x, 1, 0)
    with pytest.raises(ModelError, match="the input has 3 features, the model 2"):
        predictor.predict(CSR.from_scipy(sp.csr_matrix(np.ones((1, 3)))), 1)
    with pytest.raises(ValueError, match="features: row 0, column 2: out of range; expected 0 to 1"):
        predictor.predict(CSR(x.indptr, np.array([0, 2], np.int32), x.data, 2), 1)
    with pytest.raises(ValueError, match="no values"):
        predictor.predict(CSR(x.indptr, x.indices, None, 2), 1)


def test_a_data_set_is_transformed_as_the_model_wants():
    rng = np.random.default_rng(1)
    raw = CSR.from_scipy(sp.csr_matrix(rng.integers(0, 4, (20, 6))))
    labels = CSR.from_scipy(sp.csr_matrix((20, 3)), binary=True)
    transforms = Transforms.fit(raw, tfidf=True, normalize=True)
    weights = rng.normal(size=(3, 6)).astype(np.float32)
    model = FakeModel(6, np.arange(3, dtype=np.int32), weights, np.zeros(3, np.float32), 3, transforms)
    predictor = Predictor(model)

    tf = raw.to_scipy().toarray()
    values = np.where(tf > 0, 1 + np.log(np.maximum(tf, 1)), 0) * np.log(20 / (tf > 0).sum(axis=0))
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    expected = ranked(values @ weights.T.astype(np.float64), model.label_ids, 3)
    prepared = Dataset.from_arrays(transforms.apply(raw), labels, transforms=transforms)
    for dataset in (Dataset.from_arrays(raw, labels), prepared):
        top = predictor.predict_dataset(dataset, 3)
        np.testing.assert_array_equal(top.labels, expected.labels)
        np.testing.assert_allclose(top.scores, expected.scores, rtol=1e-5, atol=1e-6)

    with pytest.raises(ModelError, match="prepared in another way"):
        predictor.predict_dataset(Dataset.from_arrays(raw, labels, transforms=Transforms(None, True)), 3)


def test_a_trained_model_predicts_by_its_stored_weights(tmp_path):
    dataset = small_dataset()
    model = train(dataset, tmp_path / "model", TrainingConfig(shard_size=7), jobs=1)
    label_ids, weights, bias = model.weights()
    x, w = dataset.features.to_scipy().toarray(), weights.to_scipy().toarray()
    expected = ranked(sequential_float32(x, w, bias), label_ids, dataset.n_labels)
    top = Predictor(model).predict_dataset(dataset, dataset.n_labels, 2)
    assert_same(top, expected)
    untrained = np.flatnonzero(dataset.label_counts == 0)
    assert len(untrained) == 5
    assert not np.isin(top.labels, untrained).any()
    assert (top.labels[:, -5:] == -1).all()
