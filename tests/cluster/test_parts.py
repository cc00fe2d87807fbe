"""Parts of the work, as the command line names them."""

from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec.cluster import Part
from pwdismec.errors import ConfigError


@given(count=st.integers(0, 200), tasks=st.integers(1, 70))
@settings(deadline=None)
def test_the_tasks_do_every_piece_once(count, tasks):
    parts = [Part.parse(f"{number}/{tasks}") for number in range(1, tasks + 1)]
    scattered = [list(part.scattered(count)) for part in parts]
    consecutive = [list(part.consecutive(count)) for part in parts]
    assert sorted(chain(*scattered)) == list(chain(*consecutive)) == list(range(count))
    for shares in (scattered, consecutive):
        assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_ranges_are_counted_as_the_files_are():
    assert list(Part.parse("0-7").scattered(64)) == list(range(8))
    assert list(Part.parse("63").scattered(64)) == [63]


@pytest.mark.parametrize("text", ["0/8", "9/8", "3/0", "7-3", "3/", "-1", "", "a/b", "1/2/3", "1.5", "3 / 8"])
def test_what_is_no_part_is_refused(text):
    with pytest.raises(ConfigError, match="expected a task such as 3/64"):
        Part.parse(text)


def test_a_range_beyond_the_pieces_is_refused():
    with pytest.raises(ConfigError, match="60-64: beyond the last shard; there are shards 0-63"):
        Part.parse("60-64").scattered(64)
    with pytest.raises(ConfigError, match="0-7; expected a task such as"):
        Part.parse("0-7").consecutive(64)
