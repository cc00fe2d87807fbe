"""One instance at a time: the very answers of a batch, from many threads at once."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.models import model_of

from pwdismec.data.csr import CSR
from pwdismec.errors import ArrayError, ConfigError, PwdismecError
from pwdismec.prediction import Predictor, scorer_of

RNG = np.random.default_rng(4)
X = CSR.from_scipy(sp.random(200, 60, 0.2, "csr", np.float32, rng=RNG))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    weights = sp.random(500, 60, 0.3, "csr", np.float32, rng=RNG, data_rvs=lambda n: RNG.integers(-4, 5, n))
    return model_of(
        tmp_path_factory.mktemp("models") / "m", weights, label_bias=np.zeros(500), shard_size=100
    )


@pytest.mark.parametrize("memory", [None, 1 << 50])
@pytest.mark.parametrize("top_k", [1, 5, 600])
def test_answers_are_those_of_a_batch_whatever_the_threads(model, top_k, memory):
    predictor = Predictor(model, memory)
    expected = predictor.predict(X, top_k)

    def answer(row):
        one = X.rows(row, row + 1).stored()
        return predictor.predict_one(one.indices, one.values, top_k)

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(answer, list(range(X.n_rows)) * 2))
    for row, top in enumerate(found):
        assert top.labels.tobytes() == expected.labels[row % X.n_rows].tobytes()
        assert top.scores.tobytes() == expected.scores[row % X.n_rows].tobytes()


def test_lists_do_as_well_as_arrays(model):
    predictor = Predictor(model)
    features = CSR(np.array([0, 2]), np.array([3, 50], np.int32), np.array([0.5, 2], np.float32), 60)
    found, expected = predictor.predict_one([3, 50], [0.5, 2]), predictor.predict(features)
    np.testing.assert_array_equal(found.labels, expected.labels[0])
    np.testing.assert_array_equal(found.scores, expected.scores[0])
    assert (predictor.predict_one([], []).labels == np.arange(5)).all()


def test_what_is_no_instance_is_refused(model):
    predictor = Predictor(model)
    for indices in ([3, 3], [4, 3], [-1, 3], [3, 60]):
        with pytest.raises(ValueError, match="indices: expected ascending ids from 0 to 59"):
            predictor.predict_one(indices, [1, 1])
    for values in ([1], [[1, 1]]):
        with pytest.raises(ValueError, match=r"indices of shape \(2,\) and values of shape"):
            predictor.predict_one([3, 4], values)
    with pytest.raises(ConfigError, match="top_k: 0"):
        predictor.predict_one([3], [1], 0)
    with pytest.raises(PwdismecError, match="instance 0: a score overflows float32"):
        predictor.predict_one([3, 4], [3e38, 3e38], 500)


@pytest.mark.parametrize("memory", [None, 1 << 50])
@pytest.mark.parametrize("wanted", [[], [3], [0, 99, 100, 499], list(range(500))])
def test_scores_of_given_labels_are_those_of_the_ranking(model, wanted, memory):
    top = Predictor(model).predict(X, 500)
    expected = np.empty((500, X.n_rows), np.float32)
    expected[top.labels, np.arange(X.n_rows)[:, None]] = top.scores
    found = scorer_of(model, memory).label_scores(X, np.array(wanted, np.int32), jobs=2)
    assert found.tobytes() == expected[wanted].tobytes()


def test_labels_without_classifier_score_lowest(tmp_path):
    weights = sp.csr_matrix(np.eye(10, 60, dtype=np.float32))
    model = model_of(tmp_path / "m", weights, trained=[0, 2, 5, 9])
    scores = scorer_of(model).label_scores(X, np.array([1, 2, 7]))
    assert np.isneginf(scores[[0, 2]]).all()
    assert np.isfinite(scores[1]).all()


@pytest.mark.parametrize("wanted", [[2, 1], [1, 1], [1.5], ["a"]])
def test_given_labels_are_ascending_whole_numbers(model, wanted):
    with pytest.raises(ArrayError, match="label_ids"):
        scorer_of(model).label_scores(X, np.array(wanted))
