"""Lines of plots against plain counting."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec.reporting.curves import cumulative, rank_frequency


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.one_of(st.floats(-10, 10), st.just(float("nan")), st.sampled_from([1.0, 2.0])), max_size=600)
)
def test_each_point_says_how_many_are_at_most_there(values):
    line = cumulative(np.array(values))
    numbers = [value for value in values if value == value]
    for x, y in zip(line.x, line.y, strict=True):
        assert y == 100 * sum(value <= x for value in numbers) / len(numbers)
    assert len(line.x) <= 256
    if numbers:
        assert (line.x[0], line.x[-1], line.y[-1]) == (min(numbers), max(numbers), 100)
    else:
        assert not len(line.x)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 20), max_size=200))
def test_between_the_points_the_frequency_does_not_change(counts):
    line = rank_frequency(np.array(counts, np.int64))
    falling = sorted((count for count in counts if count), reverse=True)
    drawn = np.interp(np.arange(1, len(falling) + 1), line.x, line.y) if falling else []
    assert list(drawn) == falling
