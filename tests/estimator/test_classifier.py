"""The estimator against `train`, against NumPy in float64, and among scikit-learn's tools."""

import pickle
import threading

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.small_data import small_dataset
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MultiLabelBinarizer

from pwdismec import (
    CSR,
    ConfigError,
    Dataset,
    Dense,
    Predictor,
    PWDiSMECClassifier,
    TrainingConfig,
    Weighting,
    train,
)

BARE = [0, 1, 20, 33, 44]


@pytest.fixture(scope="module")
def data():
    """Sparse X, sparse indicator Y; five of 45 labels have no positive: the first, the last, some between."""
    dataset = small_dataset()
    order = np.arange(40)
    for place, label in zip(BARE, range(40, 45), strict=True):
        order = np.insert(order, place, label)
    return dataset.features.to_scipy(), dataset.labels.to_scipy()[:, order]


def one_class(data):
    """X, and a y of three classes."""
    X, _ = data
    scores = X[:, :10].sum(axis=1).A1
    return X, np.array(["low", "middle", "high"])[np.digitize(scores, np.quantile(scores, [0.3, 0.7]))]


def dense_weights(model):
    """Label ids, weights and bias of a model on disk, in NumPy's arrays."""
    ids, weights, bias = model.weights()
    return ids, weights.to_scipy().toarray(), bias


@pytest.mark.parametrize("form", ["sparse", "dense"])
@pytest.mark.parametrize(
    "settings, config",
    [
        ({}, TrainingConfig()),
        (
            {"weighting": "pw-cb", "a": 0.6, "b": 2.6, "beta": 0.8, "C": 3, "prune": 0.1, "tolerance": 0.01},
            TrainingConfig(Weighting("pw-cb", 0.6, 2.6, 0.8), C=3, prune=0.1, tolerance=0.01),
        ),
        ({"random_state": 7, "bias": 0, "n_jobs": 2}, TrainingConfig(seed=7, bias=0)),
        ({"solver": "liblinear"}, TrainingConfig(solver="liblinear")),
    ],
)
def test_the_weights_are_those_of_train_bit_for_bit(data, tmp_path, form, settings, config):
    X, Y = data
    features = CSR.from_scipy(X) if form == "sparse" else Dense(X.toarray())
    model = train(Dataset.from_arrays(features, CSR.from_scipy(Y)), tmp_path / "model", config)
    fitted = PWDiSMECClassifier(**settings).fit(X if form == "sparse" else X.toarray(), Y)
    ids, weights, bias = dense_weights(model)
    assert np.array_equal(fitted.coef_.toarray()[ids], weights)
    assert np.array_equal(fitted.intercept_[ids], bias)
    assert np.array_equal(fitted.dual_gap_[ids], np.concatenate([s.certificate.gap for s in model.shards()]))
    assert np.array_equal(np.flatnonzero(fitted.label_counts_), ids)


def test_of_two_classes_one_classifier_is_trained(data, tmp_path):
    X, y = one_class(data)
    y = np.where(y == "low", "low", "other")
    fitted = PWDiSMECClassifier().fit(X, y)
    other = sp.csr_matrix((y == "other")[:, None])
    model = train(Dataset.from_scipy(X, other), tmp_path / "model")
    _, weights, bias = dense_weights(model)
    assert np.array_equal(fitted.coef_.toarray(), weights) and np.array_equal(fitted.intercept_, bias)
    assert fitted.classes_.tolist() == ["low", "other"]
    assert fitted.label_counts_.tolist() == [(y == "low").sum(), (y == "other").sum()]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("dense", [False, True])
def test_scores_are_float64_of_the_features_as_they_are(data, dtype, dense):
    X, Y = data
    fitted = PWDiSMECClassifier().fit(X, Y)
    new = (X[:20].astype(dtype) * dtype(1.1)).toarray()
    expected = new.astype(np.float64) @ fitted.coef_.toarray().astype(np.float64).T + fitted.intercept_
    scores = fitted.decision_function(new if dense else sp.csr_matrix(new))
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, expected, rtol=1e-13, atol=1e-14)
    assert np.array_equal(fitted.predict(new).toarray(), expected > 0)


