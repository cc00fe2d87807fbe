"""Maps from scores to probabilities, against scikit-learn's calibrators on single pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression

from pwdismec.calibration.counts import bin_of, centre_of
from pwdismec.calibration.maps import METHODS, Platt, fit


def pairs_and_counts(seed, n=300):
    """Scores of single pairs, which of these are true, and the same counted by score."""
    rng = np.random.default_rng(seed)
    scores = np.round(rng.normal(-1, 1, n), 1)
    true = rng.random(n) < 1 / (1 + np.exp(-2 * scores))
    distinct, place = np.unique(scores, return_inverse=True)
    counts = np.bincount(place, true).astype(int), np.bincount(place)
    return scores, true, (distinct, *counts)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_isotonic_is_scikit_learns(seed):
    scores, true, counted = pairs_and_counts(seed)
    oracle = IsotonicRegression(out_of_bounds="clip").fit(scores, true)
    x = np.linspace(-6, 4, 200)
    np.testing.assert_allclose(fit("isotonic", *counted)(x), oracle.predict(x), atol=1e-6)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 2**32 - 1))
def test_platt_is_scikit_learns(seed):
    scores, true, counted = pairs_and_counts(seed)
    oracle = _SigmoidCalibration().fit(scores, true)
    x = np.linspace(-6, 4, 200)
    np.testing.assert_allclose(fit("platt", *counted)(x), oracle.predict(x), atol=1e-4)


@pytest.mark.parametrize("method", METHODS)
@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1), st.floats(0.001, 0.999))
def test_the_lowest_score_of_a_probability(method, seed, probability):
    to_probability = fit(method, *pairs_and_counts(seed)[2])
    lowest = to_probability.lowest(probability)
    if lowest > -np.inf:
        assert to_probability(lowest - 1e-6) < probability
    if lowest < np.inf:
        assert to_probability(max(lowest, -1e9) + 1e-6) >= probability


def test_scores_that_tell_the_wrong_way_round_tell_nothing():
    fitted = fit("platt", np.array([-1.0, 1.0]), np.array([90, 10]), np.array([100, 100]))
    assert fitted == Platt(0.0, pytest.approx(0.0, abs=1e-6))
    assert (fitted.lowest(0.4), fitted.lowest(0.6)) == (-np.inf, np.inf)


@settings(deadline=None)
@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=50))
def test_bins_rise_with_the_scores_and_are_narrow(scores):
    scores = np.sort(np.array(scores, np.float32))
    bins = bin_of(scores)
    assert (np.diff(bins) >= 0).all()
    np.testing.assert_array_equal(bin_of(centre_of(bins)), bins)
    assert (
        np.abs(centre_of(bins).astype(float) - scores) <= np.abs(scores.astype(float)) / 128 + 1e-40
    ).all()
