"""Single texts as a model's vectoriser takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pwdismec.errors import DataError
from pwdismec.quoting import shown


def record_of(
    text: str | Mapping[str, Any], fields: Sequence[str], source: str | Path = "text", line: int | None = None
) -> dict[str, str]:
    """A text as a record of all the fields that a model reads; those it lacks or has as null are empty.

    Parameters
    ----------
    text
        The text of the first field, or a record with some of the fields; others in it are not looked at.
    fields
        The names of the model's fields.
    source, line
        Where the text comes from, for messages.

    Raises
    ------
    DataError
        If the record has none of the fields, one is no string, or all are empty.
    """
    record = {fields[0]: text} if isinstance(text, str) else text
    known = {field: record[field] for field in fields if record.get(field) is not None}
    if not known:
        raise DataError(source, f"none of the model's fields, which are {', '.join(fields)}", line)
    for field, value in known.items():
        if not isinstance(value, str):
            raise DataError(source, f"{field}: {shown(value)}; expected a string", line)
    if not any(value.strip() for value in known.values()):
        raise DataError(source, "empty text", line)
    return {field: known.get(field, "") for field in fields}


def has_text(text: str | Mapping[str, Any], fields: Sequence[str]) -> bool:
    """Whether there is anything in a text, or in a record's fields that a model reads, as for `record_of`."""
    values = [text] if isinstance(text, str) else [text.get(field) for field in fields]
    return any(value.strip() if isinstance(value, str) else value is not None for value in values)
