"""A calibration as a whole, against scikit-learn on the dense scores of all pairs."""

import matplotlib.figure
import numpy as np
import pytest
from helpers.small_data import small_dataset
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

from pwdismec.calibration import Calibration, calibrate, fitting, plot, positives_groups
from pwdismec.calibration.calibration import CALIBRATION
from pwdismec.calibration.counts import bin_of, centre_of
from pwdismec.calibration.reliability import Reliability
from pwdismec.calibration.thresholds import best_cut, drawn, scut_fbr
from pwdismec.errors import ConfigError, DataError, ModelError
from pwdismec.model.text_format import export_text, import_text
from pwdismec.prediction import Predictor
from pwdismec.training import TrainingConfig, train


@pytest.fixture(scope="module")
def parts():
    whole = small_dataset(n=400)
    return whole.select_instances(slice(0, 200)), whole.select_instances(slice(200, 400))


@pytest.fixture(scope="module")
def model(parts, tmp_path_factory):
    return train(parts[0], tmp_path_factory.mktemp("calibrated") / "model", TrainingConfig(shard_size=10))


@pytest.fixture(scope="module")
def calibration(parts, model):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(positives_groups, "ENOUGH", 20)
        patch.setattr(
            fitting, "group_bounds", lambda counts, held: positives_groups.group_bounds(counts, held, 20)
        )
        return calibrate(model, parts[1], jobs=1)


@pytest.fixture(scope="module")
def pairs(parts, model):
    """Scores and truth of all pairs, instances × labels; untrained labels have no score."""
    held_out = parts[1]
    top = Predictor(model).predict_dataset(held_out, top_k=held_out.n_labels)
    scores = np.full((held_out.n_instances, held_out.n_labels), np.nan, np.float32)
    rows, places = np.nonzero(top.labels >= 0)
    scores[rows, top.labels[rows, places]] = top.scores[rows, places]
    return scores, held_out.labels.to_scipy().toarray().astype(bool)


def test_there_are_several_groups_by_frequency(parts, calibration):
    counts = parts[0].label_counts
    assert len(calibration.maps) > 1
    assert (np.diff(calibration.group_of[np.argsort(counts, kind="stable")].astype(int)) >= 0).all()


def test_probabilities_are_scikit_learns_of_each_group(calibration, pairs):
    scores, true = pairs
    for group, to_probability in enumerate(calibration.maps):
        of_group = (calibration.group_of == group) & ~np.isnan(scores[0])
        x = centre_of(bin_of(scores[:, of_group])).ravel()
        oracle = IsotonicRegression(out_of_bounds="clip").fit(x, true[:, of_group].ravel())
        np.testing.assert_allclose(to_probability(x), oracle.predict(x), atol=1e-5)


def test_predictions_with_probabilities(parts, model, calibration):
    top = Predictor(model).predict_dataset(parts[1], top_k=7)
    stated = calibration.probabilities(top)
    assert (np.diff(stated.scores, axis=1) <= 0).all()
    for labels, scores, new_labels, new_scores in zip(*top, *stated, strict=True):
        expected = {
            label: np.float32(calibration.maps[calibration.group_of[label]](score))
            for label, score in zip(labels, scores, strict=True)
        }
        assert dict(zip(new_labels, new_scores, strict=True)) == expected


@pytest.mark.parametrize("sets", ["micro-f1", "macro-f1", "scutfbr", "precision=0.5"])
def test_sets_hold_every_label_that_reaches_its_threshold(parts, model, calibration, pairs, sets):
    thresholds = calibration.thresholds(sets)
    top = Predictor(model, thresholds=thresholds).predict_dataset(parts[1], top_k=None)
    scores = np.nan_to_num(pairs[0], nan=-np.inf)
    clear = np.abs(scores - thresholds) > 1e-6
    found = np.zeros(scores.shape, bool)
    rows, places = np.nonzero(top.labels >= 0)
    found[rows, top.labels[rows, places]] = True
    assert found.any()
    np.testing.assert_array_equal(found[clear], (scores >= thresholds)[clear])


def test_thresholds_for_macro_f1_are_tuned_on_the_label_and_its_group(calibration, pairs, parts):
    scores, true = pairs
    trained = np.flatnonzero(~np.isnan(scores[0]))
    own = [best_cut(scores[:, label], true[:, label]).threshold for label in trained]
    at_group = calibration.macro[trained] - drawn(own, true.sum(0)[trained], np.zeros(len(trained)))
    for group in range(len(calibration.maps)):
        here = calibration.group_of[trained] == group
        share = 20 / (20 + true.sum(0)[trained[here]])
        np.testing.assert_allclose(np.ptp(at_group[here] / share), 0, atol=1e-5)  # one number a group


@pytest.fixture(scope="module")
def folds():
    """The part of each held-out instance."""
    return np.random.default_rng(0).permutation(200) % fitting.FOLDS


def test_each_label_has_its_own_threshold_for_scutfbr_or_its_groups(calibration, pairs, folds):
    scores, true = pairs
    trained = ~np.isnan(scores[0])
    expected = [scut_fbr(scores[:, label], true[:, label], folds) for label in np.flatnonzero(trained)]
    np.testing.assert_allclose(calibration.thresholds("scutfbr")[trained], expected, rtol=1e-6)
    macro = calibration.thresholds("macro-f1")  # without scores of its own, a label has its group's
    np.testing.assert_array_equal(calibration.thresholds("scutfbr")[~trained], macro[~trained])
    assert not np.allclose(macro[trained], expected)


