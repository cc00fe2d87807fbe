"""What a record must be: its texts, its labels, its place in a split; and the words for what is wrong."""

from __future__ import annotations

import json
import re
import sys
from ast import literal_eval
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from pwdismec.quoting import shown, shown_names
from pwdismec.text.ngrams import too_many
from pwdismec.text.settings import ID, TextSettings

Record = Mapping[str, Any]

LIST = "list"
"""The separator of labels in a cell that says: the cell is a list as Python or JSON writes it."""

# A list (or tuple, or set) of strings, or of numbers, or an empty one; perhaps in quotes, which TSV keeps.
_LOOKS_LIKE_A_LIST = re.compile(
    r"""\s*"?(?:\[[\d\s,]*\]|[\[({]\s*['"].*['"]\s*,?\s*[\])}])"?\s*""", re.DOTALL
)

_URI = re.compile(r"<[A-Za-z][A-Za-z0-9+.-]*:[^<>\s]+>")

# Some, each in <>, with something between or behind them that divides no labels.
_SEVERAL = re.compile(r"<[^<>\s]+>(?:[\s,;|/]+<[^<>\s]+>)+[,;|/]*|<[^<>\s]+>[,;|/]+")

# An item of a list as Python writes it, with the comma behind it.
_ESCAPES = r"""(?:\\["'\\abfnrtvxuU0-7]"""
_ITEM = re.compile(
    rf"""\s*('[^'\\]*{_ESCAPES}[^'\\]*)*'|"[^"\\]*{_ESCAPES}[^"\\]*)*"|[0-9]+)\s*(?:,\s*|\Z)""", re.ASCII
)


_LARGEST_ID = 2**31 - 2

_ONE_LINE = "one line without NUL"

_HALF_A_PAIR = re.compile("[\ud800-\udfff]")
_ID = (
    "a string or a whole number, as every record has an id if the first has one "
    "(--id-field of convert names another field, or '' for none)"
)


class Misfit(ValueError):
    """A record that is not as it should be: the field, its value and what was expected."""


def parsed(text: str) -> Any:
    """A value of JSON; Misfit, which says what the text is instead, if there is none that can be read."""
    try:
        return _JSON.decode(text)
    except Misfit:
        raise
    except json.JSONDecodeError as error:
        raise Misfit(f"not JSON: {error}") from error
    except RecursionError as error:
        raise Misfit("JSON nested too deeply") from error
    except ValueError as error:  # of all that a decoder may say, the one thing left
        raise Misfit(f"JSON with an integer of more than {sys.get_int_max_str_digits():,} digits") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, whose names must differ; Python's reader would take the last of two."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise Misfit(f"not JSON: {shown(twice)} is there twice")
    return found


_JSON = json.JSONDecoder(object_pairs_hook=_object)


def text_in(record: Record, name: str, limited: TextSettings | None) -> str:
    """The text of a field; Misfit if there is none, or it has too many n-grams of `limited`, if given."""
    value = _field(record, name, "a string")
    if not isinstance(value, str):
        raise Misfit(f"field {name!r}: {shown(value)}; expected a string")
    if limited is not None and (wrong := too_many(value, limited)):
        raise Misfit(f"field {name!r}: {wrong}")
    return value


def labels_of_cell(cell: str, separator: str) -> list[Any]:
    """The labels in a cell of a table; Misfit if it is a list where none is expected, or the reverse."""
    if separator == LIST:
        return _listed(cell)
    if _LOOKS_LIKE_A_LIST.fullmatch(cell):
        raise Misfit(
            f"{shown(cell)} looks like a written list; "
            f"expected labels divided by {separator!r} (--label-separator list reads lists)"
        )
    labels = [label for part in cell.split(separator) if (label := part.strip())]
    for label in labels:
        if _SEVERAL.fullmatch(label):
            expected = f"expected URIs divided by {separator!r}"
            raise Misfit(f"{shown(label)}; {expected} (--label-separator names another)")
    return list(map(without_brackets, labels))


def without_brackets(label: str) -> str:
    """A URI without the <> around it that Annif's corpora and RDF's texts have; any other label as it is."""
    return label[1:-1] if label[0] == "<" and _URI.fullmatch(label) else label


def _listed(cell: str) -> list[Any]:
    """The items of a list as JSON or Python writes it; none of an empty cell."""
    text = cell.strip()
    if not text:
        return []
    with suppress(Misfit):
        if isinstance(items := parsed(text), list):
            return items
    items = _pythons_list(text)
    if items is None:
        raise Misfit(f"{shown(cell)}; expected a list such as ['a', 'b'] or [\"a\", \"b\"]")
    return items


