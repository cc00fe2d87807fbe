"""The loss's formulas against each other: finite differences, and searches for the best of a grid."""

import numpy as np
import pytest

from pwdismec.solvers import loss

MARGINS = np.array([-3.0, -0.5, 0.0, 0.9, 0.9999, 1.0001, 2.0, 40.0])
COSTS = np.array([0.01, 0.5, 1.0, 7.0, 300.0])


def test_the_derivative_is_that_of_the_value():
    h = 1e-5
    slope = (loss.value(MARGINS + h) - loss.value(MARGINS - h)) / (2 * h)
    np.testing.assert_allclose(loss.derivative(MARGINS), slope, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("c", COSTS)
def test_the_conjugate_is_the_most_that_a_line_is_above_the_value(c):
    """That is, c ℓ*(−α/c) = max over m of −αm − c ℓ(m)."""
    margins = np.linspace(-20, 5, 500_001)
    alpha = c * np.array([0.0, 0.1, 1.0, 10.0])
    most = [(-a * margins - c * loss.value(margins)).max() for a in alpha]
    np.testing.assert_allclose(loss.conjugate(alpha, np.full(4, c)), most, rtol=1e-7, atol=1e-12)


def test_an_instances_part_of_the_gap_is_never_negative_and_nothing_at_the_dual_variable_of_its_margin():
    margins, c, share = np.meshgrid(MARGINS, COSTS, [0.0, 0.3, 1.0, 1.7])
    alpha = -share * c * loss.derivative(margins)
    gap = c * loss.value(margins) + loss.conjugate(alpha, c) + alpha * margins
    assert np.all(gap >= -1e-12 * c)
    np.testing.assert_allclose(gap[share == 1] / c[share == 1], 0, atol=1e-12)


@pytest.mark.parametrize("sq_norm", [0.0, 0.4, 90.0])
def test_no_scale_of_alpha_gives_a_larger_dual_objective(sq_norm):
    rng = np.random.default_rng(0)
    alpha, c = rng.exponential(1.0, 20), rng.uniform(0.1, 9, 20)

    def dual(scale):
        return -0.5 * scale**2 * sq_norm - loss.conjugate(scale * alpha, c).sum()

    best = loss.best_scale(alpha, c, sq_norm)
    assert best > 0
    assert all(dual(factor * best) < dual(best) for factor in (0.0, 0.5, 0.999, 1.001, 2.0))
    assert loss.best_scale(np.zeros(20), c, 0.0) == 0


def test_a_negative_alpha_has_no_conjugate():
    with pytest.raises(ValueError, match="expected none below 0"):
        loss.conjugate(np.array([1.0, -1e-300]), np.ones(2))
