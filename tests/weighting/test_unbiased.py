import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec.weighting import positive_weights, propensities
from pwdismec.weighting.unbiased import (
    convex_surrogate,
    cost_sensitive_decision,
    cost_sensitive_order,
    cost_sensitive_score,
    hinge,
    imbalance_then_missing,
    imbalance_then_missing_weight,
    logistic,
    missing_then_imbalance_weight,
    normalized_weights,
    squared_error,
    squared_hinge,
    unbiased_estimate,
    unbiased_loss,
    zero_one,
)

LOSSES = [zero_one, hinge, squared_hinge, squared_error, logistic]
P = st.floats(0.01, 1)
SCORES = st.floats(-20, 20)


def expectation(estimate, truth, p):
    """Over the missing of one label: a true label is observed with probability p, an untrue one never."""
    return p * estimate(1) + (1 - p) * estimate(0) if truth else estimate(0)


@pytest.mark.parametrize("phi", LOSSES)
@settings(deadline=None)
@given(score=SCORES, p=P, truth=st.integers(0, 1))
def test_the_expectation_of_an_unbiased_loss_is_the_loss_on_the_truth(phi, score, p, truth):
    expected = phi(score) if truth else phi(-score)
    mean = expectation(lambda y: unbiased_loss(phi, score, y, p), truth, p)
    assert mean == pytest.approx(float(expected), rel=1e-9, abs=1e-9)


@settings(deadline=None)
@given(p=P, if_true=SCORES, if_untrue=SCORES, truth=st.integers(0, 1))
def test_the_general_estimate_is_unbiased_for_any_loss(p, if_true, if_untrue, truth):
    mean = expectation(lambda y: unbiased_estimate(if_true, if_untrue, y, p), truth, p)
    assert mean == pytest.approx(if_true if truth else if_untrue, rel=1e-9, abs=1e-9)


@settings(deadline=None)
@given(p=P, if_true=SCORES, if_untrue=SCORES, balance=st.floats(0.01, 10))
def test_with_imbalance_first_a_true_label_costs_its_weight_on_average(p, if_true, if_untrue, balance):
    """Equation 18, over the missing of the label."""
    observed = float(imbalance_then_missing(if_true, if_untrue, p, balance))
    assert p * observed + (1 - p) * if_untrue == pytest.approx(balance * if_true, rel=1e-9, abs=1e-9)


@settings(deadline=None)
@given(p=P, balance=st.floats(0.01, 10))
def test_the_weights_of_both_orders_are_what_a_wrong_answer_costs_more_than_a_right_one(p, balance):
    """Equation 20 is Equation 18 of the 0-1 loss, Equation 19 the weighted unbiased 0-1 loss."""
    wrong, right = (float(imbalance_then_missing(a, b, p, balance)) for a, b in ((1, 0), (0, 1)))
    assert imbalance_then_missing_weight(p, balance) == pytest.approx(wrong - right, rel=1e-9)
    wrong, right = (float(unbiased_loss(zero_one, score, 1, p)) for score in (-1.0, 1.0))
    assert missing_then_imbalance_weight(p, balance) == pytest.approx(balance * (wrong - right), rel=1e-9)


def test_pw_cb_uses_missing_labels_first():
    counts, n = np.array([1, 5, 50]), 1000
    balance = positive_weights("cb", counts, n)
    expected = missing_then_imbalance_weight(propensities(counts, n), balance)
    np.testing.assert_allclose(positive_weights("pw-cb", counts, n), expected)


def test_the_unbiased_hamming_loss_over_every_way_labels_can_go_missing():
    truth = np.array([1, 0, 1, 1])
    p = np.array([0.2, 0.5, 0.7, 1.0])
    scores = np.array([-1.0, 2.0, 0.5, -0.1])
    mean = 0.0
    for mask in range(16):
        observed = np.array([mask >> j & 1 for j in range(4)])
        chances = np.where(truth == 1, np.where(observed == 1, p, 1 - p), np.where(observed == 1, 0, 1))
        mean += chances.prod() * unbiased_loss(zero_one, scores, observed, p).sum()
    assert mean == pytest.approx(3)  # wrong: labels 0, 1 and 3


@pytest.mark.parametrize("phi", [hinge, squared_hinge, squared_error, lambda m: logistic(m) / math.log(2)])
@settings(deadline=None)
@given(score=SCORES, p=P, observed=st.integers(0, 1))
def test_the_surrogate_bounds_the_unbiased_zero_one_loss(phi, score, p, observed):
    bound = convex_surrogate(phi, score, observed, p)
    assert bound >= unbiased_loss(zero_one, score, observed, p) - 1e-9