def _pythons_list(text: str) -> list[Any] | None:
    """The items of a list, tuple or set as Python writes it; None if it is none.

    Only single items are evaluated, so that nesting takes no stack; NumPy's ['a' 'b'] would be one item.
    """
    if text[0] + text[-1] not in ("[]", "()", "{}"):
        return None
    items, at, end = list[Any](), 1, len(text) - 1
    while at < end:
        item = _ITEM.match(text, at, end)
        if item is None:
            return None
        try:
            items.append(literal_eval(item[1]))
        except (SyntaxError, ValueError):
            return None
        at = item.end()
    return items


def labels_in(
    record: Record, name: str, names: dict[tuple[str, str], None], numbers: bool = False
) -> list[str]:
    """The labels in a field of a record; Misfit if they are no list of different ones.

    A label may be a whole number, or an object: its "uri" (a string or a whole number) if there is one, or
    else its "label". Where it has both, they are put into `names`. With `numbers`, all must be whole numbers
    that can be ids.
    """
    value = _field(record, name, "a list of labels")
    if not isinstance(value, list):
        raise Misfit(f"field {name!r}: {shown(value)}; expected a list of strings")
    labels = [label if isinstance(label, str) else _label_of(label, name, names) for label in value]
    for label in labels:
        if not is_label(label):
            raise Misfit(f"field {name!r}: label {shown(label)}; expected {_ONE_LINE}")
        if numbers and not is_number(label):
            said = f"field {name!r}: label {shown(label)}"
            raise Misfit(f"{said}; expected a whole number from 0 to {_LARGEST_ID}")
    if len(set(labels)) < len(labels):
        twice = next(label for label, count in Counter(labels).items() if count > 1)
        raise Misfit(f"field {name!r}: label {shown(twice)} twice; expected each once")
    return labels


def _label_of(label: Any, field: str, names: dict[tuple[str, str], None]) -> str:
    if isinstance(label, int) and not isinstance(label, bool):
        return str(label)
    if isinstance(label, dict):
        uri, name = label.get("uri"), label.get("label")
        if isinstance(uri, int) and not isinstance(uri, bool):
            uri = str(uri)
        if isinstance(uri, str) and isinstance(name, str) and name:
            if not is_label(name):
                raise Misfit(f"field {field!r}: label {shown(name)}; expected {_ONE_LINE}")
            names[uri, name] = None
        for found in (uri, name):
            if isinstance(found, str):
                return found
    raise Misfit(
        f"field {field!r}: label {shown(label)}; expected a string, a whole number, or an object with "
        "a uri or label"
    )


def id_in(record: Record, name: str) -> str:
    """What a record is called: any string, or a whole number; Misfit if there is none."""
    if name not in record:
        raise Misfit(f"field {name!r}: missing; expected {_ID}")
    value = record[name]
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise Misfit(f"field {name!r}: {shown(value)}; expected {_ID}")
    if not value.isascii() and _HALF_A_PAIR.search(value):
        raise Misfit(f"field {name!r}: {shown(value)}; expected no half of a surrogate pair")
    return value


def misfit_in(record: Record, misfit: Misfit, settings: TextSettings) -> str:
    """What is wrong in a record, and what the record is called if that is known."""
    try:
        called = id_in(record, ID if settings.id_field is None else settings.id_field)
    except Misfit:
        return str(misfit)
    return f"record {shown(called)}: {misfit}"


def is_label(text: str) -> bool:
    """Whether a label can be written in a line of a file."""
    if text.isprintable():  # the quick way for nearly all
        return bool(text)
    return not any(char in "\n\r\0" or "\ud800" <= char <= "\udfff" for char in text)


def is_number(label: str) -> bool:
    """Whether a label is an id as a file has it, without leading zeros."""
    if not (label.isascii() and label.isdigit() and len(label) <= len(str(_LARGEST_ID))):
        return False
    return int(label) <= _LARGEST_ID and (label[0] != "0" or label == "0")


def is_from(record: Record, name: str, first: str) -> bool:
    """Whether a field's value is `first` or greater, as numbers, or as strings such as dates.

    Parquet has dates and times; they compare as they are written, 2020-06-30 or 2020-06-30T12:00:00.
    """
    value = _field(record, name, "a number or a string")
    if isinstance(value, date):  # a datetime is one, too
        value = value.isoformat()
    if isinstance(value, str):
        return value >= first
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        raise Misfit(f"field {name!r}: {shown(value)}; expected a number or a string")
    try:
        return value >= float(first)
    except ValueError:
        raise Misfit(
            f"field {name!r}: {shown(value)}; expected a string, to compare with {first!r}"
        ) from None


def _field(record: Record, name: str, expected: str) -> Any:
    if name not in record:
        beside = f" beside {shown_names(record.keys())}" if record else ""
        raise Misfit(f"field {name!r}: missing; expected {expected}{beside}")
    return record[name]
