import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec.errors import ConfigError, DataError
from pwdismec.weighting import SCHEMES, Weighting, positive_weights, propensities
from pwdismec.weighting.schemes import class_balance, read_weights

COUNTS = [0, 1, 2, 30, 1000]


def test_vanilla_weighs_all_alike():
    assert positive_weights("vanilla", COUNTS, 5000).tolist() == [1] * 5


def test_pw_is_two_over_p_minus_one():
    weighting = Weighting("pw", a=0.6, b=2.6)
    p = propensities(COUNTS, 5000, 0.6, 2.6)
    np.testing.assert_allclose(positive_weights(weighting, COUNTS, 5000), 2 / p - 1, rtol=1e-14)


def test_cb_is_the_inverse_of_the_geometric_sum():
    """(1 − β^n)/(1 − β) = 1 + β + … + β^(n − 1)."""
    expected = [1 / sum(0.9**i for i in range(max(n, 1))) for n in COUNTS]
    np.testing.assert_allclose(positive_weights("cb", COUNTS, 5000), expected, rtol=1e-13)


def test_pw_cb_is_the_product_of_both():
    product = positive_weights("pw", COUNTS, 5000) * positive_weights("cb", COUNTS, 5000)
    np.testing.assert_allclose(positive_weights("pw-cb", COUNTS, 5000), product, rtol=1e-14)


@pytest.mark.parametrize("beta", [0.0, 1e-300, 0.5, 1 - 1e-6, 1 - 1e-9, 1 - 2**-53])
def test_class_balance_at_the_ends_of_beta(beta):
    counts = [1, 2, 1000]
    expected = [1 / sum(beta**i for i in range(n)) for n in counts]
    np.testing.assert_allclose(class_balance(counts, beta), expected, rtol=1e-12)


@settings(deadline=None)
@given(
    scheme=st.sampled_from(SCHEMES),
    counts=st.lists(st.integers(0, 10**9), max_size=10),
    n=st.integers(1, 10**10),
    beta=st.floats(0, 1, exclude_max=True),
)
def test_every_weight_is_positive_and_finite(scheme, counts, n, beta):
    weights = positive_weights(Weighting(scheme, beta=beta), counts, n)
    assert weights.dtype == np.float64
    assert weights.shape == (len(counts),)
    assert (weights > 0).all()
    assert np.isfinite(weights).all()


def test_weights_from_a_file(tmp_path):
    path = tmp_path / "weights.txt"
    path.write_text("1\n2.5e-1\n 3.0 \n")
    assert positive_weights(f"file:{path}", [7, 7, 7], 10).tolist() == [1, 0.25, 3]


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        (b"1\nx\n1\n", ":2: ", "'x'"),
        (b"1\n1\n1 1\n", ":3: ", "'1 1'"),
        (b"1\n\n1\n", ":2: ", "''"),
        (b"0\n1\n1\n", ":1: ", "positive"),
        (b"1\n1_0\n1\n", ":2: ", "'1_0'"),
        ("1\n\u0663\n1\n".encode(), ":2: ", "'\u0663'"),
        ("1\n1\u20281\n1\n".encode(), ":2: ", "positive"),
        (b"1\n1\n" + b"9" * 5000, ":3: ", "'" + "9" * 60),
        (b"1\n" * 10**6, ": ", "1000000 lines; expected 3"),
        (b"-1\n1\n1\n", ":1: ", "positive"),
        (b"nan\n1\n1\n", ":1: ", "finite"),
        (b"1\n1e999\n1\n", ":2: ", "'1e999'"),
        (b"1\n1\n", ": ", "2 lines; expected 3"),
        (b"1\n1\n1\n1\n", ": ", "4 lines; expected 3"),
        (b"", ": ", "0 lines; expected 3"),
        (b"\xff\xfe\x00\n", ": ", "not text"),
    ],
)
def test_a_bad_file_of_weights_is_refused_with_its_line(tmp_path, content, where, what):
    path = tmp_path / "weights.txt"
    path.write_bytes(content)
    with pytest.raises(DataError) as error:
        read_weights(path, 3)
    assert f"{path}{where}" in str(error.value)
    assert what in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_of_weights_is_refused(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        positive_weights(f"file:{tmp_path / 'none.txt'}", [1], 10)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"scheme": "PW"}, r"'PW'; expected vanilla, pw, pw-cb, cb or file:PATH"),
        ({"scheme": "file:"}, r"'file:'"),
        ({"beta": 1.0}, r"beta: 1.0; expected 0 ≤ beta < 1"),
        ({"beta": float("nan")}, r"beta: nan"),
        ({"a": -1.0}, r"A: -1.0"),
        ({"b": 0.0}, r"B: 0.0"),
    ],
)
def test_a_bad_setting_is_refused_by_name_and_value(settings, message):
    with pytest.raises(ConfigError, match=message):
        Weighting(**settings)


def test_a_weighting_survives_a_manifest():
    weighting = Weighting("pw-cb", a=0.5, b=0.4, beta=0.99)
    assert Weighting(**dataclasses.asdict(weighting)) == weighting
