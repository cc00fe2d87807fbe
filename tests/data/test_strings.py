"""Strings in arrays, against a plain list."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pwdismec.data import strings
from pwdismec.data.strings import Strings
from pwdismec.errors import ArrayError

# What UTF-8 can write: all but halves of surrogate pairs.
ANY = st.lists(st.text(st.characters(codec="utf-8"), max_size=20), max_size=12)


@settings(deadline=None)
@given(ANY, st.integers(1, 50), st.data())
def test_they_are_the_list_that_they_were_made_of(given, chunk, data):
    made = Strings.of(given)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strings, "_CHUNK", chunk)
        made.check("strings")
        assert list(made) == given
    assert (len(made), [made[i] for i in range(len(made))]) == (len(given), given)
    start, stop = sorted(data.draw(st.tuples(*[st.integers(0, len(given))] * 2)))
    view = made.rows(start, stop)
    assert list(view) == given[start:stop] and view == Strings.of(given[start:stop])
    assert list(view.stored()) == given[start:stop] and view.nbytes == Strings.of(given[start:stop]).nbytes
    ids = np.array(data.draw(st.lists(st.integers(0, len(given) - 1))) if given else [], np.int64)
    assert list(made.take(ids)) == [given[i] for i in ids]
    assert list(made[::-1]) == given[::-1]


def test_equality_is_of_content_and_order():
    assert Strings.of(["a", "bc"]) == Strings.of(["a", "bc"]) != Strings.of(["ab", "c"])
    assert Strings.of(["a", "b"]) != Strings.of(["b", "a"]) != ["b", "a"]


@pytest.mark.parametrize(
    "given, message",
    [
        ("abc", "ids: of type str; expected a list of strings"),
        (3, "ids: of type int; expected a list of strings"),
        (["a", 3], "ids: string 1 is of type int; expected a string"),
        (["a", "\ud800"], "ids: string 1 holds half a surrogate pair"),
    ],
)
def test_what_is_no_list_of_strings_is_refused(given, message):
    with pytest.raises(ArrayError, match=message):
        Strings.of(given, "ids")


def test_a_place_outside_is_an_index_error():
    with pytest.raises(IndexError):
        Strings.of(["a"])[1]
    assert Strings.of(["a", "b"])[-1] == "b"