def test_choosing_goes_in_parts(data, monkeypatch):
    X, Y = data
    fitted, (X, y) = PWDiSMECClassifier().fit(X, Y), one_class(data)
    classes = PWDiSMECClassifier().fit(X, y)
    expected = fitted.predict(X).toarray(), classes.predict(X), fitted.decision_function(X)
    monkeypatch.setattr("pwdismec.estimator.weights._SCORES", 100)
    found = fitted.predict(X).toarray(), classes.predict(X), fitted.decision_function(X)
    assert all(np.array_equal(a, b) for a, b in zip(expected, found, strict=True))


@pytest.mark.parametrize("dense", [False, True])
def test_the_best_labels_are_those_of_the_predictor(data, tmp_path, dense):
    X, Y = data
    model = train(Dataset.from_scipy(X, Y), tmp_path / "model")
    expected = Predictor(model).predict(CSR.from_scipy(X), 50)
    top = PWDiSMECClassifier(n_jobs=2).fit(X, Y).predict_topk(X.toarray() if dense else X, 50)
    assert np.array_equal(top.labels, expected.labels) and np.array_equal(top.scores, expected.scores)
    assert (top.labels[:, 40:] == -1).all() and not np.isin(top.labels, BARE).any()


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_best_of_classes_is_the_one_predicted(data, n_classes):
    X, y = one_class(data)
    y = y if n_classes == 3 else np.where(y == "low", "low", "other")
    fitted = PWDiSMECClassifier().fit(X, y)
    top = fitted.predict_topk(X, n_classes)
    assert np.array_equal(fitted.classes_[top.labels[:, 0]], fitted.predict(X))
    scores = fitted.decision_function(X)
    both = scores if n_classes == 3 else np.column_stack([-scores, scores])
    np.testing.assert_allclose(top.scores, -np.sort(-both, axis=1), rtol=1e-5, atol=1e-6)
    assert fitted.score(X, y) == accuracy_score(y, fitted.predict(X)) > 0.6


def test_y_in_every_form_gives_the_same(data):
    X, Y = data
    Y = Y[:, np.setdiff1d(np.arange(45), BARE)]  # lists cannot name labels that nobody has
    names = np.array([f"label {i:02}" for i in range(Y.shape[1])])
    lists = [names[row.indices].tolist() for row in Y]
    expected = PWDiSMECClassifier().fit(X, Y.toarray())
    found = expected.predict(X)
    assert found.dtype == np.int64 and found.any()
    as_objects = np.empty(len(lists), object)
    as_objects[:] = lists
    for y in (Y, sp.csr_array(Y), Y.toarray().tolist(), Y.toarray().astype(bool)):
        fitted = PWDiSMECClassifier().fit(X, y)
        assert np.array_equal(fitted.coef_.toarray(), expected.coef_.toarray())
        predicted = fitted.predict(X)
        assert sp.issparse(predicted) == sp.issparse(y)
        assert np.array_equal(predicted.toarray() if sp.issparse(y) else predicted, found)
        assert fitted.score(X, y) == expected.score(X, Y.toarray())
    for y in (lists, tuple(map(tuple, lists)), [set(row) for row in lists], as_objects):
        fitted = PWDiSMECClassifier().fit(X, y)
        assert fitted.classes_.tolist() == names.tolist()
        assert np.array_equal(fitted.coef_.toarray(), expected.coef_.toarray())
        predicted = fitted.predict(X)
        assert predicted == [names[row > 0].tolist() for row in found]
        assert fitted.score(X, y) == expected.score(X, Y)


