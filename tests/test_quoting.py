"""What strangers wrote is shown so that every character can be seen, on one line, and cut."""

import ast
import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwdismec.errors import DataError, PwdismecError
from pwdismec.quoting import LIMIT, LINE_LIMIT, json_line, one_line, shown, shown_name, visible

# Format characters that are written: the two joiners, and signs that have a shape of their own.
WRITTEN = {0x200C, 0x200D, *range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}

HOSTILE = (
    "\x1b[2J\x1b]0;title\x07",
    "a\x9b31m",
    "\x7f",
    "a\r\nb",
    "\u202eabc\u202c",
    "\u2066x\u2069",
    "\u200b\u200e",
    "a\u2028b\u2029c\x85",
    "\udcff",
    "\x00",
    "\ufeff",
    "\U000e0041",
    "\u3164",
)

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300) | st.sampled_from(HOSTILE)


def unseen(character: str) -> bool:
    """By Unicode's categories, which the module does not look at."""
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    hieroglyphs = 0x13430 <= ord(character) < 0x13440  # how they are arranged
    return hidden and ord(character) not in WRITTEN and not hieroglyphs


def test_every_character_that_cannot_be_seen_is_escaped():
    for number in range(0x110000):
        character = chr(number)
        if unseen(character):
            assert visible(character).isascii() and visible(character).startswith("\\"), hex(number)


@pytest.mark.parametrize(
    "text", ["Größe", "日本語\u3000", "می\u200cخواهم", "👩\u200d🔬", "क्\u200dष", "a\xa0b", "✊\ufe0f"]
)
def test_what_people_write_stays_as_it_is(text):
    assert visible(text) == shown_name(text) == text


@given(ANY_TEXT)
def test_escapes_are_pythons_and_the_rest_is_kept(text):
    text = text.replace("\\", "/")
    written = re.sub(r"\\(x..|u.{4}|U.{8}|[tnr])", lambda at: ast.literal_eval(f'"{at[0]}"'), visible(text))
    assert written == text
    assert not any(map(unseen, visible(text)))


def test_line_breaks_of_our_own_are_kept_where_they_are_wanted():
    assert visible("a\n\x1bb\t", keep="\n") == "a\n\\x1bb\\t"


@given(ANY_TEXT, st.integers(0, 10_000))
def test_names_values_and_messages_are_one_line_of_limited_length(text, repeated):
    for form, limit in ((shown_name, LIMIT), (shown, LIMIT), (one_line, LINE_LIMIT)):
        line = form(text * repeated)
        assert not any(map(unseen, line)) and len(line.splitlines()) <= 1
        assert len(line) <= 2 * limit


def nested(depth: int) -> list:
    value: list = []
    for _ in range(depth):
        value = [value]
    return value


LARGE = {
    "digits": 10**5000,
    "digits within": {"a": [-(10**5000)]},
    "depth": nested(100_000),
    "length": list(range(10**5)),
    "text": {"k" * 10**6: "v" * 10**6},
    "bytes": bytes(10**6),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_large_value_is_shown_cut(name):
    assert 0 < len(shown(LARGE[name])) <= 2 * LIMIT


@pytest.mark.parametrize(
    "value", ["", "a", "it's", 'say "x"', 1.5, -3, None, True, ["a", 1], {"a": [1]}, b"x"]
)
def test_a_small_value_is_shown_as_python_writes_it(value):
    assert shown(value) == repr(value)


@given(
    st.recursive(ANY_TEXT | st.integers() | st.none(), lambda v: st.lists(v) | st.dictionaries(ANY_TEXT, v))
)
def test_json_holds_the_same_value_in_characters_that_can_be_seen(value):
    line = json_line(value)
    assert json.loads(line) == json.loads(json.dumps(value))
    assert not any(map(unseen, line)) and "\n" not in line


@pytest.mark.parametrize("text", HOSTILE)
def test_an_error_of_the_library_is_one_visible_line(text):
    for error in (PwdismecError(f"a {text} b"), DataError(f"x{text}", f"{text!s} is wrong", 3)):
        assert not any(map(unseen, str(error)))
    assert len(str(PwdismecError("x" * 10**6))) <= LINE_LIMIT


def test_an_error_names_a_file_whose_name_has_a_line_break():
    assert str(DataError("a\nb", "is empty", 7)) == r"a\nb:7: is empty"


@pytest.mark.parametrize("show", [shown, shown_name])
def test_what_becomes_longer_by_being_shown_is_cut_at_twice_the_limit(show):
    """U+3164 is shown as six characters."""
    assert len(show("\u3164" * 500, 40)) == 80
