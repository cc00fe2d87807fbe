"""Cells of tables that hold labels: cut at a separator, or lists as Python and JSON write them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwdismec.text.records import LIST, Misfit, labels_in, labels_of_cell

LABELS = st.lists(st.text(st.characters(exclude_categories=["Cs"])))
LISTS = [
    '"[""a""]"',
    "['a', 'b']",
    '["a"]',
    "[]",
    "[ ]",
    "('a',)",
    "{'b', \"it's\"}",
    " ['a; b', 'c'] ",
    "[1, 22]",
    "['a' 'b']",
]


@given(LABELS, st.integers(0, 10**6))
def test_written_lists_are_read_as_python_and_json_wrote_them(labels, number):
    for items in (labels, [*labels, number]):
        assert labels_of_cell(json.dumps(items), LIST) == items
        assert labels_of_cell(json.dumps(items, ensure_ascii=False), LIST) == items
        assert labels_of_cell(repr(items), LIST) == items
        assert labels_of_cell(repr(tuple(items)), LIST) == items


def test_an_empty_cell_is_an_empty_list():
    assert labels_of_cell(" ", LIST) == labels_of_cell("", ";") == labels_of_cell(" ", ";") == []


@pytest.mark.parametrize("cell", LISTS)
@pytest.mark.parametrize("separator", [";", ", "])
def test_a_written_list_is_not_taken_for_labels(cell, separator):
    with pytest.raises(Misfit, match=r"looks like a written list; expected labels divided by .*--label-sep"):
        labels_of_cell(cell, separator)


@pytest.mark.parametrize("cell", ["[sic]", "a ['b']", "['a'] b", "(2)", "f(x)", "{a}", "[", "]", "[']"])
def test_a_label_with_brackets_is_a_label(cell):
    assert labels_of_cell(cell, ";") == [cell]


@pytest.mark.parametrize(
    "cell",
    ["a", "a;b", "['a' 'b']", "['a'", "[a]", "[[1]", "['a',,]", "[,]", "[01]", '{"a": 1}', r"['\x1']", "1"],
)
def test_what_is_no_list_is_refused(cell):
    with pytest.raises(Misfit, match="expected a list such as"):
        labels_of_cell(cell, LIST)


@pytest.mark.parametrize("separator, cell", [(";", "a;b;"), (";", " a ; ;b"), (" ", "a  b "), ("|", "|a|b")])
def test_nothing_between_separators_is_no_label(separator, cell):
    assert labels_of_cell(cell, separator) == ["a", "b"]


def test_a_uri_may_be_a_whole_number():
    names = {}
    subjects = [{"uri": 1, "label": "One"}, {"uri": "2", "label": "Two"}, {"uri": 0}, {"label": "Three"}]
    assert labels_in({"s": subjects}, "s", names) == ["1", "2", "0", "Three"]
    assert list(names) == [("1", "One"), ("2", "Two")]
