"""Thresholds against a search of every one."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from pwdismec.calibration.thresholds import best_cut, drawn, f1_at, scut_fbr


def label(seed, n=24):
    """Scores of one label, some of them equal, and where it is true."""
    rng = np.random.default_rng(seed)
    scores = np.round(rng.normal(size=n), 1).astype(np.float32)
    return scores, rng.random(n) < 0.3, rng.permutation(n) % 3


def searched(scores, true):
    """The best F1 of all thresholds, by scikit-learn."""
    return max(f1_score(true, scores >= threshold, zero_division=0) for threshold in scores)


seeds = st.integers(0, 2**32 - 1)


@settings(deadline=None, max_examples=40)
@given(seeds)
def test_no_threshold_has_a_better_f1(seed):
    scores, true, _ = label(seed)
    threshold, f1 = best_cut(scores, true)
    assert np.isclose(f1, searched(scores, true))
    assert np.isclose(f1, f1_score(true, scores >= np.float32(threshold), zero_division=0))
    assert np.isclose(f1, f1_at(threshold, scores, true))


def test_the_threshold_lies_half_way_but_never_reaches_the_lower_score():
    scores = np.array([2.0, 1.0, 0.0], np.float32)
    assert best_cut(scores, np.array([True, False, False])).threshold == 1.5
    one = np.float32(1)
    neighbours = np.array([np.nextafter(one, np.float32(2)), one])
    assert best_cut(neighbours, np.array([True, False])).threshold == neighbours[0]


def test_a_label_that_is_never_true_gets_its_highest_score():
    scores = np.array([0.5, -1, 0.25], np.float32)
    assert best_cut(scores, np.zeros(3, bool)) == (0.5, 0.0)
    assert scut_fbr(scores, np.zeros(3, bool), np.arange(3)) == 0.5


@settings(deadline=None, max_examples=40)
@given(seeds)
def test_scut_fbr_takes_the_bar_that_does_best_on_the_other_folds(seed):
    scores, true, folds = label(seed)

    def with_bar(bar, rows):
        threshold, f1 = best_cut(scores[rows], true[rows])
        return threshold if f1 >= bar else scores[rows].max()

    def worth(bar):
        parts = [folds == fold for fold in range(3)]
        reached = [scores[part] >= with_bar(bar, ~part) for part in parts]
        return sum(f1_score(true[part], r, zero_division=0) for part, r in zip(parts, reached, strict=True))

    bars = [0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]
    chosen = max(bars, key=lambda bar: (round(worth(bar), 9), bar))
    assert scut_fbr(scores, true, folds) == (with_bar(chosen, slice(None)) if true.any() else scores.max())


def test_rare_labels_are_drawn_to_their_group():
    found = drawn(np.array([1.0, 1.0, np.nan]), np.array([20, 180, 0]), np.array([0.0, 0.0, -0.5]))
    np.testing.assert_allclose(found, [0.5, 0.9, -0.5], rtol=1e-6)
