"""Numbers are read as np.float32(float(text)), to the bit."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pwdismec import native

NUMBERS = st.from_regex(r"\A[+-]?([0-9]{1,25}\.?[0-9]{0,25}|\.[0-9]{1,25})([eE][+-]?[0-9]{1,3})?\Z")
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
FLOATS32 = st.floats(allow_nan=False, allow_infinity=False, width=32)


def read(text: str) -> np.float32 | None:
    """The one value of a row, None if it is refused."""
    row = np.frombuffer(f"0:{text}".encode(), np.uint8)
    _, _, values, _, fault = native.parse_sparse_rows(row, 1, 0, False)
    return None if fault else values[0]


def check(text: str) -> None:
    with np.errstate(over="ignore"):
        expected = np.float32(float(text))
    found = read(text)
    if np.isinf(expected):
        assert found is None
    else:
        assert found is not None and found.tobytes() == expected.tobytes()


@settings(deadline=None, max_examples=400)
@given(NUMBERS)
@example("1.")
@example("-.5")
@example("1e999")
@example("1e-999")
@example("0e999")
@example("3.4028235677973366e38")  # half way from the largest float to the next, which is infinite
@example("3.4028235677973365e38")
@example("123456789012345678901234567890")
@example("1e0000000000000000000000000000000000001")
@example("1e99999999999999999999")
@example("1e-99999999999999999999")
def test_any_decimal(text):
    check(text)


@settings(deadline=None, max_examples=200)
@given(FLOATS, st.integers(1, 19))
def test_any_float_in_any_notation(number, digits):
    for text in (repr(number), f"{number:.{digits}g}", f"{number:.{digits}e}", f"{number:.{digits}f}"):
        check(text)


def test_numbers_next_to_the_middle_of_two_floats():
    """Where a quotient that is off by one unit in the last place would round to the wrong float."""
    rng = np.random.default_rng(1)
    texts = []
    for number in (10.0 ** rng.uniform(-8, 8, 5000)).astype(np.float32):
        middle = Decimal((float(number) + float(np.nextafter(number, np.float32(np.inf)))) / 2)
        for digits in (15, 16, 17, 18, 25):
            step = Decimal(10) ** (middle.adjusted() - digits)
            texts += [f"{middle + i * step:.{digits}e}" for i in (-1, 0, 1)]
    rows = np.frombuffer("".join(f"0:{text}\n" for text in texts).encode(), np.uint8)
    _, _, values, _, fault = native.parse_sparse_rows(rows, 1, 0, False)
    assert fault is None
    assert values.tobytes() == np.array([float(text) for text in texts]).astype(np.float32).tobytes()


@pytest.mark.parametrize(
    "text",
    ["", ".", "-", "e5", "1e", "1e+", "nan", "NaN", "inf", "-inf", "Infinity", "0x10", "1_0", "1,5", "--1"],
)
def test_what_is_no_number(text):
    assert read(text) is None
