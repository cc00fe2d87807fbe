import pytest

from pwdismec.errors import ConfigError
from pwdismec.metrics import mean_relative_gain


def test_by_hand():
    assert mean_relative_gain([11, 30], [10, 20]) == pytest.approx((10 + 50) / 2)
    assert mean_relative_gain([[9]], [[10]]) == pytest.approx(-10)


@pytest.mark.parametrize(
    ("values", "baseline", "message"),
    [([1], [1, 2], "expected as many"), ([], [], "expected as many"), ([1, 1], [1, 0], "over 0")],
)
def test_what_has_no_gain_is_refused(values, baseline, message):
    with pytest.raises(ConfigError, match=message):
        mean_relative_gain(values, baseline)
