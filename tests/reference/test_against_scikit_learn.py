"""The whole job on real data against one-vs-rest LinearSVC with the same weights and pruning."""

import numpy as np
import pytest
from helpers.xmc_reference import read_xmc
from sklearn.svm import LinearSVC

from pwdismec.data import Dataset, convert
from pwdismec.data.formats import open_source
from pwdismec.metrics import evaluate
from pwdismec.prediction import Predictor
from pwdismec.training import TrainingConfig, train
from pwdismec.weighting import Weighting, positive_weights


def precision_of_scores(scores, labels, k):
    """P@k in percent of dense scores, ties to the lower label."""
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return 100 * np.take_along_axis(labels, best, axis=1).mean()


def linear_svc_scores(X, Y, X_test, weights):
    X = X.astype(np.float64)
    scores = np.full((X_test.shape[0], Y.shape[1]), -np.inf)
    for label in np.flatnonzero(Y.sum(axis=0)):
        y = np.asarray(Y[:, [label]].todense()).ravel()
        svc = LinearSVC(C=1, dual=False, class_weight={1: weights[label]}).fit(X, y)
        w = np.where(np.abs(svc.coef_[0]) < 0.01, 0, svc.coef_[0])
        scores[:, label] = X_test @ w + svc.intercept_[0]
    return scores


def ours(folder, source, scheme):
    train_set = convert(open_source([source[0]]), folder / "train")
    test_set = convert(open_source([source[1]]), folder / "test", like=train_set)
    # On the three thousand instances of delicious, the default tolerance moves P by some tenths.
    model = train(train_set, folder / scheme, TrainingConfig(Weighting(scheme), tolerance=1e-4, prune=0.01))
    predictions = Predictor(model).predict_dataset(test_set, 5, -1)
    return evaluate(predictions, Dataset.open(folder / "test").labels).percent


@pytest.mark.parametrize(
    ("name", "scheme", "measured"),
    [
        pytest.param("bibtex", "vanilla", (63.7, 38.8, 28.0), marks=pytest.mark.slow),
        ("bibtex", "pw-cb", (65.3, 39.2, 28.2)),
        pytest.param("delicious", "vanilla", (67.2, 60.6, 56.0), marks=pytest.mark.slow),
    ],
)
def test_precision_is_that_of_linear_svc(real_data, tmp_path, name, scheme, measured):
    source = [real_data / name / f"{name}_{part}.txt.xz" for part in ("train", "test")]
    (X, Y), (X_test, Y_test) = map(read_xmc, source)
    counts = np.asarray(Y.sum(axis=0)).ravel().astype(np.int64)
    scores = linear_svc_scores(X, Y, X_test, positive_weights(scheme, counts, X.shape[0]))
    percent = ours(tmp_path, source, scheme)
    for k, figure in zip((1, 3, 5), measured, strict=True):
        reference = precision_of_scores(scores, Y_test.toarray(), k)
        print(f"{name} {scheme} P@{k}: {percent[f'P@{k}']:.2f}, LinearSVC {reference:.2f}")
        assert percent[f"P@{k}"] == pytest.approx(reference, abs=0.15)
        assert percent[f"P@{k}"] == pytest.approx(figure, abs=0.15)