def test_lists_of_as_many_labels_each_are_lists():
    X = np.eye(4)
    y = [["a", "b"], ["b", "c"], ["a", "c"], ["b", "a"]]
    fitted = PWDiSMECClassifier(prune=0, C=100).fit(X, y)
    assert fitted.predict(X) == [sorted(labels) for labels in y]
    numbers = [[0, 2], [2, 5], [0, 5], [2, 0]]
    assert PWDiSMECClassifier(prune=0, C=100).fit(X, numbers).classes_.tolist() == [0, 2, 5]
    assert PWDiSMECClassifier().fit(X, [[0], [1], [0], [1]]).predict(X) == [[0], [1], [0], [1]]


def test_the_score_is_precision_at_one(data):
    X, Y = data
    fitted = PWDiSMECClassifier().fit(X[:100], Y[:100])
    scores = fitted.decision_function(X)
    scores[:, fitted.label_counts_ == 0] = -np.inf
    hits = Y.toarray()[np.arange(len(scores)), scores.argmax(axis=1)]
    weights = np.arange(1.0, len(hits) + 1)
    assert fitted.score(X, Y) == pytest.approx(hits.mean())
    assert fitted.score(X, Y, weights) == pytest.approx(np.average(hits, weights=weights))
    assert 0 < hits.mean() < 1


def test_labels_without_positives_are_never_predicted(data):
    X, Y = data
    fitted = PWDiSMECClassifier().fit(X, Y)
    assert np.flatnonzero(fitted.label_counts_ == 0).tolist() == BARE
    assert (fitted.decision_function(X)[:, BARE] == -1).all() and (fitted.intercept_[BARE] == -1).all()
    assert fitted.predict(X)[:, BARE].nnz == 0
    assert np.flatnonzero(np.isnan(fitted.dual_gap_)).tolist() == BARE


def test_labels_unknown_to_fit_are_no_hits():
    X = np.eye(3)
    fitted = PWDiSMECClassifier(prune=0).fit(X, [["a"], ["b"], []])
    assert fitted.score(X, [["a"], ["new"], ["b", "a"]]) == pytest.approx(2 / 3)


def test_of_given_classes_others_are_left_out_and_the_weights_are_the_same(data):
    X, Y = data
    lists = [row.indices.tolist() for row in Y]
    every = PWDiSMECClassifier().fit(X, lists)
    wanted = [99, *every.classes_[5:20].tolist()[::-1], 3]
    fitted = clone(PWDiSMECClassifier(classes=wanted)).fit(X, lists)
    assert fitted.classes_.tolist() == sorted(wanted)
    places = [every.classes_.tolist().index(label) for label in sorted(wanted)[:-1]]
    assert np.array_equal(fitted.coef_.toarray()[:-1], every.coef_.toarray()[places])
    assert np.array_equal(fitted.label_counts_, [*every.label_counts_[places], 0])
    said = [set(own) & set(wanted) for own in every.predict(X)]
    assert [set(own) for own in fitted.predict(X)] == said
    assert (fitted.predict_topk(X, 30).labels < len(wanted) - 1).all()


def test_an_indicator_of_other_labels_is_told():
    fitted = PWDiSMECClassifier().fit(np.eye(3), np.eye(3, dtype=int))
    with pytest.raises(ValueError, match="y: 2 columns; expected 3, one for each class"):
        fitted.score(np.eye(2, 3), np.eye(2, dtype=int))


def test_a_matrix_with_repeated_and_unsorted_entries_stays_as_it_is():
    X = sp.csr_matrix((np.array([1.0, 1, 2, 1, 3, 1]), np.array([2, 0, 0, 1, 2, 1]), np.array([0, 3, 5, 6])))
    before = [array.copy() for array in (X.data, X.indices, X.indptr)]
    y = ["a", "b", "a"]
    fitted = PWDiSMECClassifier(prune=0).fit(X, y)
    assert all(np.array_equal(a, b) for a, b in zip(before, (X.data, X.indices, X.indptr), strict=True))
    expected = PWDiSMECClassifier(prune=0).fit(sp.csr_matrix(X.toarray()), y)
    assert np.array_equal(fitted.coef_.toarray(), expected.coef_.toarray())