def test_reliability_is_that_of_maps_fitted_to_the_other_folds(calibration, pairs, folds):
    """By scikit-learn's isotonic regression on single pairs, for the best five labels of each instance."""
    scores, true = pairs
    best = np.argsort(-np.nan_to_num(scores, nan=-np.inf), axis=1, kind="stable")[:, :5]
    stated = np.zeros(best.shape)
    for fold in range(fitting.FOLDS):
        for group in range(len(calibration.maps)):
            labels = (calibration.group_of == group) & ~np.isnan(scores[0])
            x, y = (part[folds != fold][:, labels].ravel() for part in (centre_of(bin_of(scores)), true))
            oracle = IsotonicRegression(out_of_bounds="clip").fit(x, y)
            here = (folds == fold)[:, None] & (calibration.group_of[best] == group)
            stated[here] = oracle.predict(np.take_along_axis(scores, best, 1)[here])
    of_best = np.take_along_axis(true, best, 1).ravel()
    after = Reliability.of(stated.ravel(), of_best)
    before = Reliability.of(expit(np.take_along_axis(scores, best, 1).astype(np.float64)).ravel(), of_best)
    for found, expected in ((calibration.after, after), (calibration.before, before)):
        assert found.error == pytest.approx(expected.error, abs=1e-4)
        np.testing.assert_allclose(found.counts, expected.counts, atol=2)  # at a bin's edge, by rounding
    errors = f"{calibration.before.error:.4f} before, {calibration.after.error:.4f} after"
    assert f"expected calibration error of the best labels: {errors}" in calibration.to_text()


def test_an_imported_model_is_calibrated_like_the_one_exported(parts, model, tmp_path):
    """It does not tell how many positives a label had: all its labels are one group, as here."""
    export_text(model, tmp_path / "model.txt")
    imported = import_text([tmp_path / "model.txt"], tmp_path / "imported", n_labels=45, l2_normalize=False)
    found, expected = calibrate(imported, parts[1]), calibrate(model, parts[1])
    assert len(expected.maps) == 1
    for sets in ("micro-f1", "macro-f1", "scutfbr", "precision=0.3"):
        np.testing.assert_array_equal(found.thresholds(sets)[:40], expected.thresholds(sets)[:40])
    assert (found.before, found.after) == (expected.before, expected.after)


@pytest.mark.parametrize("method", ["isotonic", "platt"])
def test_a_stored_calibration_is_the_same(parts, model, method):
    made = calibrate(model, parts[1], method=method)
    made.save(model, overwrite=True)
    found = Calibration.of(model)
    top = Predictor(model).predict_dataset(parts[1])
    np.testing.assert_array_equal(found.probabilities(top).scores, made.probabilities(top).scores)
    for sets in ("micro-f1", "macro-f1", "scutfbr", "precision=0.3"):
        np.testing.assert_array_equal(found.thresholds(sets), made.thresholds(sets))
    assert (found.before, found.after, found.to_text()) == (made.before, made.after, made.to_text())


def test_training_counts_of_another_model_say_which_group_a_label_is_in(parts, model, calibration):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            fitting, "group_bounds", lambda counts, held: positives_groups.group_bounds(counts, held, 20)
        )
        made = calibrate(model, parts[1], label_counts=np.full(45, 10**6))
    assert (made.group_of == len(made.maps) - 1).all()
    np.testing.assert_array_equal(made.lowest, calibration.lowest)


def test_what_cannot_be_calibrated(parts, model, tmp_path):
    with pytest.raises(ConfigError, match="method: 'beta'"):
        calibrate(model, parts[1], method="beta")
    with pytest.raises(DataError, match=r"44 labels; the model .* has 40 features and 45 labels"):
        calibrate(model, parts[1].select_labels(np.arange(44)))
    with pytest.raises(DataError, match="2 instances; expected 3 or more"):
        calibrate(model, parts[1].select_instances(slice(0, 2)))
    bare = parts[1].select_instances(np.flatnonzero(parts[1].labels.row_lengths == 0))
    assert bare.n_instances >= 3
    with pytest.raises(DataError, match="has no true label that the model was trained on"):
        calibrate(model, bare)


def test_a_model_without_calibration_or_with_a_damaged_one(parts, tmp_path):
    model = train(parts[0], tmp_path / "model", TrainingConfig(shard_size=50))
    with pytest.raises(ModelError, match="not calibrated; expected `pwdismec calibrate`"):
        Calibration.of(model)
    calibrate(model, parts[1]).save(model)
    path = model.path / CALIBRATION
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ModelError, match=r"damaged: .*; calibrate the model again"):
        Calibration.of(model)


def test_the_plot_says_what_it_shows(calibration, tmp_path, monkeypatch):
    figures = []

    class Figure(matplotlib.figure.Figure):
        def __init__(self, *args, **settings):
            super().__init__(*args, **settings)
            figures.append(self)

    monkeypatch.setattr(plot, "_figure_class", lambda: Figure)
    plot.plot_reliability(calibration, tmp_path / "p.png")
    shares, sizes = figures[0].axes
    assert (shares.get_ylabel(), sizes.get_xlabel()) == ("share of them that is true", "probability stated")
    assert (sizes.get_ylabel(), sizes.get_yscale()) == ("how many", "log")
    drawn = [line.get_xydata().T.tolist() for line in shares.lines]
    for found in (calibration.before, calibration.after):
        assert [list(found.stated), list(found.true)] in drawn
    assert f"error {calibration.after.error:.3f}" in figures[0].legends[0].texts[-1].get_text()
