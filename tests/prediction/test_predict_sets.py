"""Sets of labels: exactly those whose score reaches the threshold, however many these are."""

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.models import model_of
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec.data import CSR, Dense
from pwdismec.errors import ConfigError
from pwdismec.prediction import Predictor


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from([None, 10**9]))
def test_every_label_above_its_threshold_and_no_other(tmp_path_factory, seed, dense, memory):
    rng = np.random.default_rng(seed)
    n_labels = 300  # more than are looked at first
    weights = rng.integers(-2, 3, (n_labels, 8)).astype(np.float32)
    bias, thresholds = rng.integers(-4, 5, (2, n_labels)).astype(np.float32)
    x = rng.integers(-2, 3, (20, 8)).astype(np.float32) * rng.integers(0, 2, (20, 1))
    path = tmp_path_factory.mktemp("sets") / "model"
    trained = np.flatnonzero(rng.random(n_labels) < 0.9)  # others are first, last, and between
    model = model_of(path, weights, label_bias=bias, shard_size=100, trained=trained)
    features = Dense(x.astype(np.float32)) if dense else CSR.from_scipy(sp.csr_matrix(x.astype(np.float32)))
    predictor = Predictor(model, memory, thresholds)
    top = predictor.predict(features, None, jobs=2)

    above = np.full((20, n_labels), -np.inf, np.float32)
    above[:, trained] = (x @ weights.T + bias - thresholds)[:, trained]
    for row, labels, scores in zip(above, *top, strict=True):
        expected = sorted(np.flatnonzero(row >= 0), key=lambda label: (-row[label], label))
        assert labels[labels >= 0].tolist() == expected
        assert scores[labels >= 0].tolist() == row[expected].tolist()
        assert np.isneginf(scores[labels < 0]).all()
    limited = predictor.predict(features, 3)
    np.testing.assert_array_equal(limited.labels, top.labels[:, :3])
    one = predictor.predict_one(np.arange(8), x[0].astype(np.float32), 3)
    np.testing.assert_array_equal(one.labels, top.labels[0, :3])


def test_without_thresholds_there_is_no_end_to_the_labels(tmp_path):
    model = model_of(tmp_path / "model", np.eye(4))
    with pytest.raises(ConfigError, match="top_k: None; expected 1 or more where there are no"):
        Predictor(model).predict(CSR.from_scipy(sp.csr_matrix(np.eye(4, dtype=np.float32))), None)