TEXTS = ["the cat sat", "a dog barked", "the cat purred", "dogs and cats", "a dog sat", "cats purred"] * 5
TOPICS = [["cat"], ["dog"], ["cat"], ["dog", "cat"], ["dog"], ["cat"]] * 5


@pytest.mark.parametrize("form, jobs", [("lists", 2), ("lists", 1), ("sparse", 1), ("dense", 1)])
def test_in_a_pipeline_under_a_grid_search(form, jobs):
    pipeline = make_pipeline(TfidfVectorizer(), PWDiSMECClassifier())
    grid = {"pwdismecclassifier__C": [1e-6, 1.0], "pwdismecclassifier__weighting": ["vanilla", "pw"]}
    indicator = MultiLabelBinarizer(sparse_output=True).fit_transform(TOPICS)
    y = {"lists": TOPICS, "sparse": indicator, "dense": indicator.toarray()}[form]
    found = GridSearchCV(pipeline, grid, cv=KFold(3), n_jobs=jobs, error_score="raise").fit(TEXTS, y)
    assert found.best_score_ == found.score(TEXTS, y) == 1
    predicted = found.predict(["a dog and a cat", "the cat"])
    assert predicted == [["cat", "dog"], ["cat"]] if form == "lists" else predicted.sum() == 3


def test_in_cross_validation(data):
    X, y = one_class(data)
    scores = cross_val_predict(PWDiSMECClassifier(), X, y, method="decision_function", cv=3)
    classes = np.unique(y)
    assert scores.shape == (len(y), 3) and (classes[scores.argmax(axis=1)] == y).mean() > 0.5


def test_a_clone_is_not_fitted_and_a_pickle_is(data):
    X, Y = data
    fitted = PWDiSMECClassifier("pw-cb", C=2, prune=0).fit(X, Y)
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        copy.predict(X)
    again = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(again.decision_function(X), fitted.decision_function(X))
    plain = (np.ndarray, sp.csr_matrix, str, int, float, type(None))
    assert all(isinstance(value, plain) for value in vars(fitted).values())


def test_threads_may_fit_at_the_same_time(data):
    X, Y = data
    costs = [0.5, 1.0, 2.0, 4.0]
    expected = [PWDiSMECClassifier(C=C).fit(X, Y).coef_.toarray() for C in costs]
    found = {}

    def fit(C):
        found[C] = PWDiSMECClassifier(C=C, n_jobs=2).fit(X, Y).coef_.toarray()

    threads = [threading.Thread(target=fit, args=(C,)) for C in costs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(found[C], e) for C, e in zip(costs, expected, strict=True))


def test_without_a_random_state_numpys_own_is_drawn_from():
    def seed_of(random_state):
        np.random.seed(3)  # noqa: NPY002 (what scikit-learn's convention is about)
        return PWDiSMECClassifier(random_state=random_state)._config().seed

    drawn = np.random.RandomState(3).randint(2**31 - 1)
    assert seed_of(None) == seed_of(np.random) == seed_of(np.random.RandomState(3)) == drawn
    assert seed_of(7) == 7


def test_random_states_are_seeds_of_their_own(data):
    X, Y = data

    def fitted(random_state):
        return (
            PWDiSMECClassifier(random_state=random_state, prune=0, tolerance=1e-6).fit(X, Y).coef_.toarray()
        )

    drawn = np.random.RandomState(5).randint(2**31 - 1)
    first, again, other = (fitted(np.random.RandomState(seed)) for seed in (5, 5, 6))
    assert np.array_equal(first, again) and np.array_equal(first, fitted(int(drawn)))
    assert not any(np.array_equal(first, weights) for weights in (other, fitted(0), fitted(5)))
    # P is strongly convex: weights certified at 1e-6 are within sqrt(2 · 1e-6 · P) of the optimum.
    np.testing.assert_allclose(first, other, atol=0.02)


