"""Points of operation and groups, against counting by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec.calibration.operating import STEPS, OperatingPoints
from pwdismec.calibration.positives_groups import group_bounds, group_of
from pwdismec.calibration.reliability import Reliability
from pwdismec.errors import ConfigError

STATED = np.array([0.9, 0.9, 0.5, 0.5, 0.2, 0.1, 0.0])
TRUE = np.array([1, 1, 1, 0, 0, 1, 0])
POINTS = OperatingPoints.of(STATED, np.ones(7, int), TRUE, n_true=5)


def counted(probability):
    reached = np.flatnonzero(probability <= STATED)
    return len(reached), TRUE[reached].sum()


def test_every_probability_is_counted():
    for step in (0, 1, 100, 101, 200, 500, 501, 900, 901, STEPS):
        assert tuple(POINTS.counts[step]) == counted(step / STEPS)


def test_the_best_micro_f1_and_a_precision():
    f1 = {step: 2 * counted(step / STEPS)[1] / (counted(step / STEPS)[0] + 5) for step in range(1, STEPS + 1)}
    assert POINTS.probability_for("micro-f1") * STEPS == pytest.approx(max(f1, key=f1.get))
    assert POINTS.probability_for("precision=0.7") == pytest.approx(0.201)
    assert POINTS.probability_for("precision=1") == pytest.approx(0.501)
    assert POINTS.describe("precision=1").endswith("micro-F1 57.14, precision 100.00, recall 40.00")


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, STEPS), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12),
    st.integers(0, 5),
    st.floats(0.01, 1),
)
def test_no_other_probability_does_better(pairs, others, wish):
    """Pairs by their probability, false and true ones, and true ones without a classifier."""
    step, false, true = np.array(pairs).T
    n_true = int(true.sum()) + others
    points = OperatingPoints.of(step / STEPS, false + true, true, n_true)
    steps = np.arange(1, STEPS + 1)
    hits = np.array([true[step >= s].sum() for s in steps])
    reached = hits + np.array([false[step >= s].sum() for s in steps])
    f1 = [2 * h / (r + n_true) if h else 0.0 for h, r in zip(hits, reached, strict=True)]
    best = int(np.argmax(f1))
    assert points.probability_for("micro-f1") == steps[best] / STEPS
    precision, recall = hits[best] / max(1, reached[best]), hits[best] / max(1, n_true)
    figures = f"micro-F1 {100 * f1[best]:.2f}, precision {100 * precision:.2f}, recall {100 * recall:.2f}"
    assert points.describe("micro-f1").endswith(f"held out: {figures}")
    good = [s for s, h, r in zip(steps, hits, reached, strict=True) if r and h / r >= wish]
    if good:
        assert points.probability_for(f"precision={wish!r}") == good[0] / STEPS
    else:
        with pytest.raises(ConfigError, match="no sets have more than"):
            points.probability_for(f"precision={wish!r}")


@pytest.mark.parametrize("sets", ["best", "precision", "precision=", "precision=0", "precision=1.1", "f1=1"])
def test_what_is_no_kind_of_sets(sets):
    with pytest.raises(ConfigError, match="expected micro-f1, macro-f1, scutfbr, or precision="):
        POINTS.probability_for(sets)


def test_a_precision_that_nothing_has():
    with pytest.raises(ConfigError, match=r"no sets have more than 0\.500"):
        OperatingPoints.of(np.array([0.5]), np.array([2]), np.array([1]), 1).probability_for("precision=0.9")


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5000), st.integers(0, 60)), min_size=1, max_size=60))
def test_groups_have_enough_positives_and_cut_between_powers_of_two(labels):
    counts, held_out = (np.array(column) for column in zip(*labels, strict=True))
    bounds = group_bounds(counts, held_out, enough=50)
    groups = group_of(counts, bounds)
    assert bounds[0] == 1 and (np.diff(bounds) > 0).all() and (np.log2(bounds) % 1 == 0).all()
    positives = np.bincount(groups, held_out, len(bounds))
    assert len(bounds) == 1 or (positives >= 50).all()
    # There are as many as there can be: none could end earlier.
    for start in bounds:
        for end in 2 ** np.arange(1 + int(np.log2(start)), 14):
            if end in bounds:
                break
            within, left = (counts >= start) & (counts < end), counts >= end
            assert held_out[within].sum() < 50 or held_out[left].sum() < 50
    for group, bound in enumerate(bounds):
        assert (counts[groups == group] >= bound).all()
        assert (counts[groups < group] < bound).all()


def test_the_expected_calibration_error_by_hand():
    found = Reliability.of(np.array([0.0, 0.05, 0.5, 1.0]), np.array([False, True, True, True]))
    assert found.counts == (2, 1, 1)
    assert found.stated == (0.025, 0.5, 1.0) and found.true == (0.5, 1.0, 1.0)
    assert found.error == pytest.approx((2 * 0.475 + 0.5) / 4)