@pytest.mark.parametrize("phi", [hinge, squared_hinge, squared_error, logistic])
@settings(deadline=None)
@given(s=SCORES, t=SCORES, p=P, observed=st.integers(0, 1))
def test_the_surrogate_is_convex_and_not_negative(phi, s, t, p, observed):
    at = convex_surrogate(phi, [s, t, (s + t) / 2], observed, p)
    assert (at >= 0).all()
    assert at[2] <= (at[0] + at[1]) / 2 * (1 + 1e-12) + 1e-12


@pytest.mark.parametrize(("phi", "middle"), [(hinge, -1.0), (squared_hinge, 2.0)])
def test_the_unbiased_hinges_are_not_convex_and_fall_without_bound(phi, middle):
    left, at, right = unbiased_loss(phi, [middle - 2, middle, middle + 2], 1, 0.5)
    assert at > (left + right) / 2
    assert unbiased_loss(phi, 1e6, 1, 0.5) < -1e5


def test_hand_computed_values():
    # Unbiased hinge at s = 0.5, p = 0.25: 4·0.5 − 3·1.5; squared: 4·0.25 − 3·2.25.
    assert unbiased_loss(hinge, 0.5, 1, 0.25) == pytest.approx(-2.5)
    assert unbiased_loss(squared_hinge, 0.5, 1, 0.25) == pytest.approx(-5.75)
    assert unbiased_loss(squared_hinge, 0.5, 0, 0.25) == pytest.approx(2.25)
    assert convex_surrogate(squared_hinge, 0.5, 1, 0.25) == pytest.approx(7 * 0.25)
    assert convex_surrogate(squared_hinge, 0.5, 0, 0.25) == pytest.approx(2.25)


def test_all_propensities_one_change_nothing():
    scores, observed = np.linspace(-2, 2, 9), np.arange(9) % 2
    for estimate in (unbiased_loss, convex_surrogate):
        np.testing.assert_allclose(
            estimate(squared_hinge, scores, observed, 1.0), squared_hinge(np.where(observed, scores, -scores))
        )


def test_the_surrogate_weighs_positives_as_the_scheme_pw():
    counts = np.array([0, 1, 20])
    loss = convex_surrogate(squared_hinge, np.zeros(3), 1, propensities(counts, 500))
    np.testing.assert_allclose(loss, positive_weights("pw", counts, 500))


@settings(deadline=None, max_examples=50)
@given(p=P, eta=st.floats(0.001, 0.999))
def test_the_cost_sensitive_score_minimises_the_expected_surrogate(p, eta):
    marginal = p * eta
    best = cost_sensitive_score(marginal, p)

    def risk(score):
        positive, negative = (convex_surrogate(squared_hinge, score, y, p) for y in (1, 0))
        return marginal * positive + (1 - marginal) * negative

    around = best + np.array([-0.1, -1e-3, 1e-3, 0.1])
    assert (risk(around) > risk(best)).all()
    assert best == pytest.approx((2 * eta - 1) / (1 + 2 * eta * (1 - p)))


@settings(deadline=None)
@given(p=P, eta=st.floats(0, 1).filter(lambda eta: abs(eta - 0.5) > 1e-9))
def test_the_cost_sensitive_sign_is_that_of_the_truth(p, eta):
    assert cost_sensitive_decision(p * eta, p) == (eta > 0.5)
    assert (cost_sensitive_score(p * eta, p) > 0) == (eta > 0.5)


def test_a_chance_of_one_half_is_no_decision_for_the_label():
    """Where either answer costs the same, the label is not given, as a score of 0 gives none."""
    assert cost_sensitive_decision([0.25, 0.5], [0.5, 1.0]).tolist() == [False, False]
    assert cost_sensitive_score([0.25, 0.5], [0.5, 1.0]).tolist() == [0.0, 0.0]


def test_the_cost_sensitive_order_keeps_equal_propensities_and_breaks_ties_by_id():
    assert cost_sensitive_order([0.1, 0.4, 0.2, 0.4], np.full(4, 0.8)).tolist() == [1, 3, 2, 0]


def test_the_cost_sensitive_order_is_not_that_of_the_truth():
    p, eta = np.array([0.1, 1.0]), np.array([0.9, 0.8])
    assert cost_sensitive_order(p * eta, p).tolist() == [1, 0]


def test_normalized_weights_have_mean_one():
    np.testing.assert_allclose(normalized_weights([1, 2, 5]), [0.375, 0.75, 1.875])