def test_what_does_not_converge_is_told(data):
    X, Y = data
    with pytest.warns(ConvergenceWarning, match="classifiers did not reach the tolerance 1e-06 within 1"):
        fitted = PWDiSMECClassifier(tolerance=1e-6, max_epochs=1).fit(X, Y)
    assert np.nanmax(fitted.dual_gap_) > 1e-6


@pytest.mark.parametrize(
    "y, complaint",
    [
        ([["a"], "b", ["c"]], r"y\[1\]: 'b'; expected a list of labels"),
        ([["a"], [1], ["c"]], "expected labels of one kind"),
        ([["a"], [["b"]], ["c"]], "expected labels of one kind"),
        ([[], [], []], "no instance has a label"),
        (np.zeros((3, 4)), "no instance has a label"),
        (np.array([[1, 2], [0, 1], [0, 0]]), "other values than 0 and 1"),
        (sp.csr_matrix([[1, 2], [0, 1], [0, 0]]), "other values than 0 and 1"),
        (["a", "a", "a"], "all instances are of one class"),
        ([0.5, 1.5, 2.5], "Unknown label type"),
        ([["a"], ["b"]], "inconsistent numbers of samples"),
        (["a", "b"], "inconsistent numbers of samples"),
    ],
)
def test_a_y_that_is_none_is_told(y, complaint):
    with pytest.raises(ValueError, match=complaint):
        PWDiSMECClassifier().fit(np.eye(3), y)


@pytest.mark.parametrize(
    "y, classes, complaint",
    [
        ([["a"], ["b"], []], ["c"], "no instance has a label, or one that is wanted"),
        ([["a"], ["b"], []], ["a", 1], "expected labels of one kind"),
        (np.eye(3, dtype=int), [0], "classes: for lists of labels"),
        (["a", "b", "a"], ["a"], "classes: for lists of labels"),
    ],
)
def test_classes_that_do_not_fit_are_told(y, classes, complaint):
    with pytest.raises(ValueError, match=complaint):
        PWDiSMECClassifier(classes=classes).fit(np.eye(3), y)


@pytest.mark.parametrize("settings", [{"C": 0}, {"weighting": "no"}, {"solver": "no"}, {"tolerance": 2}])
def test_a_setting_out_of_range_is_told(settings):
    with pytest.raises(ConfigError):
        PWDiSMECClassifier(**settings).fit(np.eye(2), [0, 1])


def test_there_are_no_sample_weights():
    with pytest.raises(TypeError, match="sample_weight"):
        PWDiSMECClassifier().fit(np.eye(2), [0, 1], sample_weight=[1, 2])


@pytest.mark.parametrize("form", ["sparse", "dense", "lists"])
def test_at_least_one_label_is_the_best_one_where_none_scores_above_zero(data, form):
    X, Y = data
    y = {"sparse": Y, "dense": Y.toarray().astype(int), "lists": [row.indices.tolist() for row in Y]}[form]
    plain = PWDiSMECClassifier("vanilla", C=0.01).fit(X, y)
    asked = PWDiSMECClassifier("vanilla", C=0.01, at_least_one=True).fit(X, y)
    scores = plain.decision_function(X)
    expected = scores > 0
    without = ~expected.any(axis=1)
    assert without.any()
    ranked = np.where(plain.label_counts_ > 0, scores, -np.inf)
    expected[without, ranked[without].argmax(axis=1)] = True
    found = asked.predict(X)
    if form == "lists":
        assert [list(labels) for labels in found] == [asked.classes_[row].tolist() for row in expected]
    else:
        np.testing.assert_array_equal(found.toarray() if form == "sparse" else found, expected)
