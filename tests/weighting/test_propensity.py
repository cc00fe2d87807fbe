import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec.errors import ConfigError
from pwdismec.weighting import PRESETS, inverse_propensities, preset, propensities


def jain(count, n, a, b):
    """The formula as printed in Jain et al. 2016."""
    c = (math.log(n) - 1) * (b + 1) ** a
    return 1 / (1 + c * math.exp(-a * math.log(count + b)))


@settings(deadline=None)
@given(
    counts=st.lists(st.integers(0, 10**9), max_size=20),
    n=st.integers(3, 10**10),
    a=st.floats(0, 2),
    b=st.floats(0.05, 10),
)
def test_is_the_printed_formula(counts, n, a, b):
    expected = [jain(count, n, a, b) for count in counts]
    np.testing.assert_allclose(propensities(counts, n, a, b), expected, rtol=1e-12)
    np.testing.assert_allclose(inverse_propensities(counts, n, a, b), 1 / np.array(expected), rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "n", "at_zero"),
    # 1/p of labels absent from training, as the published evaluation code has them (one decimal).
    [
        ("EURLex-4K", 15539, 12.4),
        ("Wiki10-31K", 14146, 12.3),
        ("WikiLSHTC-325K", 1778351, 26.0),
        ("Wikipedia-500K", 1813391, 26.1),
        ("Amazon-670K", 490449, 15.7),
    ],
)
def test_presets_give_the_published_values_at_count_zero(name, n, at_zero):
    assert inverse_propensities([0], n, *preset(name))[0] == pytest.approx(at_zero, abs=0.06)


def test_at_count_one_it_is_log_n_whatever_a_and_b():
    for parameters in PRESETS.values():
        assert inverse_propensities([1], 5000, *parameters)[0] == pytest.approx(math.log(5000), rel=1e-14)


def test_propensity_rises_with_the_count():
    p = propensities(np.arange(1000), 1000)
    assert (np.diff(p) > 0).all()
    assert 0 < p[0] < p[-1] < 1


@pytest.mark.parametrize("n", [1, 2])
def test_too_few_instances_for_the_model_mean_nothing_is_missing(n):
    assert propensities([0, 1, n], n).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("name", "a", "b"),
    [
        ("default", 0.55, 1.5),
        ("bibtex", 0.55, 1.5),
        ("Delicious", 0.55, 1.5),
        ("TIBKAT", 0.55, 1.5),
        ("Wikipedia-500K", 0.5, 0.4),
        ("WikiLSHTC-325K", 0.5, 0.4),
        ("Amazon-670K", 0.6, 2.6),
        ("amazon-3m", 0.6, 2.6),
        ("AmazonCat-13K", 0.55, 1.5),
    ],
)
def test_presets(name, a, b):
    assert preset(name) == (a, b)


def test_an_unknown_preset_is_refused_with_the_list():
    with pytest.raises(ConfigError, match=r"'eurlex'.*default.*wikipedia-500k"):
        preset("eurlex")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1], 10, -0.1, 1.5), "A: -0.1"),
        (([1], 10, math.nan, 1.5), "A: nan"),
        (([1], 10, 0.55, 0.0), "B: 0.0"),
        (([1], 10, 0.55, math.inf), "B: inf"),
        (([1], 0), "n_instances = 0"),
        (([3, -2], 10), "-2 at label 1"),
        (([0], 10, 5.0, 1e-300), "not finite"),
    ],
)
def test_out_of_range_is_refused_by_name_and_value(arguments, message):
    with pytest.raises(ConfigError, match=message):
        inverse_propensities(*arguments)
