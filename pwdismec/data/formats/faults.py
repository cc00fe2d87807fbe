"""What the parsing kernels found wrong in a row, in words."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Where no header limits the ids: they and their number fit 32 bits.
MOST_COLUMNS = MOST_ROWS = 2**31 - 1

_LONGEST_FIELD = 40
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class RowFault(enum.IntEnum):
    """The kernels' codes (native/formats/parse_rows.hpp)."""

    LABEL = 1
    LABEL_RANGE = 2
    LABEL_TWICE = 3
    FEATURE = 4
    FEATURE_RANGE = 5
    FEATURE_TWICE = 6
    VALUE = 7
    VALUE_SIGN = 8


@dataclass(frozen=True)
class RowIds:
    """The ids that a file's rows may hold.

    Attributes
    ----------
    first_id, first_label
        0, or 1 where they start at one: of what stands before a colon, and of labels in a list.
    n_columns, n_labels
        How many there are of each.
    column
        What stands before a colon: "feature", or "label" in a file of label rows.
    """

    first_id: int
    n_columns: int
    n_labels: int = 0
    first_label: int = 0
    column: str = "feature"


def describe(fault: tuple[int, int, int], text: NDArray[np.uint8], ids: RowIds) -> str:
    """One line about a kernel's fault (code, byte offset in `text`, id): the field and what was expected."""
    code, offset, named_id = fault
    in_labels = code in (RowFault.LABEL, RowFault.LABEL_RANGE)
    field = _field_at(text, offset, rb"[\s,]" if in_labels else rb"\s")
    if code == RowFault.LABEL_TWICE:
        return f"label {named_id} occurs twice in one row"
    if code == RowFault.FEATURE_TWICE:
        return f"{ids.column} {named_id} occurs twice in one row"
    if code == RowFault.VALUE_SIGN:
        return f"{ids.column} {named_id}; expected a value above zero"
    if unreadable := not_text(field):
        return unreadable
    return f"{shown(field)}; expected {_expected(RowFault(code), ids, field)}"


def not_text(content: bytes) -> str | None:
    """What in a field or line shows that the file holds no text; None if nothing does."""
    found = _NOT_TEXT.search(content)
    return f"byte 0x{found[0][0]:02x}: not a text file" if found else None


def _expected(code: RowFault, ids: RowIds, field: bytes) -> str:
    if code == RowFault.LABEL:
        return f"a label id (or {ids.column}:value first in the row)"
    if code == RowFault.LABEL_RANGE:
        return _id_range("label", ids.first_label, ids.n_labels, field)
    if code == RowFault.FEATURE:
        return f"{ids.column}:value"
    if code == RowFault.FEATURE_RANGE:
        return _id_range(ids.column, ids.first_id, ids.n_columns, field.split(b":")[0])
    return f"{ids.column}:value with a finite number, at most 3.4e38, as value"


def _id_range(noun: str, first_id: int, count: int, found: bytes) -> str:
    if count == 0:
        return f"no {noun} id, as there are 0 {noun}s"
    said = f"a {noun} id from {first_id} to {first_id + count - 1}"
    if first_id == 0 and found == b"%d" % count:
        options = "--one-based" + " or --one-based-features" * (noun == "feature")
        said += f" (if {noun} ids start at one: {options})"
    return said


def _field_at(text: NDArray[np.uint8], offset: int, ends: bytes) -> bytes:
    return re.split(ends, text[offset : offset + _LONGEST_FIELD + 1].tobytes(), maxsplit=1)[0]


def shown(field: bytes) -> str:
    """A field, or the start of a line, as a message has it."""
    start = field[:_LONGEST_FIELD].decode("utf-8", "backslashreplace")
    return repr(start + "…" if len(field) > _LONGEST_FIELD else start)
